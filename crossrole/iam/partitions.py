"""AWS's regions and partitions, as botocore knows them."""

import json
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any


@cache
def _partitions() -> list[dict[str, Any]]:
    # The file alone: importing botocore takes longer than a whole command that does not call AWS.
    package = find_spec("botocore")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("botocore")
    data = json.loads((Path(package.origin).parent / "data" / "partitions.json").read_bytes())
    return list(data["partitions"])


@cache
def regions() -> frozenset[str]:
    """Return the codes of all regions."""
    named = {region for partition in _partitions() for region in partition["regions"]}
    return frozenset(region for region in named if not region.endswith("-global"))


_DIRECTIONS = "north|south|east|west|central|northeast|northwest|southeast|southwest"


def is_region(text: str) -> bool:
    """Return whether a text is a region's code, also of one that botocore does not know yet."""
    return text in regions() or re.fullmatch(rf"[a-z]{{2,4}}(-[a-z]+)?-({_DIRECTIONS})-[0-9]", text) is not None


@cache
def partition_ids() -> frozenset[str]:
    """Return the ids of all partitions, such as `aws` and `aws-cn`."""
    return frozenset(str(partition["id"]) for partition in _partitions())


@cache
def dns_suffixes() -> frozenset[str]:
    """Return the ends of the names of AWS's endpoints in all partitions, such as `amazonaws.com`."""
    return frozenset(str(partition["outputs"]["dnsSuffix"]) for partition in _partitions())


def partition_of_region(region: str) -> str:
    """Return the ARN partition of a region, such as `aws` or `aws-cn`.

    A region that botocore does not know yet is recognised by its form.
    """
    return str(_partition(region)["id"])


def dns_suffix(region: str) -> str:
    """Return the end of the names of AWS's endpoints in a region, such as `amazonaws.com`."""
    return str(_partition(region)["outputs"]["dnsSuffix"])


@cache
def _partition(region: str) -> dict[str, Any]:
    named = [each for each in _partitions() if region in each["regions"]]
    formed = [each for each in _partitions() if re.fullmatch(each["regionRegex"], region)]
    return (named or formed or _partitions())[0]
