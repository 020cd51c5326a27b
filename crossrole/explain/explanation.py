"""The meaning of an error text: the trouble, its side, and the fix; certain where the templates decide it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crossrole.engines.simulator import Simulator
from crossrole.environment import Environment
from crossrole.errors import CommandError
from crossrole.explain.catalogue.model import CALL, DEV, Cause
from crossrole.explain.facts import Facts
from crossrole.explain.match import Found
from crossrole.explain.placeholders import filled, words_of
from crossrole.explain.verdicts import Verdict, grant_meant, verdicts_of
from crossrole.iam.actions import ASSUME
from crossrole.templates.grant import Grant
from crossrole.templates.inventory import Inventory

_NEXT = Cause(CALL, "", "python -m crossrole doctor {grant} --profile {doctor_profile} --prod-profile prod", "")
NEXT = filled(_NEXT, {}).check
"""The next command where nothing was recognised."""

# Policies outside the templates: where AWS names one of these, it denies too, whatever the templates decide.
_IN_NO_TEMPLATE = {"scp", "rcp", "session", "endpoint", "boundary"}


@dataclass(frozen=True)
class Explanation:
    """One trouble of a text with its causes, in the words of the text, and the templates' decision on it."""

    found: Found
    causes: tuple[Cause, ...]
    """Likeliest first; filled with values from the text and the templates."""
    verdicts: tuple[Verdict, ...]
    grant: str | None
    doctor: str
    """The command that checks the deployed chain."""
    undecided: str | None
    """Why no decision was made; None where one was made, or where the trouble is not a denial."""

    @property
    def certain(self) -> Verdict | None:
        """The decision, where the text names the caller."""
        return next((each for each in self.verdicts if each.named), None)

    @property
    def lists_causes(self) -> bool:
        """Whether the causes are printed: a denial that the templates explain needs none of them."""
        certain = self.certain
        return (
            certain is None
            or certain.allowed
            or certain.unless is not None
            or bool(certain.depends)
            or self.found.facts.policy_type in _IN_NO_TEMPLATE
        )

    def as_json(self) -> dict[str, Any]:
        """Return it for `--json`."""
        trouble = self.found.trouble
        return {
            "trouble": trouble.name,
            "means": trouble.means,
            "source": trouble.source,
            "seen": self.found.seen,
            "facts": self.found.facts.as_json(),
            "grant": self.grant,
            "decisions": [each.as_json() for each in self.verdicts],
            "undecided": self.undecided,
            "causes": [
                {"side": each.side, "what": each.what, "check": each.check, "fix": each.fix} for each in self.causes
            ],
        }


def explained(
    found: Sequence[Found], templates: Inventory | CommandError, environment: Environment
) -> list[Explanation]:
    """Return the meaning of each trouble; without templates, without a decision."""
    with environment.simulator() as simulator:
        return [_explained(each, templates, simulator, environment.now()) for each in found]


def _explained(found: Found, templates: Inventory | CommandError, simulator: Simulator, now: datetime) -> Explanation:
    facts = found.facts
    verdicts: list[Verdict] = []
    undecided = None
    if _is_denial(found):
        try:
            if isinstance(templates, CommandError):
                raise templates
            verdicts = verdicts_of(templates, simulator, facts, now)
        except CommandError as error:
            undecided = str(error)
    grant = None if isinstance(templates, CommandError) else _grant(templates, facts)
    stack = None if isinstance(templates, CommandError) else _stack(templates, facts)
    words = words_of(facts, grant, stack)
    causes = found.trouble.causes
    allowed = next((each for each in verdicts if each.named and each.allowed), None)
    if allowed:
        changed = [now for each in causes for now in _if_allowed(each, has_policies=stack is not None)]
        causes = (*_not_carried(allowed, facts), *(changed or causes))
    return Explanation(
        found,
        tuple(filled(cause, words) for cause in causes),
        tuple(verdicts),
        grant.name if grant else None,
        filled(_NEXT, words).check,
        undecided,
    )


def _if_allowed(cause: Cause, *, has_policies: bool) -> tuple[Cause, ...]:
    """Return a cause where the templates allow the request; they decide on a caller only if they hold its policies."""
    undecided = cause.side == DEV and cause.if_allowed and not has_policies
    return (cause,) if cause.if_allowed is None or undecided else cause.if_allowed


def _stack(templates: Inventory, facts: Facts) -> str | None:
    """Return the one stack that gives the caller policies."""
    stacks = {
        policy.template
        for identity in templates.identities
        for policy in identity.policies
        if identity.arn == facts.principal
    }
    return stacks.pop() if len(stacks) == 1 else None


def _not_carried(verdict: Verdict, facts: Facts) -> Iterator[Cause]:
    """Yield the cause that the call lacked a required value: an error text does not show what the call carried."""
    unknown = [each for each in verdict.sent if not (facts.through_s3 and each.startswith("kms:ViaService="))]
    if unknown:
        yield Cause(
            CALL,
            f"it came without {' or without '.join(_plain(each) for each in unknown)}",
            "python -m crossrole can {principal} {action} {resource}",
            "call with it: `python -m crossrole assume {grant} --profile {caller_profile}` sends what is required"
            if verdict.action == ASSUME
            else "call with it",
        )


def _plain(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _grant(templates: Inventory, facts: Facts) -> Grant | None:
    try:
        return grant_meant(templates, facts)
    except CommandError:
        return None


def _is_denial(found: Found) -> bool:
    """Return whether a policy may be the cause, so that the templates can decide it."""
    code = (found.facts.code or "").lower()
    denial = ("denies", "denied", "lacks", "trusted", "policy", "revoked", "account", "owner")
    return "accessdenied" in code or found.trouble.name.rsplit("-", 1)[-1] in denial


def explanations_json(explanations: Sequence[Explanation], facts: Facts, *, skipped: bool) -> Mapping[str, Any]:
    """Return the answer for `--json`; `facts` are those of a text in which nothing was recognised."""
    return {
        "recognised": bool(explanations),
        "troubles": [each.as_json() for each in explanations],
        "understood": facts.as_json(),
        "only_parts_read": skipped,
        "next": [] if explanations else [NEXT],
    }
