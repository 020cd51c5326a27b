"""What of access.toml the rules between its entries are held against."""

from dataclasses import dataclass

from cross_account.environment import Environment
from cross_account.grant import Grant
from stacks.access import Bucket, Writer


@dataclass(frozen=True)
class Parts:
    """What of access.toml is right by itself.

    `grant_names` also has the names of grants that are not; `doubts` has the grants' keys whose values are wrong, so
    that nothing is said of what they leave open.
    """

    prod: Environment | None
    dev: Environment | None
    grants: list[Grant]
    doubts: set[tuple[str, str]]
    buckets: list[Bucket]
    writer: Writer | None
    grant_names: list[str]
    tags: dict[str, str]
