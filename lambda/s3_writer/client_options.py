"""How both clients call AWS: how long, how often, how many at once, and which certificates they trust."""

from pathlib import Path

import botocore
from botocore.config import Config
from botocore.exceptions import UnknownRegionError
from botocore.session import Session

# Puts at once in a batch. One put takes about 1 ms of a processor and 20 ms of waiting: more connections than this
# wait for the processor instead, and each costs a handshake. docs/performance.md has the figures.
MAX_CONCURRENCY = 32

# boto3's own limits (60 s to connect, 60 s to read) outlast most function timeouts, and a function that
# Lambda cuts off raises nothing typed. These end a call within 25 s (three attempts of 2 + 5 s and the pauses
# between); later only where a name has several addresses and all of them stay silent.
CLIENT_CONFIG = Config(
    connect_timeout=2,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=MAX_CONCURRENCY,
    # A fixed text: botocore's own is put together anew for each request, at a tenth of its cost.
    user_agent=f"crossrole-writer Botocore/{botocore.__version__}",
)

# Amazon Trust Services' five roots, all that it says a trust store of one's own must have for AWS's endpoints.
# https://www.amazontrust.com/repository/
# For each new connection OpenSSL reads the whole file again: botocore's, of all the world's, takes it 20 times as long.
_AMAZON_ROOTS = str(Path(__file__).with_name("amazon_roots.pem"))


def certificates(session: Session, region: str) -> str | None:
    """Return the file of authorities to trust in `region`, or None for those of `session`'s own configuration.

    Only the commercial partition's endpoints are known to have certificates by Amazon's own authority.
    """
    if session.get_config_variable("ca_bundle"):
        return None
    try:
        partition = session.get_partition_for_region(region)
    except UnknownRegionError:
        return None
    return _AMAZON_ROOTS if partition == "aws" else None
