"""The callers that a policy's principals stand for, each with one ARN to ask about."""

import re
from dataclasses import dataclass

from crossrole.iam.arn import account_of, role_arn
from crossrole.templates.inventory import Identity

EVERYONE = "everyone in AWS"
SOMEWHERE = "000000000000"


@dataclass(frozen=True)
class Candidate:
    """Someone to ask about: `arn` stands for all that `label` names."""

    label: str
    arn: str
    via: Identity | None


def representative(name: str, via: Identity | None, partition: str) -> Candidate:
    """Return a caller that a policy's principal stands for, in the policy's partition."""
    if name == "*":
        return Candidate(EVERYONE, role_arn(partition, SOMEWHERE, "anyone"), via)
    if name.isdigit() or name.endswith(":root"):
        return everyone_in(name if name.isdigit() else account_of(name), via, partition)
    return Candidate(name, re.sub(r"[?*]", "x", name), via)


def everyone_in(account: str, via: Identity | None, partition: str) -> Candidate:
    """Return someone who stands for all roles and users of an account."""
    return Candidate(f"everyone in {account}", role_arn(partition, account, "anyone"), via)
