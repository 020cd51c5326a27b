"""What is taken for granted of what no template says; it is always told beside the answer."""

from dataclasses import dataclass

from crossrole.iam.arn import account_of, account_root_arn
from crossrole.iam.policy import VERSION, Policy, policy_of
from crossrole.templates.inventory import Inventory


@dataclass(frozen=True)
class Assumption:
    """What the templates can't know. `needed` tells what must allow it there from what must only not refuse it."""

    text: str
    needed: bool = False


ASSUMED = "assumed"
"""The template that policies are said to stand in which are in none."""


def allowing(action: str, resource: str) -> Policy:
    """Return the policy that someone is taken to have whose policies are in no template."""
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return policy_of(template=ASSUMED, logical_id="", name="", document={"Version": VERSION, "Statement": [statement]})


def delegating(inventory: Inventory, key: str) -> Policy:
    """Return the policy that a key is taken to have which is in no template: AWS's default."""
    root = account_root_arn(inventory.partition, account_of(key))
    statement = {"Effect": "Allow", "Principal": {"AWS": root}, "Action": "kms:*", "Resource": "*"}
    return policy_of(template=ASSUMED, logical_id="", name="", document={"Version": VERSION, "Statement": [statement]})


def given_key(key: str) -> Assumption:
    """Return what is taken for granted of such a key."""
    return Assumption(
        f"the key {key} is in no template: its policy lets {account_of(key)}'s policies decide", needed=True
    )
