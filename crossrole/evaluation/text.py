"""What `can` and `who` answer, as text and as JSON."""

import json
import re
from typing import Any

from crossrole.engines.simulator import Evaluated
from crossrole.evaluation.assumptions import ASSUMED
from crossrole.evaluation.can import Answer
from crossrole.evaluation.context import PRINCIPAL_TAG
from crossrole.evaluation.reasons import ALLOWS, EXPLICITLY_DENIES, IMPLICITLY_DENIES, SILENT, Explained, Reason
from crossrole.evaluation.who import Callers
from crossrole.unknown import all_worded

CAN_MARKS = re.compile(
    r"^(?: +[0-9]+\. .*: )?(?:(?P<ok>allowed(?=:|$))|(?P<denied>denied(?=:|$))"
    r"|(?P<unknown>allowed, if|denied by the templates, unless|unknown))",
    re.MULTILINE,
)
WHO_MARKS = re.compile(r"\A(?P<heading>.*)")
"""How the two texts are coloured."""


def answer_text(answer: Answer) -> str:
    """Return the answer as a person reads it: the verdict, each request with its reasons, the fix, the assumptions."""
    question = answer.question
    verdict = "denied" if answer.denied else "allowed"
    if answer.unless:
        verdict = f"denied by the templates, unless {answer.unless}"
    if answer.depends:
        verdict = "unknown"
    if answer.exit_status == 0 and any(each.needed for each in answer.assumptions):
        verdict = "allowed, if what is outside the templates allows it too"
    through = f" via {question.via.name}" if question.via else ""
    lines = [f"{verdict}: {question.asker}{through}, {question.action} on {question.resource}"]
    lines += [*(f"depends   on {each}{_settled(each)}" for each in answer.depends), ""]
    for number, link in enumerate(answer.links, start=1):
        lines += _link_lines(number, link)
    lines += ["", *(f"fix       {fix.text}" for fix in answer.fixes)]
    lines += [f"assumed   {'needed: ' if each.needed else ''}{each.text}" for each in answer.assumptions]
    lines += [f"asked     {line}" for line in _context_lines(answer)]
    return "\n".join(lines)


def _settled(what: str) -> str:
    """Return how a person settles what is not known: a condition key's value can be given."""
    return f"; settle it with --context {what}=VALUE" if re.fullmatch(r"[\w.-]+:[\w/:-]+", what) else ""


def _link_lines(number: int, explained_link: Explained) -> list[str]:
    """Return a request and its reasons as text."""
    lines = [f"  {number}. {explained_link.link.step}: {explained_link.verdict}"]
    if explained_link.proved:
        return [*lines, "     by proof, for every value of the keys that the request carries and that are not known"]
    for reason in explained_link.reasons:
        if not explained_link.allowed and reason.says in {ALLOWS, SILENT}:
            continue
        if all(each.policy.template == ASSUMED for each in reason.statements) and reason.statements:
            lines.append(f"     {reason.kind} outside the templates: see what is assumed")
            continue
        lines.append(f"     {reason.kind}: {reason.says}{_it(explained_link, reason)}")
        lines += [f"       {each}" for each in reason.missing]
        for each in reason.statements:
            lines.append(f"       {_nearly(reason)}{_where(each)}")
            lines.append(f"         {json.dumps(all_worded(each.statement))}")
    return lines


def _it(explained_link: Explained, reason: Reason) -> str:
    return (
        f" {explained_link.link.request.action}"
        if reason.says in {ALLOWS, EXPLICITLY_DENIES, IMPLICITLY_DENIES}
        else ""
    )


def _nearly(reason: Reason) -> str:
    return "nearest: " if reason.says == IMPLICITLY_DENIES else ""


def _where(evaluated: Evaluated) -> str:
    policy = evaluated.policy
    sid = evaluated.statement.get("Sid")
    return f"{policy.template}, {policy.logical_id}, {policy.name}" + (f": {sid}" if sid else "")


_PLAIN = (
    "aws:PrincipalArn",
    "aws:PrincipalAccount",
    "aws:PrincipalIsAWSService",
    "aws:PrincipalType",
    "aws:ResourceAccount",
    "aws:ViaAWSService",
    "aws:username",
)


# A service's own key of a resource's tags says what aws:ResourceTag says.
_REPEATS = re.compile(r"(?!aws:)[^:]+:(?:resource|bucket)tag/")


def _context_lines(answer: Answer) -> list[str]:
    """Return what the requests were asked with, each key once for all requests that share its value."""
    shared: dict[str, list[int]] = {}
    for number, link in enumerate(answer.links, start=1):
        for key, value in link.link.request.context.items():
            if key in answer.question.given or not (
                key in _PLAIN or key.startswith(PRINCIPAL_TAG) or _REPEATS.match(key)
            ):
                text = f"{key}={value if isinstance(value, str) else ','.join(value)}"
                shared.setdefault(text, []).append(number)
    every = list(range(1, len(answer.links) + 1))
    groups: dict[tuple[int, ...], list[str]] = {}
    for text, numbers in shared.items():
        groups.setdefault(tuple(numbers), []).append(text)
    return [
        ("" if list(numbers) == every else f"{', '.join(map(str, numbers))}: ") + " ".join(texts)
        for numbers, texts in groups.items()
    ]


def answer_json(answer: Answer) -> dict[str, Any]:
    """Return the answer for `--json`."""
    question = answer.question
    return {
        "allowed": None if answer.exit_status == 2 else answer.allowed,  # noqa: PLR2004 the status for what is not known
        "unless": answer.unless,
        "depends": list(answer.depends),
        "caller": question.asker,
        "via": question.via.arn if question.via else None,
        "action": question.action,
        "resource": question.resource,
        "links": [_link_json(link) for link in answer.links],
        "fixes": [fix.as_json() for fix in answer.fixes],
        "assumptions": [{"text": each.text, "needed": each.needed} for each in answer.assumptions],
    }


def _link_json(explained_link: Explained) -> dict[str, Any]:
    """Return a request and its reasons for `--json`."""
    link = explained_link.link
    return {
        "step": link.step,
        "principal": link.request.principal,
        "action": link.request.action,
        "resource": link.request.resource,
        "allowed": None if explained_link.unless or explained_link.depends else explained_link.allowed,
        "unless": list(explained_link.unless),
        "depends": list(explained_link.depends),
        "context": dict(link.request.context),
        "policies": [
            {
                "kind": reason.kind,
                "says": reason.says,
                "statements": [_statement_json(each) for each in reason.statements],
                "missing": list(reason.missing),
            }
            for reason in explained_link.reasons
        ],
    }


def _statement_json(evaluated: Evaluated) -> dict[str, Any]:
    policy = evaluated.policy
    return {
        "template": None if policy.template == ASSUMED else policy.template,
        "logical_id": policy.logical_id or None,
        "policy": policy.name or None,
        "sid": evaluated.statement.get("Sid"),
        "statement": evaluated.statement,
    }


def ways_text(callers: Callers, action: str, resource: str) -> str:
    """Return the callers as a person reads them."""
    ways = callers.ways
    if not ways:
        lines = [f"no caller in the templates can do {action} on {resource}"]
        if callers.depends:
            lines = [f"unknown: no caller that is evaluated can do {action} on {resource}"]
    else:
        lines = [f"{len(ways) if len(ways) > 1 else 'one'} can do {action} on {resource}:"]
    for way in ways:
        lines += ["", f"  {way.caller}" + (f" through {way.via}" if way.via else "")]
        lines += [f"    if  {each}" for each in way.conditions]
        lines += [f"    if  {each.text}" for each in way.assumptions if each.needed]
    if callers.depends:
        lines += ["", "it depends on what may give or take access and is not evaluated:"]
        lines += [f"  {each}" for each in callers.depends]
    return "\n".join([*lines, "", _OTHERS] if ways else lines)


_OTHERS = "others may be able to by policies outside the templates, such as the accounts' administrators"
