"""What a rule is, and what it may look at."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from crossrole.lint.holders import Holders

Subject = TypeVar("Subject")

GUIDE = "https://docs.aws.amazon.com/IAM/latest/UserGuide"
"""Where most of AWS's pages about policies are."""
IF_AWS_CHANGED = "AWS takes it now, and this version of crossrole does not know it yet."
"""Why one may allow the findings of a rule about what AWS rejects, or about what never matches."""


@dataclass(frozen=True)
class Description:
    """What is looked for."""

    id: str
    url: str
    """AWS's page that says why."""
    meaning: str
    """What it finds, as one line."""
    allowed_where: str
    """When it is right to allow its findings, as one line."""


@dataclass(frozen=True)
class Rule(Description, Generic[Subject]):
    """One thing that is looked for, and how."""

    check: Callable[[Subject], Iterator[str]]
    """Yields a text for each finding, as one line: what is wrong, why it matters and how to fix it."""


@dataclass(frozen=True)
class InContext(Generic[Subject]):
    """What is looked at, beside the roles, users and groups of all templates."""

    subject: Subject
    holders: Holders
