"""`crossrole can CALLER [via GRANT] ACTION RESOURCE`: allowed or refused, why, and the fix."""

from collections.abc import Sequence
from dataclasses import dataclass

from crossrole.engines.simulator import Simulator
from crossrole.evaluation.assumptions import Assumption
from crossrole.evaluation.fixes import Fix, fixes_of
from crossrole.evaluation.question import Question
from crossrole.evaluation.reasons import Explained, explained, unless_text
from crossrole.evaluation.requests import links_of
from crossrole.templates.inventory import Inventory

_ALWAYS = Assumption("no organization's control policy and no VPC endpoint's policy refuses it")


@dataclass(frozen=True)
class Answer:
    """What became of a question, request by request."""

    question: Question
    links: tuple[Explained, ...]
    fixes: tuple[Fix, ...]

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


def ask(inventory: Inventory, simulator: Simulator, question: Question) -> Answer:
    """Return the answer to a question; raises `CommandError` where it can't be judged."""
    return ask_all(inventory, simulator, [question])[0]


def ask_all(inventory: Inventory, simulator: Simulator, questions: Sequence[Question]) -> list[Answer]:
    """Return the answers to many questions, judged in one go."""
    chains = [links_of(inventory, question) for question in questions]
    every = [link for links in chains for link in links]
    open_ = [link.otherwise for link in every if link.elsewhere]
    decided = simulator.decide([*(link.request for link in every), *open_])
    decisions, otherwise = iter(decided), iter(decided[len(every) :])
    answers = []
    for question, links in zip(questions, chains, strict=True):
        found = tuple(explained(each, next(decisions), next(otherwise) if each.elsewhere else None) for each in links)
        answers.append(Answer(question, found, tuple(fixes_of(inventory, simulator, question, found))))
    return answers
