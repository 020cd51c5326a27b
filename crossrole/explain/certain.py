"""What the templates say for certain of a refusal: `can` asked about the caller, action and resource that it names."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from crossrole.can import Answer, ask, question_of
from crossrole.chain import ASSUME, Question
from crossrole.engine import FailedCondition, Simulator
from crossrole.explain.facts import Facts
from crossrole.grant import Grant, grants_of
from crossrole.landscape import Landscape
from crossrole.reasons import LACKS, REFUSES
from crossrole.unusable import Unusable

_MOST_CALLERS = 4
_MOST_ROUNDS = 4


@dataclass(frozen=True)
class Verdict:
    """The decision on one caller; `named` tells whether the text names it, or it is one who could have been meant."""

    allowed: bool
    caller: str
    action: str
    resource: str
    named: bool
    why: tuple[str, ...]
    mends: tuple[str, ...]
    sent: tuple[str, ...]
    """What the request must have carried to be allowed, as `--context` takes it."""
    needed: tuple[str, ...]
    """What must be allowed where no template shows it."""
    unless: str | None = None
    """What is in no template and may allow what the templates do not; None where a refusal is certain."""

    @property
    def command(self) -> str:
        """The command that shows the whole decision."""
        context = [word for pair in self.sent for word in ("--context", pair)]
        return f"python -m crossrole can {shlex.join([self.caller, self.action, self.resource, *context])}"

    def as_json(self) -> dict[str, Any]:
        """Return the decision for `--json`."""
        return {
            "allowed": None if self.unless else self.allowed,
            "unless": self.unless,
            "caller": self.caller,
            "action": self.action,
            "resource": self.resource,
            "caller_is_named": self.named,
            "why": list(self.why),
            "mends": list(self.mends),
            "if_sent": list(self.sent),
            "needed": list(self.needed),
            "command": self.command,
        }


def verdicts_of(landscape: Landscape, simulator: Simulator, facts: Facts, now: datetime) -> list[Verdict]:
    """Return the decisions on what the text names; raises `Unusable` where it names too little, or nothing known."""
    if facts.action is None or facts.resource is None:
        missing = " and no ".join(name for name in ("action", "resource") if getattr(facts, name) is None)
        raise Unusable(f"the text names no {missing}")
    callers = [facts.caller] if facts.caller else _who_could(landscape, facts)
    if not callers:
        raise Unusable(f"the text names no caller, and no template says who could call {facts.action}")
    if facts.caller and not _knows(landscape, facts):
        raise Unusable(f"the templates know neither {facts.principal} nor {facts.resource}")
    if facts.caller and not _is_of_grants(facts.action) and facts.principal not in _in_templates(landscape):
        raise Unusable(f"no grant gives {facts.action}, and {facts.principal} is in no template")
    return [_verdict(landscape, simulator, facts, caller, now) for caller in callers[:_MOST_CALLERS]]


def grant_meant(landscape: Landscape, facts: Facts) -> Grant | None:
    """Return the grant that the text is about: whose role it names, else the only one that reaches its bucket."""
    grants = grants_of(landscape)
    for named in (facts.resource, facts.principal):
        # A session's ARN leaves out the role's path.
        found = [
            each for each in grants if named and named in {each.arn, f"arn:aws:iam::{each.account}:role/{each.name}"}
        ]
        if found:
            return found[0]
    reaching = [each for each in grants if facts.bucket and _reaches(each, facts.bucket)]
    trusting = [each for each in grants if facts.principal in each.principals]
    for some in (reaching, trusting, grants):
        if len(some) == 1:
            return some[0]
    return None


def _knows(landscape: Landscape, facts: Facts) -> bool:
    resource = facts.resource or ""
    names = {identity.name for identity in landscape.identities}
    return (
        landscape.resource_policy(resource) is not None
        or landscape.bucket_of(resource) is not None
        or any(_reaches(each, facts.bucket) for each in grants_of(landscape) if facts.bucket)
        or facts.principal in landscape.named_principals()
        or (facts.principal or "").rpartition("/")[2] in names
    )


def _is_of_grants(action: str) -> bool:
    return action.lower().startswith(("s3:", "kms:", "sts:"))


def _in_templates(landscape: Landscape) -> set[str]:
    return {identity.arn for identity in landscape.identities}


def _reaches(grant: Grant, bucket: str) -> bool:
    return any(reach.bucket == bucket for reach in grant.reaches)


def _who_could(landscape: Landscape, facts: Facts) -> list[str]:
    """Return who could have been refused where the text does not say who was: it is about some grant's role."""
    grants = grants_of(landscape)
    if facts.action == ASSUME:
        trusted = [name for each in grants if each.arn == facts.resource for name in each.principals]
        return [each for each in trusted if each.startswith("arn:") and "*" not in each and ":root" not in each]
    if facts.bucket:
        return [each.arn for each in grants if _reaches(each, facts.bucket)]
    return []


def _verdict(landscape: Landscape, simulator: Simulator, facts: Facts, caller: str, now: datetime) -> Verdict:
    question = question_of(
        landscape,
        caller=caller,
        via=None,
        action=facts.action or "",
        resource=facts.resource or "",
        given={},
        now=now,
    )
    first = ask(landscape, simulator, question)
    answer = _with_what_is_wanted(landscape, simulator, question, first)
    told = answer if answer.allowed else first
    return Verdict(
        allowed=told.allowed,
        caller=told.question.caller,
        action=told.question.action,
        resource=told.question.resource,
        named=caller == facts.caller,
        why=tuple(_why(told)),
        mends=tuple(_mends(told)),
        sent=tuple(f"{key}={value}" for key, value in told.question.given.items()),
        needed=tuple(each.text for each in told.assumptions if each.needed),
        unless=told.unless,
    )


def _with_what_is_wanted(landscape: Landscape, simulator: Simulator, question: Question, answer: Answer) -> Answer:
    """Return the answer for a request that carries what the policies ask for, which an error text does not show."""
    given: dict[str, str | list[str]] = {}
    for _ in range(_MOST_ROUNDS):
        wanted = {**given, **dict(_wanted(landscape, question, answer))}
        if answer.allowed or wanted == given:
            break
        given = wanted
        answer = ask(landscape, simulator, replace(question, given=given))
    return answer


def _wanted(landscape: Landscape, question: Question, answer: Answer) -> Iterator[tuple[str, str]]:
    roles = {question.caller, question.resource}
    for grant in grants_of(landscape):
        if grant.arn in roles and grant.source_ips:
            yield "aws:SourceIp", grant.source_ips[0].partition("/")[0]
    for link in answer.links:
        for reason in link.reasons:
            if reason.says == LACKS:
                for judged in reason.statements:
                    yield from (pair for failed in judged.failed for pair in _met(failed))


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


def _mends(answer: Answer) -> Iterator[str]:
    """Yield the mends; before one that lets somebody in, that the refusal may be right."""
    if any((mend.key, mend.do) == ("principals", "add") for mend in answer.mends):
        caller = answer.question.caller
        yield f"none, if {caller} was never meant to get in: then the grant has done its work; ask who called"
        yield from (f"only if it is meant to: {mend.text}" for mend in answer.mends)
    else:
        yield from (mend.text for mend in answer.mends)


def _why(answer: Answer) -> Iterator[str]:
    for link in answer.links:
        if link.allowed:
            continue
        for reason in link.reasons:
            if reason.says in {REFUSES, LACKS}:
                places = [
                    f"{each.policy.place}: {each.statement.get('Sid', 'a statement')}" for each in reason.statements
                ]
                details = [*reason.missing, *(places if reason.says == REFUSES else [])]
                yield f"{reason.kind}: {reason.says} {link.link.request.action}: {'; '.join(details)}"
