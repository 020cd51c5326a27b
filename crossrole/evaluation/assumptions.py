"""What is assumed of what is outside the templates; it is always printed beside the answer."""

from dataclasses import dataclass

from crossrole.iam.arn import account_of, account_root_arn
from crossrole.iam.partitions import dns_suffix
from crossrole.iam.policy import VERSION, Policy, read_policy
from crossrole.templates.inventory import Inventory
from crossrole.unknown import has_unknowns


@dataclass(frozen=True)
class Assumption:
    """What the templates can't know. `needed` tells what must allow it there from what must only not deny it."""

    text: str
    needed: bool = False


ASSUMED = "assumed"
"""The name of the template for policies that are outside the templates."""


OF_AWS = "AWS"
"""The name of the template for policies of AWS's own keys."""


def allowing(action: str, resource: str) -> Policy:
    """Return the policy that a principal is assumed to have whose policies are outside the templates."""
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return read_policy(
        template=ASSUMED, logical_id="", name="", document={"Version": VERSION, "Statement": [statement]}
    )


def delegating(inventory: Inventory, key: str) -> Policy:
    """Return the policy that a key outside the templates is assumed to have: AWS's default."""
    root = account_root_arn(inventory.partition, account_of(key))
    statement = {"Effect": "Allow", "Principal": {"AWS": root}, "Action": "kms:*", "Resource": "*"}
    return read_policy(
        template=ASSUMED, logical_id="", name="", document={"Version": VERSION, "Statement": [statement]}
    )


def for_s3_in_its_account(key: str, region: str) -> Policy:
    """Return the policy of AWS's own key for S3, which any principal of the account may use through S3.

    https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-services.html
    """
    through_s3 = {
        "kms:CallerAccount": account_of(key),
        "kms:ViaService": f"s3.{region}.{dns_suffix(region)}",
    }
    actions = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
    statement = {
        "Sid": "AllowAccessThroughS3",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": actions,
        "Resource": "*",
        "Condition": {"StringEquals": through_s3},
    }
    document = {"Version": VERSION, "Statement": [statement]}
    return read_policy(
        template=OF_AWS, logical_id="alias/aws/s3", name="the policy of AWS's own key", document=document
    )


def letting_in(principal: str, action: str, resource: str) -> Policy:
    """Return the policy that a resource is assumed to have whose policy is outside the templates."""
    named = "*" if has_unknowns(principal) else principal
    statement = {"Effect": "Allow", "Principal": {"AWS": named}, "Action": action, "Resource": resource}
    return read_policy(
        template=ASSUMED, logical_id="", name="", document={"Version": VERSION, "Statement": [statement]}
    )


def given_key(key: str) -> Assumption:
    """Return what is assumed of such a key."""
    return Assumption(
        f"the key {key} is outside the templates: its policy lets {account_of(key)}'s policies decide", needed=True
    )
