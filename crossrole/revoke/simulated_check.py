"""Decides from a role's deployed policies what a revocation has done, with the engine that `can` uses."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from crossrole.engines.simulator import Request, Simulator
from crossrole.environment import Environment
from crossrole.errors import CommandError
from crossrole.evaluation.assumptions import allowing
from crossrole.evaluation.callers import representative
from crossrole.iam.actions import ASSUME, details, known_action, works_on_no_resource
from crossrole.iam.arn import account_of, account_root_arn, bucket_arn, is_role, partition_of
from crossrole.iam.policy import VERSION, Policy, instant, policy_of, texts, trusted
from crossrole.iam.session_denials import Cut, Document, is_shut, other_kinds
from crossrole.revoke.deployed_role import DeployedRole
from crossrole.revoke.live_check import Check
from crossrole.revoke.plan import RevokePlan
from crossrole.templates.grant import Grant

# What a pattern such as s3:* or * is tried with.
_SAMPLES = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket", "s3:ListAllMyBuckets")
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Decided:
    """How many requests the role allows to a new session, and what is wrong with the others."""

    asked: tuple[str, ...]
    """What was decided, as `ACTION on RESOURCE`."""
    open_to_new: tuple[str, ...]
    """What a session begun from the moment on may do, under some condition at least."""
    open_to_old: tuple[str, ...]
    """What an affected session still may do."""
    open_to_others: tuple[str, ...]
    """What a session of another name may do, where only one session is affected."""
    open_trust: tuple[str, ...]
    """The callers that the trust policy still allows to begin a session."""
    trust_evaluated: bool
    unevaluated: tuple[str, ...]
    """What could not be evaluated, and so was left out; whatever it allows, a deny goes before it."""


def decide(grant: Grant, role: DeployedRole, cut: Cut, now: datetime, simulator: Simulator) -> Decided:
    """Return what the role's deployed policies allow the sessions that a cut affects, and the others.

    Whatever else a request carries is left open, so "denied" is meant under every condition.
    """
    unevaluated: list[str] = list(role.unread)
    policies = [
        *(_evaluated(unevaluated, f"inline policy {name}", document) for name, document in role.inline.items()),
        *(_evaluated(unevaluated, f"managed policy {arn}", document) for arn, document in role.attached.items()),
    ]
    identity = tuple(policy for policy in policies if policy)
    boundary = _evaluated(unevaluated, *role.boundary) if role.boundary else None
    trust = _evaluated(unevaluated, "trust policy", role.trust)
    affected = cut.session or f"{role.id}:any-session"
    wanted = list(_requests(identity, partition=grant.partition))

    def allowed(user_id: str, issued: datetime) -> tuple[str, ...]:
        context = {
            "aws:PrincipalArn": grant.arn,
            "aws:PrincipalAccount": grant.account,
            "aws:PrincipalType": "AssumedRole",
            "aws:userid": user_id,
            "aws:TokenIssueTime": instant(issued),
            "aws:CurrentTime": instant(max(now, issued)),
        }
        requests = [
            (
                f"{action} on {resource}",
                Request(
                    principal=grant.arn,
                    action=action,
                    resource=resource,
                    account=account_of(resource) if action.startswith("kms:") else grant.account,
                    context=context,
                    identity=identity,
                    boundary=boundary,
                    # A key's own policy has the last word; whether it lets the account's policies decide is not ours.
                    resource_policy=_delegating(resource) if action.startswith("kms:") else None,
                    free=True,
                ),
            )
            for action, resource in wanted
        ]
        return tuple(label for label, request in requests if _is_allowed(simulator, request, unevaluated))

    return Decided(
        asked=tuple(f"{action} on {resource}" for action, resource in wanted),
        open_to_new=allowed(affected, cut.moment),
        open_to_old=allowed(affected, cut.moment - _SECOND),
        open_to_others=allowed(f"{role.id}:another-session", cut.moment - _SECOND) if cut.session else (),
        open_trust=(
            *(_assuming(grant, trust, simulator, unevaluated) if trust else ()),
            *([] if is_shut(role.trust) else other_kinds(role.trust)),
        ),
        trust_evaluated=trust is not None,
        unevaluated=tuple(dict.fromkeys(unevaluated)),
    )


def decided(
    plan: RevokePlan, role: DeployedRole, environment: Environment, *, done: bool, left_open: bool = False
) -> Check:
    """Return the simulated check of the role's policies, as they are or, where it is not `done`, as they would be.

    `left_open`: the trust policy could not be shut, which is reported elsewhere.
    """
    try:
        with environment.simulator() as simulator:
            answer = decide(plan.grant, role, plan.cut, plan.now, simulator)
    except CommandError as error:
        return Check(f"the role's policies could not be evaluated: {error}", holds=False)
    return Check(_text(plan, answer, done=done), holds=_as_asked(plan, answer, left_open=left_open))


def _as_asked(plan: RevokePlan, answer: Decided, *, left_open: bool) -> bool | None:
    if answer.open_to_old:
        return False
    if not plan.asked.and_disable:
        return True
    if answer.open_to_new or (answer.open_trust and not left_open):
        return False
    return True if answer.trust_evaluated else None


def _text(plan: RevokePlan, answer: Decided, *, done: bool) -> str:
    policies = "the deployed policies" if done else "the policies as they would be"
    total = len(answer.asked)
    if answer.open_to_old:
        return f"simulated on {policies}: an affected session may still {', '.join(answer.open_to_old)}"
    parts = [f"simulated on {policies}: an affected session is denied each of the {total} requests that they allow"]
    if plan.asked.and_disable:
        new = f"may still {', '.join(answer.open_to_new)}" if answer.open_to_new else "too"
        trusts = f"still allows {', '.join(answer.open_trust)}" if answer.open_trust else "allows nobody"
        trust = trusts if answer.trust_evaluated or answer.open_trust else "could not be evaluated"
        parts += [f"a new one {new}", f"the trust policy {trust}"]
    else:
        parts.append(f"one begun from the moment on may do {len(answer.open_to_new)} of them")
    if plan.cut.session:
        parts.append(f"an older one of another name {len(answer.open_to_others)}")
    unevaluated = f" (not evaluated: {'; '.join(answer.unevaluated)})" if answer.unevaluated else ""
    return f"{', '.join(parts)}{unevaluated}"


def _delegating(key: str) -> Policy:
    root = {"AWS": account_root_arn(partition_of(key), account_of(key))}
    statement = {"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"}
    document = {"Version": VERSION, "Statement": [statement]}
    return policy_of(template="IAM", logical_id=key, name="key policy", document=document)


def _evaluated(unevaluated: list[str], name: str, document: Document) -> Policy | None:
    try:
        return policy_of(template="IAM", logical_id="the role", name=name, document=document)
    except CommandError as error:
        unevaluated.append(str(error))
        return None


def _requests(policies: tuple[Policy, ...], *, partition: str) -> Iterator[tuple[str, str]]:
    """Yield an action and a resource for all that the statements allow, each once."""
    found: dict[tuple[str, str], None] = {}
    for statement in (each for policy in policies for each in policy.statements if each["Effect"] == "Allow"):
        for action in _actions(texts(statement.get("Action", list(_SAMPLES)))):
            for pattern in texts(statement.get("Resource", "*")):
                if resource := _resource(action, pattern, partition):
                    found[action, resource] = None
    yield from found


def _actions(patterns: list[str]) -> Iterator[str]:
    for pattern in patterns:
        if "*" in pattern or "?" in pattern:
            yield from (each for each in _SAMPLES if fnmatchcase(each.lower(), pattern.lower()))
        else:
            try:
                yield known_action(pattern)
            except CommandError:
                continue  # not an action, so nothing that it allows


def _resource(action: str, pattern: str, partition: str) -> str | None:
    """Return one resource of a pattern that the action works on."""
    if works_on_no_resource(action):
        return "*" if pattern == "*" else None
    if not action.startswith("s3:"):
        return re.sub(r"[?*]", "crossrole", pattern) if pattern.startswith("arn:") else None
    of_object = any(each["name"] == "object" for each in details(action)["resourceTypes"])
    if pattern == "*":
        return bucket_arn(partition, "crossrole/key" if of_object else "crossrole")
    return re.sub(r"[?*]", "crossrole", pattern) if of_object == ("/" in pattern) else None


def _is_allowed(simulator: Simulator, request: Request, unevaluated: list[str]) -> bool:
    try:
        return simulator.decide([request])[0].allowed
    except CommandError as error:
        unevaluated.append(str(error))
        return False


def _assuming(grant: Grant, trust: Policy, simulator: Simulator, unevaluated: list[str]) -> Iterator[str]:
    # A principal that was deleted is a unique id there, which no principal has any more.
    for name in (each for each in trusted(trust) if each[:1] in "*0123456789" or each.startswith("arn:")):
        arn = representative(name, None, grant.partition).arn
        request = Request(
            principal=arn,
            action=ASSUME,
            resource=grant.arn,
            account=grant.account,
            context={
                "aws:PrincipalArn": arn,
                "aws:PrincipalAccount": account_of(arn),
                "aws:PrincipalType": "AssumedRole" if is_role(arn) else "User",
            },
            identity=(allowing(ASSUME, grant.arn),),
            resource_policy=trust,
            free=True,
        )
        if _is_allowed(simulator, request, unevaluated):
            yield name
