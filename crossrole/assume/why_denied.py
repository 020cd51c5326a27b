"""Why AWS denies a caller a grant's role: what the templates say of it, in one line."""

from typing import Any

from crossrole.assume.assume import Denial
from crossrole.environment import Environment
from crossrole.errors import CommandError
from crossrole.evaluation.can import Answer, ask
from crossrole.evaluation.question import question_of
from crossrole.evaluation.reasons import EXPLICITLY_DENIES, IMPLICITLY_DENIES
from crossrole.templates.grant import Grant
from crossrole.templates.inventory import Inventory


def why(
    inventory: Inventory,
    grant: Grant,
    denial: Denial,
    environment: Environment,
) -> str:
    """Return who was denied what, whether the templates allow this caller, and how to fix it."""
    said = f"{denial.caller.arn} is denied {denial.action} on {grant.arn}; AWS says: {denial.words}"
    try:
        with environment.simulator() as simulator:
            question = question_of(
                inventory,
                caller=denial.caller.arn,
                via=None,
                action=denial.action,
                resource=grant.arn,
                given=_sent(grant, denial),
                now=environment.now(),
            )
            answer = ask(inventory, simulator, question)
    except CommandError as error:
        return f"{said}; what the templates say can't be known: {error}"
    if answer.depends:
        return f"{said}; whether the templates allow it depends on {' and '.join(answer.depends)}"
    return f"{said}; {_allowed(grant, answer) if answer.allowed else _denied(answer)}"


def _sent(grant: Grant, denial: Denial) -> dict[str, Any]:
    """Return what the request carried, and what is not known of it as the grant wants it."""
    if denial.action != "sts:AssumeRole":
        return {"sts:SourceIdentity": denial.caller.name}
    sent: dict[str, Any] = {"sts:RoleSessionName": denial.caller.name}
    if grant.external_id:
        sent["sts:ExternalId"] = grant.external_id
    if denial.mfa:
        sent |= {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": "0"}
    if grant.organizations:
        sent["aws:PrincipalOrgID"] = grant.organizations[0]
    if grant.source_ips:
        sent["aws:SourceIp"] = grant.source_ips[0].partition("/")[0]
    return sent


def _denied(answer: Answer) -> str:
    link = next(each for each in answer.links if each.denied or each.unless)
    reasons = [each for each in link.reasons if each.says in {EXPLICITLY_DENIES, IMPLICITLY_DENIES}]
    why_denied = "; ".join(
        f"{each.kind}: {each.says} it" + (f" ({'; '.join(each.missing)})" if each.missing else "") for each in reasons
    )
    fixes = f"; {answer.fixes[0].text}" if answer.fixes else ""
    unless = f", unless {answer.unless}" if answer.unless else ""
    return f"the templates deny it too{unless}: {why_denied}{fixes}"


def _allowed(grant: Grant, answer: Answer) -> str:
    asked = [f"it comes from {' or '.join(grant.source_ips)}"] if grant.source_ips else []
    asked += [f"its account belongs to {' or '.join(grant.organizations)}"] if grant.organizations else []
    asked += [each.text for each in answer.assumptions if each.needed]
    only_if = f", if {'; and '.join(asked)}" if asked else ""
    return (
        f"the templates allow it{only_if}: check that they are deployed as they are in cdk.out, and that no "
        "control policy of the organization denies it"
    )
