"""What is assumed of what is outside the templates; it is always printed beside the answer."""

from dataclasses import dataclass

from crossrole.iam.arn import account_of, account_root_arn
from crossrole.iam.policy import VERSION, Policy, policy_of
from crossrole.templates.inventory import Inventory


@dataclass(frozen=True)
class Assumption:
    """What the templates can't know. `needed` tells what must allow it there from what must only not deny it."""

    text: str
    needed: bool = False


ASSUMED = "assumed"
"""The name of the template for policies that are outside the templates."""


def allowing(action: str, resource: str) -> Policy:
    """Return the policy that a principal is assumed to have whose policies are outside the templates."""
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return policy_of(template=ASSUMED, logical_id="", name="", document={"Version": VERSION, "Statement": [statement]})


def delegating(inventory: Inventory, key: str) -> Policy:
    """Return the policy that a key outside the templates is assumed to have: AWS's default."""
    root = account_root_arn(inventory.partition, account_of(key))
    statement = {"Effect": "Allow", "Principal": {"AWS": root}, "Action": "kms:*", "Resource": "*"}
    return policy_of(template=ASSUMED, logical_id="", name="", document={"Version": VERSION, "Statement": [statement]})


def given_key(key: str) -> Assumption:
    """Return what is assumed of such a key."""
    return Assumption(
        f"the key {key} is outside the templates: its policy lets {account_of(key)}'s policies decide", needed=True
    )
