"""`crossrole can CALLER [via GRANT] ACTION RESOURCE`: allowed or refused, why, and the mend."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from crossrole.actions import known_action, works_on_no_resource
from crossrole.arn import parse_arn, parse_principal
from crossrole.assumption import Assumption
from crossrole.chain import Question, links_of
from crossrole.context import PRINCIPAL_TAG
from crossrole.engine import Context, Simulator
from crossrole.landscape import Identity, Landscape
from crossrole.mend import Mend, mends_of
from crossrole.reasons import Explained, as_json, as_lines, explained, unless_text
from crossrole.unusable import Unusable, nearest

_ALWAYS = Assumption("no organization's control policy and no VPC endpoint's policy refuses it")


@dataclass(frozen=True)
class Answer:
    """What became of a question, request by request."""

    question: Question
    links: tuple[Explained, ...]
    mends: tuple[Mend, ...]

    @property
    def allowed(self) -> bool:
        """Whether every request of the chain is allowed, as far as the templates know."""
        return all(link.allowed for link in self.links)

    @property
    def unless(self) -> str | None:
        """What would have to allow it in no template; None where the answer is certain as far as the templates know."""
        refused = [link for link in self.links if not link.allowed]
        if not refused or not all(link.unless for link in refused):
            return None
        return " and ".join(dict.fromkeys(unless_text(link.unless) for link in refused))

    @property
    def assumptions(self) -> list[Assumption]:
        """What the answer rests on and no template says."""
        return list(dict.fromkeys([*(each for link in self.links for each in link.link.assumptions), _ALWAYS]))


def question_of(
    landscape: Landscape, *, caller: str, via: str | None, action: str, resource: str, given: Context, now: datetime
) -> Question:
    """Return the question that the words ask; raises `Unusable` for words that mean nothing here."""
    known, whole = known_resource(action, resource)
    return Question(
        caller=_caller(landscape, caller),
        via=landscape.grant(via) if via else None,
        action=known,
        resource=whole,
        given=given,
        now=now,
    )


def ask(landscape: Landscape, simulator: Simulator, question: Question) -> Answer:
    """Return the answer to a question; raises `Unusable` where it can't be judged."""
    return ask_all(landscape, simulator, [question])[0]


def ask_all(landscape: Landscape, simulator: Simulator, questions: Sequence[Question]) -> list[Answer]:
    """Return the answers to many questions, judged in one go."""
    chains = [links_of(landscape, question) for question in questions]
    every = [link for links in chains for link in links]
    open_ = [link.otherwise for link in every if link.elsewhere]
    decided = simulator.decide([*(link.request for link in every), *open_])
    decisions, otherwise = iter(decided), iter(decided[len(every) :])
    answers = []
    for question, links in zip(questions, chains, strict=True):
        found = tuple(explained(each, next(decisions), next(otherwise) if each.elsewhere else None) for each in links)
        answers.append(Answer(question, found, tuple(mends_of(landscape, simulator, question, found))))
    return answers


def _caller(landscape: Landscape, text: str) -> str:
    if not text.startswith("arn:"):
        return _named(landscape, text).arn
    arn = parse_principal(text)
    if arn.service != "sts":
        return text
    # A session's ARN leaves out the role's path, which the policies know.
    _, role, _ = arn.resource.split("/")
    known = list(filter(None, (_as_role(each, arn.account, role) for each in landscape.named_principals())))
    if len(known) > 1:
        raise Unusable(f'"{text}" may be a session of {" or ".join(known)}; give the role\'s ARN')
    return known[0] if known else f"arn:{arn.partition}:iam::{arn.account}:role/{role}"


def _as_role(named: str, account: str, role: str) -> str | None:
    """Return the ARN of the role, if a name in the templates is its ARN, or a pattern that its ARN is like."""
    path, _, name = named.rpartition("/")
    fits = named.startswith("arn:") and f":{account}:role" in path and fnmatchcase(role, name.replace("[", "[[]"))
    return f"{path}/{role}" if fits else None


def _named(landscape: Landscape, name: str) -> Identity:
    found = [identity for identity in landscape.identities if identity.name == name]
    if len(found) == 1:
        return found[0]
    if found:
        raise Unusable(f'"{name}" is {" and ".join(each.arn for each in found)}; give the ARN of one')
    names = [identity.name for identity in landscape.identities]
    raise Unusable(f'no template makes a role or user "{name}"{nearest(name, names)}')


def known_resource(action_text: str, text: str) -> tuple[str, str]:
    """Return the action and the resource as AWS writes them; raises `Unusable` for words that are neither."""
    action = known_action(action_text)
    if works_on_no_resource(action):
        if text != "*":
            raise Unusable(f'{action} works on no single resource; write "*"')
        return action, text
    example = "arn:aws:s3:::BUCKET/KEY" if action.startswith("s3:") else "the one that aws … describe shows"
    if text.startswith("s3://"):
        raise Unusable(f'"{text}" is no ARN; write arn:aws:s3:::{text.removeprefix("s3://")}')
    parse_arn(text, example=example)
    if not text.isprintable():
        raise Unusable(f"{text!r} holds a character that is not printed; the engines judge such a key differently")
    if "*" in text:
        raise Unusable(f"{text} stands for many resources; name one, such as {text.replace('*', 'example')}")
    return action, text


def answer_json(answer: Answer) -> dict[str, Any]:
    """Return the answer for `--json`."""
    question = answer.question
    return {
        "allowed": None if answer.unless else answer.allowed,
        "unless": answer.unless,
        "caller": question.caller,
        "via": question.via.arn if question.via else None,
        "action": question.action,
        "resource": question.resource,
        "links": [as_json(link) for link in answer.links],
        "mends": [mend.as_json() for mend in answer.mends],
        "assumptions": [{"text": each.text, "needed": each.needed} for each in answer.assumptions],
    }


def answer_text(answer: Answer) -> str:
    """Return the answer as a person reads it: the verdict, each request with its reasons, the mend, the assumptions."""
    question = answer.question
    verdict = "refused" if not answer.allowed else "allowed"
    if answer.unless:
        verdict = f"refused by the templates, unless {answer.unless}"
    if answer.allowed and any(each.needed for each in answer.assumptions):
        verdict = "allowed, if what no template shows allows it too"
    through = f" via {question.via.name}" if question.via else ""
    lines = [f"{verdict}: {question.caller}{through}, {question.action} on {question.resource}"]
    lines += [*(f"mend      {mend.text}" for mend in answer.mends), ""]
    for number, link in enumerate(answer.links, start=1):
        lines += as_lines(number, link)
    lines.append("")
    lines += [f"assumed   {'needed: ' if each.needed else ''}{each.text}" for each in answer.assumptions]
    lines += [f"asked     {line}" for line in _context_lines(answer)]
    return "\n".join(lines)


_PLAIN = (
    "aws:PrincipalArn",
    "aws:PrincipalAccount",
    "aws:PrincipalIsAWSService",
    "aws:PrincipalType",
    "aws:ResourceAccount",
    "aws:ViaAWSService",
    "aws:username",
)


def _context_lines(answer: Answer) -> list[str]:
    """Return what the requests were asked with, each key once for all requests that share its value."""
    shared: dict[str, list[int]] = {}
    for number, link in enumerate(answer.links, start=1):
        for key, value in link.link.request.context.items():
            if key not in _PLAIN and (key in answer.question.given or not key.startswith(PRINCIPAL_TAG)):
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
