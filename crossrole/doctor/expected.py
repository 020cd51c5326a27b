"""The simulator's decisions on one part of the chain at a time; facts that this machine can't know are left open."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_network

from crossrole.doctor.case import Case
from crossrole.engines.simulator import Request
from crossrole.evaluation.assumptions import allowing
from crossrole.evaluation.bounds import bounds_of, open_reasons
from crossrole.evaluation.fixes import fixes_of
from crossrole.evaluation.question import Question
from crossrole.evaluation.reasons import EXPLICITLY_DENIES, IMPLICITLY_DENIES, Explained, Reason, explained
from crossrole.evaluation.requests import CERTAIN, Link, free, links_of
from crossrole.iam.actions import ASSUME
from crossrole.iam.arn import account_of, account_root_arn, is_role, partition_of
from crossrole.iam.condition_words import of_expression
from crossrole.iam.policy import VERSION, policy_of
from crossrole.templates.grant import Grant
from crossrole.templates.inventory import Inventory


@dataclass(frozen=True)
class Verdict:
    """Whether it is allowed; then under which conditions, and otherwise why not."""

    allowed: bool
    conditions: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    fix: str | None = None
    denied: bool = False
    """Whether it is explicitly denied, and not only implicitly."""


def evaluated_trust(case: Case, principal: str) -> Verdict:
    """Return whether the trust policy trusts a user or role, given that its own policies allow the call."""
    link = _assuming(case, principal, case.inventory)
    request = replace(link.request, identity=(allowing(ASSUME, case.grant.arn),), boundary=None)
    certain: dict[str, str | list[str]] = {}
    if is_role(principal):
        # A role's credentials carry no second factor, whatever it was assumed with.
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html
        certain = {"aws:MultiFactorAuthPresent": "false"}
    return _evaluated(case, replace(link, request=request), "resource", certain)


def evaluated_own_policies(case: Case, principal: str, inventory: Inventory) -> Verdict:
    """Return whether the policies that the inventory gives the principal allow it to assume the role."""
    link = _assuming(case, principal, inventory)
    # A principal trusted through the account's root needs its own policy, within the account too.
    root = account_root_arn(partition_of(principal), account_of(principal))
    trusting = {"Effect": "Allow", "Principal": {"AWS": root}, "Action": ASSUME}
    document = {"Version": VERSION, "Statement": [trusting]}
    request = replace(
        link.request, resource_policy=policy_of(template="open", logical_id="", name="", document=document)
    )
    return _evaluated(case, replace(link, request=request), "identity", {})


def expected(case: Case, action: str, resource: str, given: Mapping[str, str | list[str]]) -> Verdict:
    """Return the templates' decision on a request that a session of the grant's role makes to S3."""
    question = Question(case.grant.arn, None, action, resource, given, case.now)
    (link, *_) = links_of(case.inventory, question)
    return evaluated_link(case, link, {*given})


def evaluated_link(case: Case, link: Link, certain: set[str]) -> Verdict:
    """Return whether a request can be allowed, with nothing fixed but who asks, when, and what is `certain`."""
    return _decided(case, free(link, CERTAIN | {"aws:CurrentTime"} | certain), link)


def _assuming(case: Case, principal: str, inventory: Inventory) -> Link:
    given = _met(case.grant, principal)
    question = Question(principal, None, ASSUME, case.grant.arn, given, case.now)
    (link,) = links_of(inventory, question)
    return link


def _met(grant: Grant, principal: str) -> dict[str, str | list[str]]:
    """Return the context of a caller that meets every condition it can, so that a denial is for another reason."""
    met: dict[str, str | list[str]] = {}
    if grant.external_id:
        met["sts:ExternalId"] = grant.external_id
    if grant.mfa_max_age is not None and not is_role(principal):
        met |= {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": "0"}
    if grant.organizations:
        met["aws:PrincipalOrgID"] = grant.organizations[0]
    if grant.source_ips:
        met["aws:SourceIp"] = str(ip_network(grant.source_ips[0], strict=False)[0])
    return met


def _evaluated(case: Case, link: Link, layer: str, certain: Mapping[str, str | list[str]]) -> Verdict:
    known = replace(link, request=link.request.with_context(certain))
    verdict = evaluated_link(case, known, set(certain))
    if verdict.allowed:
        return verdict
    (decision,) = case.simulator.decide([bounds_of(link.request).most])
    why = explained(link, decision)
    reasons = tuple(each for each in why.reasons if each.layer in {layer, "boundary"})
    of_half = Explained(link, allowed=False, reasons=reasons)
    fix = next(fixes_of(case.inventory, [of_half], ()), None)
    return replace(verdict, reasons=_words(reasons), fix=fix.text if fix else None, denied=_denied(reasons))


def _decided(case: Case, request: Request, link: Link) -> Verdict:
    (decision,) = case.simulator.decide([request])
    if decision.allowed:
        return Verdict(allowed=True, conditions=(*of_expression(decision.conditions), *open_reasons(decision)))
    reasons = explained(link, decision).reasons
    return Verdict(allowed=False, reasons=_words(reasons), denied=_denied(reasons))


def _denied(reasons: tuple[Reason, ...]) -> bool:
    return any(each.says == EXPLICITLY_DENIES for each in reasons)


def _words(reasons: tuple[Reason, ...]) -> tuple[str, ...]:
    words = []
    for reason in reasons:
        if reason.says == EXPLICITLY_DENIES:
            places = ", ".join(
                str(each.statement.get("Sid", "a statement without a Sid")) + f" of {each.policy.name}"
                for each in reason.statements
            )
            words.append(f"{reason.kind}: {places} denies it")
        elif reason.says == IMPLICITLY_DENIES:
            words += [f"{reason.kind}: {each}" for each in reason.missing]
    return tuple(words)


def meets(condition: str) -> str:
    """Return a condition of the trust policy, and whether this caller can meet it."""
    return f"if {condition}: {_HOW.get(condition.partition(' ')[0], UNSEEN)}"


UNSEEN = "assuming the role shows it"
_HOW = {
    "sts:ExternalId": "doctor sends it",
    "aws:MultiFactorAuthPresent": "doctor asks for a code",
    "aws:MultiFactorAuthAge": "a code given now is fresh",
}
