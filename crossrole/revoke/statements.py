"""What a revocation adds to a role's policies and what a restoration takes out again, as plain data.

All that is added are statements whose Sid begins with one word, so the state of a revocation is in IAM itself: no
file remembers it, and anyone's `restore` finds what anyone's `revoke` has left.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from crossrole.errors import CommandError
from crossrole.iam.names import REVOCATION_POLICY
from crossrole.iam.policy import VERSION, Statement, instant
from crossrole.iam.session_denials import (
    BEGIN,
    Cut,
    Document,
    covers,
    denies_everyone,
    is_deny_all,
    is_shut,
    reach,
    statements_of,
)

OURS = "CrossroleRevoked"


_OLDER, _EVERYTHING, _SESSION = f"{OURS}OlderSessions", f"{OURS}Everything", f"{OURS}Session"


def whole_second(moment: datetime) -> datetime:
    """Return the moment in UTC, rounded up to a whole second: a session begun within that second is older, then."""
    utc = moment.astimezone(UTC)
    return utc.replace(microsecond=0) + timedelta(seconds=1 if utc.microsecond else 0)


def session_name(text: str) -> str:
    """Return the role session's name; raises `CommandError` for what STS takes as none.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
    """
    if not re.fullmatch(r"[\w+=,.@-]{2,64}", text, re.ASCII):
        raise CommandError(
            f"--session {text!r} is not a role session name; expected 2 to 64 letters, digits and _+=,.@-"
        )
    return text


def revoked(document: Document | None, cut: Cut) -> Document:
    """Return the inline policy with the cut in it, and all that was in it before; itself where nothing is to do."""
    statements = statements_of(document, REVOCATION_POLICY) if document else []
    changed = list(statements)
    if cut.everything and not any(map(is_deny_all, changed)):
        changed.append(_deny(_EVERYTHING))
    if not covers(changed, cut):
        _put(changed, cut)
    return document if document and changed == statements else _with(document, changed)


def shut(trust: Document) -> Document:
    """Return the trust policy with a statement that denies everyone; itself where one is there."""
    return trust if is_shut(trust) else _with(trust, [*statements_of(trust, "the trust policy"), _DENY_EVERYONE])


def restored(document: Document | None, name: str) -> Document | None:
    """Return the policy without what revocations added; None where nothing else was in it, itself where nothing was."""
    statements = statements_of(document, name) if document else []
    kept = [each for each in statements if not is_ours(each)]
    if kept == statements:
        return document
    return _with(document, kept) if kept else None


def is_ours(statement: Statement) -> bool:
    """Return whether a revocation of crossrole's put the statement there."""
    by_name = re.fullmatch(f"({_OLDER}|{_SESSION}|{_EVERYTHING})[0-9]*", str(statement.get("Sid", "")))
    by_content = is_deny_all(statement) or denies_everyone(statement) or reach(statement)[0]
    return bool(by_name and by_content)


def _put(statements: list[Statement], cut: Cut) -> None:
    """Move our statement of the same reach to the moment, or add one."""
    for index, statement in enumerate(statements):
        moment, of = reach(statement)
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


_DENY_EVERYONE: Statement = {
    "Sid": _EVERYTHING,
    "Effect": "Deny",
    "Principal": "*",
    "Action": list(BEGIN),
}


def _with(document: Document | None, statements: list[Statement]) -> Document:
    return {**(document or {"Version": VERSION}), "Statement": statements}
