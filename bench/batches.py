"""One process that puts many small objects: `python bench/batches.py HOW OBJECTS`; tells its seconds on stderr.

One object is put first, so that neither imports nor the first handshake are in the figure.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

BODY = "x" * 1000


def a_loop() -> Callable[[list[str]], int]:
    """Use one boto3 client, one put after the other, with the writer's checksum and owner."""
    put = _boto_put(pool=10)
    return lambda keys: sum(put(key) for key in keys)


def threads() -> Callable[[list[str]], int]:
    """Use one boto3 client, its pool matched to 32 threads."""
    put = _boto_put(pool=32)

    def run(keys: list[str]) -> int:
        with ThreadPoolExecutor(32) as pool:
            return sum(pool.map(put, keys))

    return run


def _boto_put(pool: int) -> Callable[[str], int]:
    import boto3  # noqa: PLC0415 - each way imports only what it needs
    from botocore.config import Config  # noqa: PLC0415

    s3 = boto3.client("s3", region_name=os.environ["BUCKET_REGION"], config=Config(max_pool_connections=pool))

    def put(key: str) -> int:
        s3.put_object(
            Bucket=os.environ["BUCKET"],
            Key=key,
            Body=BODY.encode(),
            ExpectedBucketOwner=os.environ["BUCKET_OWNER"],
            ChecksumAlgorithm="SHA256",
        )
        return 1

    return put


def writer() -> Callable[[list[str]], int]:
    """Use the writer's handler: validation, log and answer of each object included."""
    from s3_writer.handler import handler  # noqa: PLC0415

    class Context:
        aws_request_id = "request"

        def get_remaining_time_in_millis(self) -> int:
            return 60_000

    def run(keys: list[str]) -> int:
        answer = handler({"objects": [{"key": key, "body": BODY} for key in keys]}, Context())
        objects = answer["objects"]
        assert isinstance(objects, list)  # noqa: S101 - what a batch answers
        return len(objects)

    return run


def obstore() -> Callable[[list[str]], int]:
    """Use obstore, 128 puts in flight."""
    from obstore.store import S3Store  # noqa: PLC0415

    store = S3Store(
        os.environ["BUCKET"],
        region=os.environ["BUCKET_REGION"],
        endpoint=os.environ["AWS_ENDPOINT_URL"],
        checksum_algorithm="sha256",
        virtual_hosted_style_request=False,
        client_options={
            "default_headers": {"x-amz-expected-bucket-owner": os.environ["BUCKET_OWNER"]},
            "allow_invalid_certificates": True,  # it takes no bundle: the fake AWS's authority is nobody's
        },
    )

    async def put_all(keys: list[str]) -> int:
        free = asyncio.Semaphore(128)

        async def put(key: str) -> int:
            async with free:
                await store.put_async(key, BODY.encode())
            return 1

        return sum(await asyncio.gather(*map(put, keys)))

    return lambda keys: asyncio.run(put_all(keys))


def main() -> None:
    """Put."""
    ways = {"loop": a_loop, "threads": threads, "writer": writer, "obstore": obstore}
    run = ways[sys.argv[1]]()
    run(["dev/first"])
    keys = [f"dev/{number}" for number in range(int(sys.argv[2]))]
    clock, processor = time.perf_counter(), time.process_time()
    put = run(keys)
    taken = {"clock": time.perf_counter() - clock, "processor": time.process_time() - processor}
    if put != len(keys):
        sys.exit(f"put {put} of {len(keys)}")
    sys.stderr.write(json.dumps(taken))
    sys.stderr.flush()
    os._exit(0)  # obstore's own threads crash some interpreters at their end, when all is put and answered


if __name__ == "__main__":
    main()
