"""Revocations that were made by hand or by `crossrole revoke`: told by their name, and not as drift."""

from collections.abc import Iterator

from crossrole.conditions import of_statement
from crossrole.doctor.case import Case
from crossrole.doctor.line import Line, failed, ok
from crossrole.landscape import Identity
from crossrole.policy import Statement
from crossrole.revoke.refusals import POLICY_NAME, begun_before, refuses_everyone, revokes
from crossrole.revoke.revocation import instant
from crossrole.sides import canonical, texts


def revocation_lines(case: Case, base: Identity, live: Identity) -> Iterator[Line]:
    """Yield the lines on what was revoked since the templates were deployed."""
    templated = {canonical(each) for policy in base.policies for each in policy.statements}
    restore = f"python -m crossrole restore {case.grant.name} --profile {case.prod_profile}"
    for policy in live.policies:
        added = [each for each in policy.statements if revokes(each) and canonical(each) not in templated]
        if policy.name == POLICY_NAME and added:
            yield _revoked(added, restore, instant(case.now))
    known = {canonical(each) for each in (base.trust.statements if base.trust else [])}
    if any(
        refuses_everyone(each) and canonical(each) not in known
        for each in (live.trust.statements if live.trust else [])
    ):
        yield failed(
            "revocation",
            "nobody can assume the role: its trust policy denies everyone, as crossrole revoke --and-disable does",
            mend=restore,
        )


def _revoked(added: list[Statement], restore: str, now: str) -> Line:
    said = [f"refused {' and '.join(of_statement(each)) or 'without condition'}" for each in added]
    text = f"sessions were revoked, by the policy {POLICY_NAME}, as crossrole revoke and AWS's console do"
    moments = [begun_before(each) for each in added]
    if all(each and instant(each) <= now for each in moments):
        return ok("revocation", f"{text}; new sessions are not hit", *said, f"to undo it: {restore}")
    return failed("revocation", f"{text}; it may hit new sessions too", *said, mend=restore)


def named_in(statement: Statement) -> list[str]:
    """Return the AWS principals of a statement as it names them: ARNs, ids, or "*"."""
    principal = statement.get("Principal")
    return texts(principal.get("AWS")) if isinstance(principal, dict) else []
