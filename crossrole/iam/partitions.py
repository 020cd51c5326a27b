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
