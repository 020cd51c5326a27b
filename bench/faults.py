"""What becomes of a thousand invocations while a tenth of all requests go wrong: `python bench/faults.py`.

Exit status 1 where an answer is not true: an object answered "written" that isn't there whole, or one doubled. An
answer after the function's end is counted only: on a machine with other work to do it tells of the machine.
"""

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.append(str(Path(__file__).resolve().parents[1]))

from bench.measuring import FUNCTION
from tests.fakes.aws import FakeAws
from tests.fakes.server import Server
from tests.fakes.storm import FAULTS, Outcome, weather

INVOCATIONS = 1000


def markdown(outcome: Outcome) -> str:
    """Write it as a section of a page."""
    requests = outcome.aws.attempts["AssumeRole"] + outcome.aws.attempts["PutObject"]
    counts = {"requests": requests, "of them gone wrong": outcome.aws.injected.total(), **outcome.answers}
    counts |= {"answered after the function's end": outcome.late, "answers that were not true": len(outcome.untrue)}
    lines = [f"| {what} | {many} |" for what, many in counts.items()]
    ways = len({str(fault) for faults in FAULTS.values() for fault in faults})
    note = (
        f"A tenth of all requests to STS and S3 go wrong, in {ways} ways, and one invocation in twenty has little "
        "time. What failed is delivered once more in calm, as Lambda would."
    )
    return "\n".join(["## Faults: a storm", "", note, "", "| what | how many |", "|---|---|", *lines, ""])


def measure(invocations: int = INVOCATIONS) -> Outcome:
    """Weather the storm in this process, with shorter waits for an answer and botocore's own pauses."""
    server = Server(FakeAws())
    with TemporaryDirectory() as folder, server.running():
        authority = Path(folder) / "authority.pem"
        authority.write_bytes(server.authority)
        os.environ.update({**FUNCTION, "AWS_ENDPOINT_URL": server.url, "AWS_CA_BUNDLE": str(authority)})
        sys.path.append(str(Path(__file__).resolve().parents[1] / "lambda"))
        from botocore.config import Config  # noqa: PLC0415 - once it can be found

        from s3_writer import client_options  # noqa: PLC0415

        client_options.CLIENT_CONFIG = client_options.CLIENT_CONFIG.merge(Config(read_timeout=0.3))
        from s3_writer.handler import handler  # noqa: PLC0415

        return weather(server, handler, invocations)


if __name__ == "__main__":
    measured = measure()
    sys.stdout.write("\n".join([markdown(measured), *measured.untrue, ""]))
    sys.exit(1 if measured.untrue else 0)
