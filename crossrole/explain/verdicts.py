"""The templates' decision on a denial: `can` asked about the caller, action and resource that it names."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from crossrole.engines.simulator import FailedCondition, Simulator
from crossrole.errors import CommandError
from crossrole.escaping import command
from crossrole.evaluation.can import Answer, ask
from crossrole.evaluation.question import Question, question_of
from crossrole.evaluation.reasons import EXPLICITLY_DENIES, IMPLICITLY_DENIES
from crossrole.explain.facts import Facts
from crossrole.iam.actions import ASSUME
from crossrole.iam.arn import partition_of, role_arn
from crossrole.templates.grant import Grant, grants_of
from crossrole.templates.inventory import Inventory

_MOST_CALLERS = 4
_MOST_ROUNDS = 4


@dataclass(frozen=True)
class Verdict:
    """The decision on one caller; `named` is False where the text does not name it, but it could be meant."""

    allowed: bool
    caller: str
    action: str
    resource: str
    named: bool
    why: tuple[str, ...]
    fixes: tuple[str, ...]
    sent: tuple[str, ...]
    """The context that the request needs to be allowed, as `--context` takes it."""
    needed: tuple[str, ...]
    """What must be allowed outside the templates."""
    unless: str | None = None
    """A policy outside the templates that may allow it; None where a denial is certain."""
    depends: tuple[str, ...] = ()
    """What is not known and decides it; nothing where the decision is certain."""

    @property
    def command(self) -> str:
        """The command that shows the whole decision."""
        context = [word for pair in self.sent for word in ("--context", pair)]
        return command("python -m crossrole can", self.caller, self.action, self.resource, *context)

    def as_json(self) -> dict[str, Any]:
        """Return the decision for `--json`."""
        return {
            "allowed": None if self.unless or self.depends else self.allowed,
            "unless": self.unless,
            "depends": list(self.depends),
            "caller": self.caller,
            "action": self.action,
            "resource": self.resource,
            "caller_is_named": self.named,
            "why": list(self.why),
            "fixes": list(self.fixes),
            "if_sent": list(self.sent),
            "needed": list(self.needed),
            "command": self.command,
        }


def verdicts_of(inventory: Inventory, simulator: Simulator, facts: Facts, now: datetime) -> list[Verdict]:
    """Return the decisions on the text's request; raises `CommandError` where it is not complete or not known."""
    if facts.action is None or facts.resource is None:
        missing = " and no ".join(name for name in ("action", "resource") if getattr(facts, name) is None)
        raise CommandError(f"the text names no {missing}")
    # A text that names a bucket without its ARN does not show the partition; a wrong one would make every answer no.
    partitions = {grant.partition for grant in grants_of(inventory)}
    if facts.resource.startswith("arn:") and partitions and partition_of(facts.resource) not in partitions:
        raise CommandError(f"{facts.resource} is of another partition than the templates' {' and '.join(partitions)}")
    callers = [facts.caller] if facts.caller else _who_could(inventory, facts)
    if not callers:
        raise CommandError(f"the text names no caller, and no caller in the templates could call {facts.action}")
    if facts.caller and not _knows(inventory, facts):
        raise CommandError(f"the templates know neither {facts.principal} nor {facts.resource}")
    if facts.caller and not _is_of_grants(facts.action) and facts.principal not in _in_templates(inventory):
        raise CommandError(f"no grant gives {facts.action}, and {facts.principal} is not in the templates")
    return [_verdict(inventory, simulator, facts, caller, now) for caller in callers[:_MOST_CALLERS]]


def grant_meant(inventory: Inventory, facts: Facts) -> Grant | None:
    """Return the grant of the role that the text names, else the only grant that reaches its bucket."""
    grants = grants_of(inventory)
    for named in (facts.resource, facts.principal):
        # A session's ARN leaves out the role's path.
        found = [
            each for each in grants if named and named in {each.arn, role_arn(each.partition, each.account, each.name)}
        ]
        if found:
            return found[0]
    reaching = [each for each in grants if facts.bucket and _reaches(each, facts.bucket)]
    trusting = [each for each in grants if facts.principal in each.principals]
    for some in (reaching, trusting, grants):
        if len(some) == 1:
            return some[0]
    return None


def _knows(inventory: Inventory, facts: Facts) -> bool:
    resource = facts.resource or ""
    names = {identity.name for identity in inventory.identities}
    return (
        inventory.resource_policy(resource) is not None
        or inventory.bucket_of(resource) is not None
        or any(_reaches(each, facts.bucket) for each in grants_of(inventory) if facts.bucket)
        or facts.principal in inventory.named_principals()
        or (facts.principal or "").rpartition("/")[2] in names
    )


def _is_of_grants(action: str) -> bool:
    return action.lower().startswith(("s3:", "kms:", "sts:"))


def _in_templates(inventory: Inventory) -> set[str]:
    return {identity.arn for identity in inventory.identities}


def _reaches(grant: Grant, bucket: str) -> bool:
    return any(reach.bucket == bucket for reach in grant.reaches)


def _who_could(inventory: Inventory, facts: Facts) -> list[str]:
    """Return the callers that could have been denied where the text names none: it is about some grant's role."""
    grants = grants_of(inventory)
    if facts.action == ASSUME:
        trusted = [name for each in grants if each.arn == facts.resource for name in each.principals]
        return [each for each in trusted if each.startswith("arn:") and "*" not in each and ":root" not in each]
    if facts.bucket:
        return [each.arn for each in grants if _reaches(each, facts.bucket)]
    return []


def _verdict(inventory: Inventory, simulator: Simulator, facts: Facts, caller: str, now: datetime) -> Verdict:
    question = question_of(
        inventory,
        caller=caller,
        via=None,
        action=facts.action or "",
        resource=facts.resource or "",
        given={},
        now=now,
    )
    first = ask(inventory, simulator, question)
    answer = _with_what_is_wanted(inventory, simulator, question, first)
    best = answer if answer.allowed else first
    return Verdict(
        allowed=best.allowed,
        caller=best.question.caller,
        action=best.question.action,
        resource=best.question.resource,
        named=caller == facts.caller,
        why=tuple(_why(best)),
        fixes=tuple(_fixes(best)),
        sent=tuple(f"{key}={value}" for key, value in best.question.given.items()),
        needed=tuple(each.text for each in best.assumptions if each.needed),
        unless=best.unless,
        depends=best.depends,
    )


def _with_what_is_wanted(inventory: Inventory, simulator: Simulator, question: Question, answer: Answer) -> Answer:
    """Return the answer for a request that carries what the policies require, which an error text does not show."""
    given: dict[str, str | list[str]] = {}
    for _ in range(_MOST_ROUNDS):
        wanted = {**given, **dict(_wanted(inventory, question, answer))}
        if answer.allowed or wanted == given:
            break
        given = wanted
        answer = ask(inventory, simulator, replace(question, given=given))
    return answer


def _wanted(inventory: Inventory, question: Question, answer: Answer) -> Iterator[tuple[str, str]]:
    roles = {question.caller, question.resource}
    for grant in grants_of(inventory):
        if grant.arn in roles and grant.source_ips:
            yield "aws:SourceIp", grant.source_ips[0].partition("/")[0]
    for link in answer.links:
        for reason in link.reasons:
            if reason.says == IMPLICITLY_DENIES:
                for evaluated in reason.statements:
                    yield from (pair for failed in evaluated.failed for pair in _met(failed))


def _met(failed: FailedCondition) -> Iterator[tuple[str, str]]:
    """Yield a key that the request lacks and a caller can send, with a value that meets the condition."""
    first = failed.wanted[0] if failed.wanted else ""
    values = {
        "sts:externalid": first,
        "aws:multifactorauthpresent": "true",
        "aws:multifactorauthage": "0",
        "aws:principalorgid": first,
        "aws:principalorgpaths": first.replace("*", ""),
        "aws:sourceip": first.partition("/")[0],
        "s3:prefix": first.removesuffix("*"),
        "kms:viaservice": first,
    }
    if failed.given is None and failed.key.lower() in values:
        yield failed.key, values[failed.key.lower()]


def _fixes(answer: Answer) -> Iterator[str]:
    """Yield the fixes; before one that allows a new caller, the remark that the denial may be right."""
    if any((fix.key, fix.do) == ("principals", "add") for fix in answer.fixes):
        caller = answer.question.caller
        yield f"none, if {caller} should not have access: then the grant works as intended; find out who called"
        yield from (f"if it should have access: {fix.text}" for fix in answer.fixes)
    else:
        yield from (fix.text for fix in answer.fixes)


def _why(answer: Answer) -> Iterator[str]:
    for link in answer.links:
        if link.allowed:
            continue
        for reason in link.reasons:
            if reason.says in {EXPLICITLY_DENIES, IMPLICITLY_DENIES}:
                places = [
                    f"{each.policy.place}: {each.statement.get('Sid', 'a statement')}" for each in reason.statements
                ]
                details = [*reason.missing, *(places if reason.says == EXPLICITLY_DENIES else [])]
                yield f"{reason.kind}: {reason.says} {link.link.request.action}: {'; '.join(details)}"
