"""The deployed role compared with the role of the templates: stale ids, revocations, and drift as access."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from crossrole.diff.changes import changes
from crossrole.doctor.caller import is_denied, with_identity
from crossrole.doctor.case import Case
from crossrole.doctor.check import Line, failed, ok, unknown
from crossrole.errors import CommandError
from crossrole.escaping import command
from crossrole.iam.condition_words import of_statement
from crossrole.iam.names import REVOCATION_POLICY
from crossrole.iam.policy import Policy, Statement, canonical, instant, texts
from crossrole.iam.quotas import ROLE_CHAINING_LIMIT
from crossrole.iam.session_denials import Cut, begun_before, covers, denies_everyone, revokes
from crossrole.live.identity import Unreadable, live_identity
from crossrole.live.sessions import as_command_error, client, code_of
from crossrole.templates.inventory import Identity

# A principal that was deleted stays in a policy as its unique id, which no principal has any more.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-prefixes
_UNIQUE_ID = re.compile(r"A(?:RO|ID)A[A-Z0-9]{12,124}")


def role_lines(case: Case, unresolved: str | None) -> list[Line]:
    """Return the lines on the deployed role: whether it exists, and what it allows now.

    `unresolved` says why the templates can't be resolved in full, where that is so.
    """
    if case.prod is None:
        why = f"only principals of {case.grant.account} may read the role: name --prod-profile"
        return [unknown("role", why), unknown("drift", why)]
    case.tell(f"reading the role {case.grant.name} in {case.grant.account}")
    with as_command_error(case.prod_profile):
        iam = client(case.prod, "iam")
        try:
            iam.get_role(RoleName=case.grant.name)
            live = live_identity(iam, case.grant.arn, case.grant.role)
        except Unreadable as missing:
            return [_there(case), unknown("drift", f"{case.prod_profile} needs {', '.join(missing.permissions)}")]
        except ClientError as error:
            return _without_role(case, error)
        except CommandError as error:
            return [_there(case), unknown("drift", str(error))]
    if live.arn != case.grant.arn:
        text = f"the role is {live.arn}, but the templates make {case.grant.arn}"
        return [failed("role", text, fix=f"delete the existing one, then {case.deploy}")]
    return [_there(case), *compared(case, live, unresolved)]


def _there(case: Case) -> Line:
    return ok("role", f"{case.grant.arn} exists")


def _without_role(case: Case, error: ClientError) -> list[Line]:
    if code_of(error) == "NoSuchEntity":
        text = f"there is no role {case.grant.name} in {case.grant.account}"
        missing = failed("role", text, fix=_made_again(case))
        return [missing, unknown("drift", "there is no role to compare")]
    if is_denied(error):
        why = f"{case.prod_profile} needs iam:GetRole"
        return [unknown("role", why), unknown("drift", why)]
    raise error


def _made_again(case: Case) -> str:
    """Return how to create the role: CloudFormation does not make a role again that was deleted by hand."""
    cloudformation: Any = client(case.prod, "cloudformation", region_name=case.grant.role.region)  # type: ignore[arg-type]  # asked only where prod is named
    try:
        cloudformation.describe_stacks(StackName=case.stack)
    except ClientError as error:
        if code_of(error) == "ValidationError":  # so CloudFormation says that there is no such stack
            return case.deploy
    return (
        f"create it by hand, with the commands that `{case.policies()}` prints. Or delete the stack {case.stack} and "
        "deploy it anew: another deploy of the same template changes nothing"
    )


def compared(case: Case, live: Identity, unresolved: str | None) -> list[Line]:
    """Return the lines on how the deployed role differs from the templates: ids, revocations, drift."""
    base = case.grant.role
    lines = [*_stale_lines(case, base, live), *revocation_lines(case, base, live)]
    old, new = _comparable(base, live, deployed=False), _comparable(live, base, deployed=True)
    if unresolved:
        return [*lines, unknown("drift", unresolved)]
    if _same(old, new):
        return [*lines, ok("drift", "trust, policies, boundary and session length are those of the templates")]
    case.tell("proving what access that opens or takes away")
    try:
        with case.environment.prover() as prover:
            found = changes(with_identity(case.inventory, old), with_identity(case.inventory, new), prover)
    except CommandError as error:
        return [
            *lines,
            unknown("drift", f"the role differs from the templates, and the difference can't be evaluated: {error}"),
        ]
    if not found:
        return [*lines, ok("drift", "the role's policies are written differently, but give the same access")]
    beside = _beside(base, new)
    details = [f"the policy {each.name} is outside the templates" for each in beside]
    for change in sorted(found, key=lambda each: not each.gained):
        details += [f"{'gained' if change.gained else 'lost'}: {change.text}", *change.notes]
    text = "the role is no longer that of the templates; its access compared with theirs:"
    return [*lines, failed("drift", text, *details, fix=_fix(case, old, new, beside))]


def _beside(base: Identity, live: Identity) -> list[Policy]:
    """Return the deployed policies that the templates do not have, under whatever name."""
    names = {each.name for each in base.policies}
    known = {canonical(each) for policy in base.policies for each in policy.statements}
    return [each for each in live.policies if each.name not in names and {*map(canonical, each.statements)} - known]


def _fix(case: Case, old: Identity, new: Identity, beside: list[Policy]) -> str:
    taken = [_taken_away(case, each) for each in beside]
    if not taken:
        return case.put_back
    rest = replace(new, policies=tuple(each for each in new.policies if each not in beside))
    lines = " && ".join(taken)
    if _same(old, rest):
        return f"{lines}. Or, if the change was intended, write it into access.toml"
    return f"{lines}. Then {case.put_back}"


def _taken_away(case: Case, policy: Policy) -> str:
    role, profile = case.grant.name, str(case.prod_profile)
    if policy.name.startswith("arn:"):
        return command("aws iam detach-role-policy", role_name=role, policy_arn=policy.name, profile=profile)
    line = command("aws iam delete-role-policy", role_name=role, policy_name=policy.name, profile=profile)
    if policy.name != REVOCATION_POLICY:
        return line
    # The revocation in the same policy is deleted with it, so it is written again.
    return f"{line} && {command('python -m crossrole revoke', case.word, profile=profile)}"


def _same(old: Identity, new: Identity) -> bool:
    def content(identity: Identity) -> list[Any]:
        return [
            canonical(identity.trust),
            sorted({canonical(each) for policy in identity.policies for each in policy.statements}),
            identity.boundary_arn,
            canonical(identity.boundary),
            identity.max_session,
            sorted(identity.elsewhere),
        ]

    return content(old) == content(new)


def _comparable(role: Identity, other: Identity, *, deployed: bool) -> Identity:
    """Return the role without the parts that have their own lines: revocations, disabling, and stale ids."""
    theirs = [each for policy in other.policies for each in policy.statements]
    policies = []
    for policy in role.policies:
        kept = [each for each in policy.statements if _is_compared(policy, each, theirs, deployed=deployed)]
        if kept:
            policies.append(replace(policy, document={**policy.document, "Statement": kept}))
    trust = role.trust and replace(
        role.trust,
        document={**role.trust.document, "Statement": list(_deployed(role.trust, other.trust, deployed=deployed))},
    )
    return replace(role, policies=tuple(policies), trust=trust, max_session=role.max_session or ROLE_CHAINING_LIMIT)


def _is_compared(policy: Policy, statement: Statement, theirs: list[Statement], *, deployed: bool) -> bool:
    """Return whether a statement is more than a revocation; one of the templates counts where no later one hides it."""
    if policy.name != REVOCATION_POLICY or not revokes(statement) or canonical(statement) in map(canonical, theirs):
        return True
    moment = begun_before(statement)
    return not deployed and not (moment and covers(theirs, Cut(moment)))


def _deployed(trust: Policy, other: Policy | None, *, deployed: bool) -> Iterator[Statement]:
    theirs = {canonical(each) for each in (other.statements if other else [])}
    for statement in trust.statements:
        if deployed and denies_everyone(statement) and canonical(statement) not in theirs:
            continue
        names = named_in(statement)
        left = [each for each in names if not _UNIQUE_ID.fullmatch(each)]
        if left == names:
            yield statement
            continue
        others = {kind: each for kind, each in statement["Principal"].items() if kind != "AWS"}
        if left or others:
            yield {**statement, "Principal": {**others, **({"AWS": left} if left else {})}}


def _stale_lines(case: Case, base: Identity, live: Identity) -> Iterator[Line]:
    named = [each for statement in (live.trust.statements if live.trust else []) for each in named_in(statement)]
    stale = [each for each in named if _UNIQUE_ID.fullmatch(each)]
    if not stale:
        return
    pinned = [each for statement in (base.trust.statements if base.trust else []) for each in named_in(statement)]
    gone = [each for each in pinned if each not in named]
    was = f" (in the templates: {' and '.join(gone)})" if gone else ""
    yield failed(
        "trust ids",
        f"the trust policy trusts {' and '.join(stale)}: ids of roles or users that were deleted{was}. A role or user "
        "that was created again under the same name has another id, and is not trusted",
        fix=f"once the principal exists, write the trust policy again with its ARN: {case.put_back}",
    )


def revocation_lines(case: Case, base: Identity, live: Identity) -> Iterator[Line]:
    """Yield the lines on revocations since the templates were deployed."""
    templated = {canonical(each) for policy in base.policies for each in policy.statements}
    restore = command("python -m crossrole restore", case.word, profile=str(case.prod_profile))
    for policy in live.policies:
        added = [each for each in policy.statements if revokes(each) and canonical(each) not in templated]
        if policy.name == REVOCATION_POLICY and added:
            yield _revoked(added, restore, instant(case.now))
    known = {canonical(each) for each in (base.trust.statements if base.trust else [])}
    if any(
        denies_everyone(each) and canonical(each) not in known for each in (live.trust.statements if live.trust else [])
    ):
        yield failed(
            "revocation",
            "nobody can assume the role: its trust policy denies everyone, as crossrole revoke --and-disable does",
            fix=restore,
        )


def _revoked(added: list[Statement], restore: str, now: str) -> Line:
    said = [f"denied {' and '.join(of_statement(each)) or 'without condition'}" for each in added]
    text = f"sessions were revoked, by the policy {REVOCATION_POLICY}, as crossrole revoke and AWS's console do"
    moments = [begun_before(each) for each in added]
    if all(each and instant(each) <= now for each in moments):
        return ok("revocation", f"{text}; new sessions are not affected", *said, f"to undo it: {restore}")
    return failed("revocation", f"{text}; it may affect new sessions too", *said, fix=restore)


def named_in(statement: Statement) -> list[str]:
    """Return the AWS principals of a statement as it names them: ARNs, ids, or "*"."""
    principal = statement.get("Principal")
    return texts(principal.get("AWS")) if isinstance(principal, dict) else []
