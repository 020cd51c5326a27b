"""The denials in a role's policies: which sessions are denied everything, and who is denied a session."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

from crossrole.errors import CommandError
from crossrole.iam.names import REVOCATION_POLICY
from crossrole.iam.policy import Statement, principals_of, texts

EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9998, 12, 31, tzinfo=UTC)
"""The years that are valid; the length of a session can't be added to a later one."""
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_request.html
BEGIN = ("sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity")


Document = Mapping[str, Any]


@dataclass(frozen=True)
class Cut:
    """The sessions that a revocation affects."""

    moment: datetime
    """Sessions begun before it, in whole seconds as `aws:TokenIssueTime` has them."""
    session: str | None = None
    """The one session's `aws:userid`, ROLE-ID:SESSION-NAME; None for every session."""
    everything: bool = False
    """Whether sessions that are begun later can do nothing either."""


def statements_of(document: Document, name: str) -> list[Statement]:
    """Return the statements; raises `CommandError` for a document that can't be read, and so must not be rewritten."""
    given = document.get("Statement")
    statements: list[Any] = given if isinstance(given, list) else [given]
    if not all(isinstance(each, Mapping) and each.get("Effect") in {"Allow", "Deny"} for each in statements):
        raise CommandError(f"{name} is not a policy that can be read, so nothing is written over it; look at it in IAM")
    return statements


def covers(statements: list[Statement], cut: Cut) -> bool:
    """Return whether the statements deny everything to the sessions that began before the cut's moment.

    An unconditional deny does not count: it may be removed before those sessions have expired.
    """
    return any(
        moment >= cut.moment and of in {None, cut.session}
        for statement in statements
        for moment, of in [reach(statement)]
        if moment
    )


def moment_of(document: Document | None, session: str | None) -> datetime | None:
    """Return the latest moment before which the policy denies everything to all sessions, or to the one."""
    reaches = [reach(each) for each in (statements_of(document, REVOCATION_POLICY) if document else [])]
    return max((moment for moment, of in reaches if moment and of in {None, session}), default=None)


def denies_everything(document: Document | None, name: str) -> bool:
    """Return whether a permissions policy denies everything to every session, without a condition."""
    return document is not None and any(map(is_deny_all, statements_of(document, name)))


def revokes(statement: Statement) -> bool:
    """Return whether a role's statement does what a revocation does and nothing else, even if written by hand."""
    return is_deny_all(statement) or begun_before(statement) is not None


def begun_before(statement: Statement) -> datetime | None:
    """Return the moment before which a session is denied everything; None for any other Deny."""
    return reach(statement)[0]


def is_shut(trust: Document) -> bool:
    """Return whether the policy denies everyone AssumeRole, and every other way to begin a session that it allows."""
    statements = statements_of(trust, "the trust policy")
    allows = [each for each in statements if each["Effect"] == "Allow"]
    ways = {BEGIN[0], *(way for way in BEGIN if any("NotAction" in each or _names(each, way) for each in allows))}
    return all(any(denies_everyone(each, way) for each in statements) for way in ways)


def denies_everyone(statement: Statement, way: str = BEGIN[0]) -> bool:
    """Return whether a trust policy's statement denies everyone this way to begin a session, without a condition."""
    # AWS does not document whether {"AWS": "*"} includes federated identities.
    everyone = principals_of(statement) == ["*"] if way == BEGIN[0] else statement.get("Principal") == "*"
    return (
        statement["Effect"] == "Deny"
        and everyone
        and "NotPrincipal" not in statement
        and _names(statement, way)
        and not statement.get("Condition")
    )


def other_kinds(trust: Document) -> list[str]:
    """Return the trusted services and federated identities, as the policy names them."""
    principals = [
        each["Principal"]
        for each in statements_of(trust, "the trust policy")
        if each["Effect"] == "Allow" and isinstance(each.get("Principal"), Mapping)
    ]
    named = [name for each in principals for kind in each if kind != "AWS" for name in texts(each[kind])]
    return list(dict.fromkeys(named))


def _names(statement: Statement, action: str) -> bool:
    return any(fnmatchcase(action.lower(), each.lower()) for each in texts(statement.get("Action")))


def is_deny_all(statement: Statement) -> bool:
    """Return whether a statement denies everything to every session."""
    return _denies_all_actions(statement) and not statement.get("Condition")


def _denies_all_actions(statement: Statement) -> bool:
    everything = ("*", ["*"])
    return (
        statement["Effect"] == "Deny"
        and statement.get("Action") in everything
        and statement.get("Resource") in everything
    )


def reach(statement: Statement) -> tuple[datetime | None, str | None]:
    """Return the moment and the session of a statement that denies everything to sessions that began before it."""
    conditions = {
        (operator, key.lower()): _one(value)
        for operator, keys in (statement.get("Condition") or {}).items()
        for key, value in keys.items()
    }
    moment = _moment(conditions.pop(("DateLessThan", "aws:tokenissuetime"), ""))
    of = conditions.pop(("StringEquals", "aws:userid"), None)
    return (moment, of or None) if _denies_all_actions(statement) and of != "" and not conditions else (None, None)


def _one(value: Any) -> str:
    """Return a condition's only value, or an empty text where there are several: `_put` never writes several."""
    only = value[0] if isinstance(value, list) and len(value) == 1 else value
    return only if isinstance(only, str) else ""


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return min((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC), LATEST)
    except (ValueError, OverflowError):
        return None
