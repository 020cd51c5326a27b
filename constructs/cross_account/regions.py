"""AWS's regions and partitions, as botocore knows them."""

import json
from functools import cache
from importlib.resources import files
from typing import Annotated

from pydantic import AfterValidator

from cross_account.fields import refusal
from cross_account.nearest import did_you_mean


@cache
def partitions() -> dict[str, tuple[str, str]]:
    """Return, for each region that botocore knows, its partition and that partition's DNS suffix."""
    # The file alone: botocore's loader takes longer to import than all that reads access.toml.
    data = json.loads((files("botocore") / "data" / "partitions.json").read_bytes())
    return {
        region: (partition["id"], partition["outputs"]["dnsSuffix"])
        for partition in data["partitions"]
        for region in partition["regions"]
        if not region.endswith("-global")
    }


def _known_region(value: str) -> str:
    if value not in partitions():
        near = did_you_mean(value, partitions())
        raise refusal(
            "the code of an AWS region, such as eu-west-1",
            near or "look the code up in AWS's list; a region newer than the pinned boto3 needs a newer boto3",
        )
    return value


Region = Annotated[str, AfterValidator(_known_region)]
