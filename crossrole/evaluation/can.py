"""`crossrole can CALLER [via GRANT] ACTION RESOURCE`: allowed or denied, why, and the fix."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from crossrole.engines.prover import Prover
from crossrole.engines.simulator import Simulator
from crossrole.evaluation.assumptions import Assumption
from crossrole.evaluation.bounds import bounds_of
from crossrole.evaluation.by_proof import decided
from crossrole.evaluation.fixes import Fix, fixes_of, wants_a_grant
from crossrole.evaluation.question import Question
from crossrole.evaluation.reasons import Explained, explained, unless_text
from crossrole.evaluation.requests import links_of
from crossrole.templates.inventory import Inventory

_ALWAYS = Assumption("no organization's control policy and no VPC endpoint's policy denies it")


@dataclass(frozen=True)
class Answer:
    """What became of a question, request by request."""

    question: Question
    links: tuple[Explained, ...]
    fixes: tuple[Fix, ...]
    conditions: tuple[str, ...] = ()
    """The templates' conditions that decide it, where the answer is not the same whether they are met or not."""
    has_guardrails: bool = False
    """Whether a person gave the control policies and the VPC endpoint's policies."""

    @property
    def allowed(self) -> bool:
        """Whether every request of the chain is allowed, as far as the templates know."""
        return not self.conditions and all(link.allowed for link in self.links)

    @property
    def denied(self) -> bool:
        """Whether a request of the chain is denied, whatever is not known."""
        return not self.conditions and any(link.denied for link in self.links)

    @property
    def depends(self) -> tuple[str, ...]:
        """What is not known and decides it; nothing where it is denied for certain, or allowed."""
        if self.denied:
            return ()
        return tuple(dict.fromkeys([*self.conditions, *(each for link in self.links for each in link.depends)]))

    @property
    def unless(self) -> str | None:
        """What outside the templates would have to allow it; None where the templates decide alone."""
        open_ = [link for link in self.links if link.unless]
        if self.denied or not open_:
            return None
        return " and ".join(dict.fromkeys(unless_text(link.unless) for link in open_))

    @property
    def exit_status(self) -> int:
        """0 where it is allowed, 1 where it is denied, 2 where that is not known."""
        return 1 if self.denied else 2 if self.depends or self.unless else 0

    @property
    def assumptions(self) -> list[Assumption]:
        """What the answer rests on and the templates do not say."""
        known = [] if self.has_guardrails else [_ALWAYS]
        return list(dict.fromkeys([*(each for link in self.links for each in link.link.assumptions), *known]))


def ask(inventory: Inventory, simulator: Simulator, question: Question, prover: Prover | None = None) -> Answer:
    """Return the answer to a question; raises `CommandError` where it can't be evaluated.

    With a prover, what depends on keys whose values are not known is proved where it can be.
    """
    (answer,) = ask_all(inventory, simulator, [question])
    if prover is None or not answer.depends:
        return answer
    return replace(answer, links=tuple(_proved(link, prover) for link in answer.links))


def _proved(link: Explained, prover: Prover) -> Explained:
    """Return a request with its decision where it is the same for every value; as it is where that is not proved."""
    # The prover knows users and roles alone.
    known = ":role/" in link.link.request.principal or ":user/" in link.link.request.principal
    if not known or not link.depends or link.link.depends or link.link.may_allow or link.unless:
        return link
    allowed = decided(link.link.request, prover)
    return link if allowed is None else replace(link, allowed=allowed, depends=(), proved=True)


def whatever_is_met(answers: Sequence[tuple[Mapping[tuple[str, str], bool], Answer]]) -> Answer:
    """Return the answer that holds whichever of the templates' conditions are met; if they differ, on which it depends.

    Each answer stands beside the conditions that it was given under, by stack and name.
    """
    _, first = answers[0]
    if len({answer.exit_status for _, answer in answers}) == 1:
        return first
    names = dict.fromkeys(name for met, _ in answers for name in met)
    depends = tuple(f"the condition {name} of {stack}, which depends on what is not known" for stack, name in names)
    return replace(first, conditions=depends)


def ask_all(inventory: Inventory, simulator: Simulator, questions: Sequence[Question]) -> list[Answer]:
    """Return the answers to many questions, evaluated in one batch, and the ways through a grant in a second."""
    found = _found(inventory, simulator, questions)
    ways = _ways(inventory, simulator, questions, found)
    return [
        Answer(
            question, links, tuple(fixes_of(inventory, links, through)), has_guardrails=inventory.guardrails.complete
        )
        for question, links, through in zip(questions, found, ways, strict=True)
    ]


def _found(inventory: Inventory, simulator: Simulator, questions: Sequence[Question]) -> list[tuple[Explained, ...]]:
    """Return the requests of each question, each with its decision and the reasons for it."""
    chains = [links_of(inventory, question) for question in questions]
    every = [link for links in chains for link in links]
    bounds = [bounds_of(link.request) for link in every]
    requests = [[each.most, *([] if each.certain else [each.least])] for each in bounds]
    open_ = [bounds_of(link.otherwise).most for link in every if link.outside]
    outcomes = simulator.decide([*(one for each in requests for one in each), *open_])
    number = sum(map(len, requests))
    decisions, otherwise = iter(outcomes), iter(outcomes[number:])
    found = [
        explained(
            link,
            next(decisions),
            next(otherwise) if link.outside else None,
            least=None if each.certain else next(decisions),
        )
        for link, each in zip(every, bounds, strict=True)
    ]
    of_chains = iter(found)
    return [tuple(islice(of_chains, len(links))) for links in chains]


def _ways(
    inventory: Inventory, simulator: Simulator, questions: Sequence[Question], found: Sequence[Sequence[Explained]]
) -> list[list[str]]:
    """Return for each question the names of the grants through which its caller can, where a request wants one."""
    detours = [
        [
            (
                grant.name,
                [bounds_of(each.request).least for each in links_of(inventory, replace(question, via=grant, given={}))],
            )
            for grant in (inventory.grants if any(wants_a_grant(inventory, link) for link in links) else [])
        ]
        for question, links in zip(questions, found, strict=True)
    ]
    decisions = iter(simulator.decide([each for chains in detours for _, requests in chains for each in requests]))
    evaluated = [[(name, list(islice(decisions, len(requests)))) for name, requests in chains] for chains in detours]
    return [[name for name, decided in chains if all(each.allowed for each in decided)] for chains in evaluated]
