"""A change of access between two states of the templates, as a sentence."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from crossrole.iam.arn import resource_of

HIDDEN = "hidden by OR"
UNPROVED = "not proved"

MARKS = re.compile(r"^(?P<heading>access (?:gained|lost):|anyone on the internet can .*)$", re.MULTILINE)
"""How the text is coloured."""


@dataclass(frozen=True)
class Change:
    """Access that was gained or lost; `notes` say what to check, such as a condition that was removed."""

    gained: bool
    text: str
    notes: tuple[str, ...] = ()
    public: str | None = None
    """What everyone on the internet can do now, as a sentence of its own."""

    def as_json(self) -> dict[str, Any]:
        """Return the change for `--json`; `public` is there for what is public now."""
        public = {"public": self.public} if self.public else {}
        return {"change": "gained" if self.gained else "lost", "text": self.text, "notes": list(self.notes), **public}


def changes_text(changes: Sequence[Change]) -> str:
    """Return the changes as text: first what is public now, then what was gained, then what was lost."""
    if not changes:
        return "no change of access"
    public = list(dict.fromkeys(each.public for each in changes if each.public))
    parts = [*public, ""] if public else []
    for gained, title, sign in ((True, "gained", "+"), (False, "lost", "-")):
        of_kind = [each for each in changes if each.gained is gained]
        lines = [line for each in of_kind for line in (f"  {sign} {each.text}", *(f"      {n}" for n in each.notes))]
        parts += [f"access {title}:", *lines, ""] if lines else []
    return "\n".join(parts[:-1])


_SEGMENTS = 6


def who(name: str) -> str:
    """Return the words for a principal: `role NAME in ACCOUNT`, or its name where that is not the ARN of one."""
    parts = name.split(":", _SEGMENTS - 1)
    if len(parts) < _SEGMENTS or "/" not in parts[-1]:
        return name
    kind, _, rest = parts[-1].partition("/")
    if kind == "assumed-role":
        role, _, session = rest.partition("/")
        return f"the session {session} of role {role} in {parts[4]}"
    return f"{kind} {rest} in {parts[4]}"


def what(resource: str) -> str:
    """Return the words for a resource: an ARN, or of S3 only the part with the bucket and the key."""
    service = resource.split(":")[2:3]
    return resource_of(resource) if service == ["s3"] else resource


EVERYTHING = "everything"


def doing(actions: Iterable[str], resource: str) -> str:
    """Return the words for actions on a resource: `s3:GetObject on BUCKET/*`, `do everything but iam:* on …`."""
    names = list(dict.fromkeys(actions))
    do = "do " if any(each.startswith(EVERYTHING) for each in names) else ""
    return f"{do}{', '.join(names)} on {'every resource' if do and resource == '*' else resource}"


_VERBS = {
    "s3:getobject": "read",
    "s3:getobjectversion": "read",
    "s3:putobject": "write",
    "s3:deleteobject": "delete",
    "s3:deleteobjectversion": "delete",
    "s3:listbucket": "list",
    "s3:listbucketversions": "list",
    "s3:*": "read, write, delete and list",
}


def publicly(actions: Iterable[str], resource: str) -> str:
    """Return what everyone on the internet can do now, with a resource as `what` has it: `read s3://BUCKET/*`."""
    verbs = [_VERBS.get(each.lower(), f"do {each} on") for each in actions]
    place = resource if resource.startswith("arn:") else f"s3://{resource}"
    return f"anyone on the internet can now {' and '.join(dict.fromkeys(verbs))} {place}"
