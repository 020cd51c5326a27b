"""The callers that a policy's principals stand for, each with one ARN to ask about."""

import re
from dataclasses import dataclass

from crossrole.iam.arn import account_of
from crossrole.templates.inventory import Identity

EVERYONE = "everyone in AWS"


SOMEWHERE = "000000000000"


@dataclass(frozen=True)
class Candidate:
    """Someone to ask about: `arn` stands for all that `label` names."""

    label: str
    arn: str
    via: Identity | None


def representative(name: str, via: Identity | None) -> Candidate:
    """Return someone whom a policy's principal stands for."""
    if name == "*":
        return Candidate(EVERYONE, f"arn:aws:iam::{SOMEWHERE}:role/anyone", via)
    account = name if name.isdigit() else account_of(name)
    if name.isdigit() or name.endswith(":root"):
        partition = "aws" if name.isdigit() else name.split(":")[1]
        return Candidate(f"everyone in {account}", f"arn:{partition}:iam::{account}:role/anyone", via)
    return Candidate(name, re.sub(r"[?*]", "x", name), via)
