"""What a revocation adds to a role's policies and what a restoration takes out again, as plain data.

All that is added are statements whose Sid begins with one word, so the state of a revocation is in IAM itself: no
file remembers it, and anyone's `restore` finds what anyone's `revoke` has left.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from crossrole.policy import VERSION, Statement
from crossrole.sides import texts
from crossrole.unusable import Unusable

POLICY_NAME = "AWSRevokeOlderSessions"
"""The inline policy that AWS's console writes when it revokes a role's sessions.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html
"""
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9998, 12, 31, tzinfo=UTC)
"""The moments that are taken; to later ones the length of a session can't be added."""
OURS = "CrossroleRevoked"
_OLDER, _EVERYTHING, _SESSION = f"{OURS}OlderSessions", f"{OURS}Everything", f"{OURS}Session"

# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_request.html
_BEGIN = ("sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity")

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Cut:
    """Whom a revocation hits."""

    moment: datetime
    """Sessions begun before it, in whole seconds as `aws:TokenIssueTime` has them."""
    session: str | None = None
    """The one session's `aws:userid`, ROLE-ID:SESSION-NAME; None for every session."""
    everything: bool = False
    """Whether sessions that are begun later can do nothing either."""


def whole_second(moment: datetime) -> datetime:
    """Return the moment in UTC, rounded up to a whole second: a session begun within that second is older, then."""
    utc = moment.astimezone(UTC)
    return utc.replace(microsecond=0) + timedelta(seconds=1 if utc.microsecond else 0)


def instant(moment: datetime) -> str:
    """Return a moment as IAM's date conditions and access.toml take it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def session_name(text: str) -> str:
    """Return the role session's name; raises `Unusable` for what STS takes as none.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
    """
    if not re.fullmatch(r"[\w+=,.@-]{2,64}", text, re.ASCII):
        raise Unusable(f"--session {text!r} is no role session name; expected 2 to 64 letters, digits and _+=,.@-")
    return text


def revoked(document: Document | None, cut: Cut) -> Document:
    """Return the inline policy with the cut in it, and all that was in it before; itself where nothing is to do."""
    statements = statements_of(document, POLICY_NAME) if document else []
    changed = list(statements)
    if cut.everything and not any(map(_refuses_everything, changed)):
        changed.append(_deny(_EVERYTHING))
    if not covers(changed, cut):
        _put(changed, cut)
    return document if document and changed == statements else _with(document, changed)


def covers(statements: list[Statement], cut: Cut) -> bool:
    """Return whether the statements refuse everything to the sessions that were begun before the cut's moment.

    An unconditional deny is none: it may be taken away before those sessions have expired.
    """
    return any(
        moment >= cut.moment and of in {None, cut.session}
        for statement in statements
        for moment, of in [_reach(statement)]
        if moment
    )


def moment_of(document: Document | None, session: str | None) -> datetime | None:
    """Return the latest moment before which the policy refuses everything to all sessions, or to the one."""
    reaches = [_reach(each) for each in (statements_of(document, POLICY_NAME) if document else [])]
    return max((moment for moment, of in reaches if moment and of in {None, session}), default=None)


def shut(trust: Document) -> Document:
    """Return the trust policy with a statement that refuses everyone; itself where one is there."""
    return trust if is_shut(trust) else _with(trust, [*statements_of(trust, "the trust policy"), _REFUSE_EVERYONE])


def is_shut(trust: Document) -> bool:
    """Return whether everyone is refused every way to begin a session that is allowed to anyone, and AssumeRole."""
    statements = statements_of(trust, "the trust policy")
    allows = [each for each in statements if each["Effect"] == "Allow"]
    ways = {_BEGIN[0], *(way for way in _BEGIN if any("NotAction" in each or _names(each, way) for each in allows))}
    return all(any(refuses_everyone(each, way) for each in statements) for way in ways)


def refuses_everyone(statement: Statement, way: str = _BEGIN[0]) -> bool:
    """Return whether a trust policy's statement refuses everyone this way to begin a session, without a condition."""
    # That {"AWS": "*"} is said of federated identities too is documented nowhere.
    everyone = ("*", {"AWS": "*"}, {"AWS": ["*"]}) if way == _BEGIN[0] else ("*",)
    return (
        statement["Effect"] == "Deny"
        and statement.get("Principal") in everyone
        and _names(statement, way)
        and not statement.get("Condition")
    )


def other_kinds(trust: Document) -> list[str]:
    """Return who is let in that is no AWS principal: services and federated identities, as the policy names them."""
    principals = [
        each["Principal"]
        for each in statements_of(trust, "the trust policy")
        if each["Effect"] == "Allow" and isinstance(each.get("Principal"), Mapping)
    ]
    named = [name for each in principals for kind in each if kind != "AWS" for name in texts(each[kind])]
    return list(dict.fromkeys(named))


def _names(statement: Statement, action: str) -> bool:
    return any(fnmatchcase(action.lower(), each.lower()) for each in texts(statement.get("Action")))


def denies_everything(document: Document | None, name: str) -> bool:
    """Return whether a permissions policy refuses everything to every session, without a condition."""
    return document is not None and any(map(_refuses_everything, statements_of(document, name)))


def restored(document: Document | None, name: str) -> Document | None:
    """Return the policy without what revocations added; None where nothing else was in it, itself where nothing was."""
    statements = statements_of(document, name) if document else []
    kept = [each for each in statements if not is_ours(each)]
    if kept == statements:
        return document
    return _with(document, kept) if kept else None


def revokes(statement: Statement) -> bool:
    """Return whether a role's statement does what a revocation does and nothing else, whoever wrote it."""
    return _refuses_everything(statement) or begun_before(statement) is not None


def begun_before(statement: Statement) -> datetime | None:
    """Return the moment before which the sessions were begun that are refused everything; None for any other Deny."""
    return _reach(statement)[0]


def is_ours(statement: Statement) -> bool:
    """Return whether a revocation of crossrole's put the statement there."""
    by_name = re.fullmatch(f"({_OLDER}|{_SESSION}|{_EVERYTHING})[0-9]*", str(statement.get("Sid", "")))
    by_content = _refuses_everything(statement) or refuses_everyone(statement) or _reach(statement)[0]
    return bool(by_name and by_content)


def statements_of(document: Document, name: str) -> list[Statement]:
    """Return the statements; raises `Unusable` for a document that can't be read, and so must not be rewritten."""
    given = document.get("Statement")
    statements: list[Any] = given if isinstance(given, list) else [given]
    if not all(isinstance(each, Mapping) and each.get("Effect") in {"Allow", "Deny"} for each in statements):
        raise Unusable(f"{name} is no policy that can be read, so nothing is written over it; look at it in IAM")
    return statements


def _put(statements: list[Statement], cut: Cut) -> None:
    """Move our statement of the same reach to the moment, or add one."""
    for index, statement in enumerate(statements):
        moment, of = _reach(statement)
        if is_ours(statement) and moment and of == cut.session:
            statements[index] = _until(str(statement["Sid"]), cut)
            return
    taken = {each.get("Sid") for each in statements}
    sid = next(each for each in _sids(cut) if each not in taken)
    statements.append(_until(sid, cut))


def _sids(cut: Cut) -> Iterator[str]:
    if not cut.session:
        yield _OLDER
    # A Sid must be unique within its policy, and can't hold a session's name: letters and digits only.
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_sid.html
    number = 1
    while True:
        yield f"{_SESSION if cut.session else _OLDER}{number}"
        number += 1


def _until(sid: str, cut: Cut) -> Statement:
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_disable-perms.html
    only = {"StringEquals": {"aws:userid": cut.session}} if cut.session else {}
    return _deny(sid) | {"Condition": {**only, "DateLessThan": {"aws:TokenIssueTime": instant(cut.moment)}}}


def _deny(sid: str) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Deny", "Action": "*", "Resource": "*"}


_REFUSE_EVERYONE: Statement = {
    "Sid": _EVERYTHING,
    "Effect": "Deny",
    "Principal": "*",
    "Action": list(_BEGIN),
}


def _refuses_everything(statement: Statement) -> bool:
    return _denies_all_actions(statement) and not statement.get("Condition")


def _denies_all_actions(statement: Statement) -> bool:
    everything = ("*", ["*"])
    return (
        statement["Effect"] == "Deny"
        and statement.get("Action") in everything
        and statement.get("Resource") in everything
    )


def _reach(statement: Statement) -> tuple[datetime | None, str | None]:
    """Return the moment and the session of a statement that refuses everything to sessions begun before it."""
    conditions = {
        (operator, key.lower()): _one(value)
        for operator, keys in (statement.get("Condition") or {}).items()
        for key, value in keys.items()
    }
    moment = _moment(conditions.pop(("DateLessThan", "aws:tokenissuetime"), ""))
    of = conditions.pop(("StringEquals", "aws:userid"), None)
    return (moment, of or None) if _denies_all_actions(statement) and of != "" and not conditions else (None, None)


def _one(value: Any) -> str:
    """Return a condition's only value, or an empty text where there are several: `_put` writes none such."""
    only = value[0] if isinstance(value, list) and len(value) == 1 else value
    return only if isinstance(only, str) else ""


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return min((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC), LATEST)
    except (ValueError, OverflowError):
        return None


def _with(document: Document | None, statements: list[Statement]) -> Document:
    return {**(document or {"Version": VERSION}), "Statement": statements}
