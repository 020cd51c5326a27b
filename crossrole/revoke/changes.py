"""What `revoke` and `restore` do alike: write policies of the role, one after the other, and read the role back."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from crossrole.environment import Environment
from crossrole.errors import CommandError
from crossrole.iam.session_denials import Document
from crossrole.live.sessions import as_command_error, code_of, message_of
from crossrole.revoke.deployed_role import DeployedRole, Iam, pauses
from crossrole.revoke.live_check import Check
from crossrole.templates.grant import Grant

READ_BACK_WITHIN = 30.0
"""Seconds that IAM is given to answer with what was written to it."""


@dataclass(frozen=True)
class Change:
    """A policy of the role that is to become another."""

    name: str
    """The inline policy's name, or `TRUST`."""
    changed: Callable[[Any], Document | None]
    """Returns what a document is to become; the document itself where nothing is to do."""
    is_made: Callable[[Any], bool]
    """Returns whether a document holds the change."""
    doing: str
    """What is printed before it is written."""
    if_full: str
    """What to do where a quota of IAM is in the way."""
    if_not_made: str
    """What follows from it where it was not made."""


@dataclass(frozen=True)
class Outcome:
    """What became of a change."""

    change: Change
    document: Document | None
    """What was written, or was tried to."""
    made: bool | None = True
    """None where it is not known: no answer came, and IAM could not be asked either."""
    error: str = ""


@dataclass(frozen=True)
class Plan:
    """What was found, and what is to be written."""

    grant: Grant
    found: DeployedRole
    changes: tuple[Change, ...]
    """In the order in which they are made."""

    @property
    def role(self) -> DeployedRole:
        """The role as it is to be."""
        role = self.found
        for each in self.changes:
            role = role.with_document(each.name, each.changed(role.document(each.name)))
        return role


@dataclass(frozen=True)
class Done:
    """What became of a plan: what was written, and what was verified."""

    plan: Plan
    outcomes: tuple[Outcome, ...] = ()
    checks: tuple[Check, ...] = ()

    @property
    def changes(self) -> list[str]:
        """The policies that have to be changed, by name, in the order in which they are."""
        return [each.name for each in self.plan.changes]

    @property
    def written(self) -> list[str]:
        """The policies that were changed."""
        return written(self.outcomes)

    @property
    def wrong(self) -> list[str]:
        """What was not done or is not known, and what stands in IAM then."""
        return [f"{each.error}{each.change.if_not_made}" for each in self.outcomes if not each.made]

    @property
    def is_verified(self) -> bool:
        """Whether all was done, and nothing that was asked for came out otherwise."""
        return not self.wrong and all(check.holds is not False for check in self.checks)

    def document(self, name: str) -> Document | None:
        """Return a policy as it was written, else as it is to be."""
        tried = {each.change.name: each.document for each in self.outcomes}
        return tried[name] if name in tried else self.plan.role.document(name)


def needed(found: DeployedRole, changes: Iterable[Change]) -> tuple[Change, ...]:
    """Return the changes that are not in the role's policies yet."""
    documents = [(each, found.document(each.name)) for each in changes]
    return tuple(each for each, document in documents if each.changed(document) is not document)


def written(outcomes: Iterable[Outcome]) -> list[str]:
    """Return the names of the policies that were changed."""
    return [each.change.name for each in outcomes if each.made]


def write(plan: Plan, iam: Iam, environment: Environment, *, profile: str) -> Iterator[Outcome]:
    """Make the changes and yield what becomes of each, up to the first that is not made.

    Raises `CommandError` where the first one is known not to be made, so that nothing was changed.
    """
    for change in plan.changes:
        environment.hint(change.doing)
        outcome = _outcome(change, plan.role.document(change.name), iam, profile)
        if outcome.made is False and change is plan.changes[0]:
            raise CommandError(outcome.error)
        yield outcome
        if not outcome.made:
            return


def _outcome(change: Change, document: Document | None, iam: Iam, profile: str) -> Outcome:
    try:
        with as_command_error(profile):
            # Read anew: somebody may have changed it meanwhile, and IAM has no write that would fail then.
            document = change.changed(iam.document(change.name))
            _put(change, iam, document)
    except CommandError as error:
        # An answer that was lost is not a failure: the change is looked for.
        try:
            with as_command_error(profile):
                made = change.is_made(iam.document(change.name))
        except CommandError:
            return Outcome(change, document, None, f"{error}; whether IAM has made the change is not known")
        if not made:
            return Outcome(change, document, made, str(error))
    return Outcome(change, document)


def _put(change: Change, iam: Iam, document: Document | None) -> None:
    try:
        iam.put(change.name, document)
    except ClientError as error:
        if code_of(error) != "LimitExceeded":
            raise
        why = f"{error.operation_name} failed: LimitExceeded: {message_of(error)}; {change.if_full}"
        raise CommandError(why) from None


def read_back(
    iam: Iam, environment: Environment, is_as_asked: Callable[[DeployedRole], bool], *, profile: str, yes: str, no: str
) -> tuple[Check, DeployedRole | None]:
    """Read the role until it is as asked; return `yes` or `no` as a check, and the role where it is."""
    try:
        with as_command_error(profile):
            for _ in pauses(READ_BACK_WITHIN, environment):
                if is_as_asked(role := iam.role()):
                    return Check(yes, holds=True), role
    except CommandError as error:
        return Check(f"the role could not be read back: {error}", holds=False), None
    return Check(no, holds=False), None
