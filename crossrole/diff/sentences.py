"""A change of access between two states of the templates, as a sentence."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from crossrole.iam.arn import account_of, resource_of

PRINCIPAL_ADDED = "a principal was added"
CONDITION_LOOSENED = "a condition was loosened"
EXPIRY_MOVED = "the expiry was moved"
HIDDEN = "hidden by OR"
UNPROVED = "not proved"

MARKS = re.compile(r"^(?P<heading>access (?:gained|lost):)$", re.MULTILINE)
"""How the text is coloured."""


@dataclass(frozen=True)
class Change:
    """Access that was gained or lost; `notes` say what to check, such as a condition that was removed."""

    gained: bool
    text: str
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the change for `--json`."""
        return {"change": "gained" if self.gained else "lost", "text": self.text, "notes": list(self.notes)}


def changes_text(changes: Sequence[Change]) -> str:
    """Return the changes as text, gained access first."""
    if not changes:
        return "no change of access"
    parts = []
    for gained, title, sign in ((True, "gained", "+"), (False, "lost", "-")):
        of_kind = [each for each in changes if each.gained is gained]
        lines = [line for each in of_kind for line in (f"  {sign} {each.text}", *(f"      {n}" for n in each.notes))]
        parts += [f"access {title}:", *lines, ""] if lines else []
    return "\n".join(parts[:-1])


def who(arn: str) -> str:
    """Return the words for a principal: `role NAME in ACCOUNT`."""
    if not arn.startswith("arn:"):
        return arn
    kind, _, name = resource_of(arn).partition("/")
    return f"{kind} {name} in {account_of(arn)}"


def what(resource: str) -> str:
    """Return the words for a resource: an ARN, or of S3 only the part with the bucket and the key."""
    service = resource.split(":")[2:3]
    return resource_of(resource) if service == ["s3"] else resource
