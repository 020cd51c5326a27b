"""Why AWS refused to let someone assume a grant's role: what the templates say of it, in one line."""

from typing import Any

from crossrole.assume.assume import Refusal
from crossrole.environment import Environment
from crossrole.errors import CommandError
from crossrole.evaluation.can import Answer, ask
from crossrole.evaluation.question import question_of
from crossrole.evaluation.reasons import LACKS, REFUSES
from crossrole.templates.grant import Grant
from crossrole.templates.inventory import Inventory


def why(
    inventory: Inventory,
    grant: Grant,
    refusal: Refusal,
    environment: Environment,
) -> str:
    """Return who was refused on what, whether the templates would let this caller in, and how to fix it."""
    told = f"{refusal.caller.arn} may not do {refusal.action} on {grant.arn}: AWS says: {refusal.words}"
    try:
        with environment.simulator() as simulator:
            question = question_of(
                inventory,
                caller=refusal.caller.arn,
                via=None,
                action=refusal.action,
                resource=grant.arn,
                given=_sent(grant, refusal),
                now=environment.now(),
            )
            answer = ask(inventory, simulator, question)
    except CommandError as error:
        return f"{told}; what the templates say can't be known: {error}"
    return f"{told}; {_allowed(grant, answer) if answer.allowed else _refused(answer)}"


def _sent(grant: Grant, refusal: Refusal) -> dict[str, Any]:
    """Return what the request carried, and what is not known of it as the grant wants it."""
    if refusal.action != "sts:AssumeRole":
        return {"sts:SourceIdentity": refusal.caller.name}
    sent: dict[str, Any] = {"sts:RoleSessionName": refusal.caller.name}
    if grant.external_id:
        sent["sts:ExternalId"] = grant.external_id
    if refusal.mfa:
        sent |= {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": "0"}
    if grant.organizations:
        sent["aws:PrincipalOrgID"] = grant.organizations[0]
    if grant.source_ips:
        sent["aws:SourceIp"] = grant.source_ips[0].partition("/")[0]
    return sent


def _refused(answer: Answer) -> str:
    link = next(each for each in answer.links if not each.allowed)
    reasons = [each for each in link.reasons if each.says in {REFUSES, LACKS}]
    said = "; ".join(
        f"the {each.kind} {each.says} it" + (f" ({'; '.join(each.missing)})" if each.missing else "")
        for each in reasons
    )
    fixes = f"; {answer.fixes[0].text}" if answer.fixes else ""
    unless = f", unless {answer.unless}" if answer.unless else ""
    return f"the templates refuse it too{unless}: {said}{fixes}"


def _allowed(grant: Grant, answer: Answer) -> str:
    asked = [f"it comes from {' or '.join(grant.source_ips)}"] if grant.source_ips else []
    asked += [f"its account belongs to {' or '.join(grant.organizations)}"] if grant.organizations else []
    asked += [each.text for each in answer.assumptions if each.needed]
    only_if = f", if {'; and '.join(asked)}" if asked else ""
    return (
        f"the templates would let it in{only_if}: see that they are deployed as they are in cdk.out, and that no "
        "control policy of the organization refuses it"
    )
