"""An explanation as text: the trouble and the fix first, 80 columns wide or as the terminal is, commands unbroken."""

import re
from collections.abc import Iterator, Sequence

from crossrole.explain.catalogue.model import Cause
from crossrole.explain.explanation import NEXT, Explanation
from crossrole.explain.facts import Facts
from crossrole.explain.placeholders import ADMINISTRATOR
from crossrole.explain.verdicts import Verdict
from crossrole.printing import wrapped

MARKS = re.compile(
    r"^(?:(?P<unknown>not certain:)|(?P<heading>certain:|possible causes?(?:, .*)?:$|next, .*:$"
    r"|(?<!.\n)(?:[0-9]+ of [0-9]+[^.]*\. )?[\w-]+(?=: ))"
    r")",
    re.MULTILINE,
)
"""How the text is coloured."""


def explanations_text(explanations: Sequence[Explanation], *, skipped: bool, width: int | None = None) -> list[str]:
    """Return the lines of the answer, as wide as a terminal if that is given; the root of a chain is first."""
    lines: list[str] = []
    for number, each in enumerate(explanations, start=1):
        own = list(_lines(each, width))
        if len(explanations) > 1:
            own[0] = f"{number} of {len(explanations)}{', the root first' if number == 1 else ''}. {own[0]}"
        lines += [*([""] if lines else []), *own]
    return [*lines, *(["", _SKIPPED] if skipped else [])]


def unrecognised_text(facts: Facts, *, skipped: bool) -> list[str]:
    """Return the lines where nothing was recognised: the facts, and the next command."""
    lines = ["explain does not recognise this text."]
    lines += list(_facts(facts)) or ["  It names no error code, caller, action or resource of AWS."]
    lines += ["", "next, check the deployed chain step by step:", f"  {NEXT}"]
    return [*lines, *(["", _SKIPPED] if skipped else [])]


_SKIPPED = "note: the text is long; only its lines that look like errors were read, and of these the last 256 KB."


def _lines(explanation: Explanation, width: int | None) -> Iterator[str]:
    trouble = explanation.found.trouble
    yield from _wrapped(f"{trouble.name}: ", trouble.means, width)
    yield from _wrapped("  seen    ", explanation.found.seen, width)
    yield from _facts(explanation.found.facts)
    yield ""
    certain = explanation.certain
    if certain:
        yield from _certain(certain, explanation.doctor, width)
    else:
        for verdict in explanation.verdicts:
            yield from _possible(verdict, width)
        if explanation.undecided:
            yield from _wrapped("", f"no decision was run on the templates: {explanation.undecided}", width)
    if explanation.lists_causes:
        if certain or explanation.verdicts or explanation.undecided:
            yield ""
        yield "possible causes, likeliest first:" if len(explanation.causes) > 1 else "possible cause:"
        for number, cause in enumerate(explanation.causes, start=1):
            yield from _wrapped(f"  {number}. ", f"{cause.side}: {cause.what}", width)
            yield f"     check {cause.check}"
            yield from _with_commands("     fix   ", cause, width)
    shown = [explanation.doctor if certain and certain.allowed else "", *(each.check for each in explanation.causes)]
    if any(ADMINISTRATOR in each for each in shown) and explanation.lists_causes:
        yield from _wrapped(
            "",
            f"{ADMINISTRATOR} stands for an administrator's profile of the caller's account: nobody has a profile of "
            "a function's role, so doctor checks the grant's principal with it.",
            width,
        )
    yield f"source: {trouble.source}"


def _facts(facts: Facts) -> Iterator[str]:
    asked = " on ".join(filter(None, (facts.action or facts.operation, facts.resource)))
    for name, value in (
        ("code", facts.code),
        ("caller", facts.caller),
        ("action", asked),
        ("policy", facts.policy),
        ("request", facts.request_id),
    ):
        if value:
            yield f"  {name:<7} {value}"


def _certain(verdict: Verdict, doctor: str, width: int | None) -> Iterator[str]:
    if not verdict.allowed:
        if verdict.depends:
            yield from _wrapped("", f"not certain: it depends on {' and '.join(verdict.depends)}.", width)
        elif verdict.unless:
            yield from _wrapped("", f"not certain: the templates deny this, unless {verdict.unless}.", width)
        else:
            yield "certain: the templates deny this."
        for why in verdict.why:
            yield from _wrapped("  why     ", why, width)
        for fix in verdict.fixes:
            yield from _wrapped("  fix     ", fix, width)
        yield f"  see     {verdict.command}"
        return
    if verdict.sent:
        yield from _wrapped("certain: ", "the templates allow this only where the call carries", width)
        yield from (f"  {pair}" for pair in verdict.sent)
    elif verdict.needed:
        yield "not certain: the templates allow this only"
    else:
        yield "certain: the templates allow this."
    for needed in verdict.needed:
        yield from _wrapped("  if      ", needed, width)
    conditional = "Check that first: an error text does not show it. If it holds, "
    otherwise = "the deployed policies differ from cdk.out, were changed or revoked since, or a policy outside the "
    start = conditional if verdict.sent or verdict.needed else "So "
    yield from _wrapped("", f"{start}{otherwise}templates denies it.", width)
    yield "Check the deployed policies:"
    yield f"  {doctor}"


def _possible(verdict: Verdict, width: int | None) -> Iterator[str]:
    name = verdict.caller.rpartition("/")[2]
    says = "allow" if verdict.allowed else "do not decide" if verdict.depends else "deny"
    unless = f", unless {verdict.unless}" if verdict.unless else ""
    unless = f", which depends on {' and '.join(verdict.depends)}" if verdict.depends else unless
    sent = f", where the call carries {' and '.join(verdict.sent)}" if verdict.sent else ""
    yield from _wrapped("", f"if it was {name}: the templates {says} this{sent}{unless}.", width)
    if not verdict.allowed:
        for fix in verdict.fixes:
            yield from _wrapped("  fix     ", fix, width)
    yield f"  see     {verdict.command}"


def _with_commands(head: str, cause: Cause, width: int | None) -> Iterator[str]:
    """Yield the fix with each of its commands on a line of its own, which can be pasted whole."""
    indent = " " * len(head)
    for number, part in enumerate(cause.fix_parts):
        if number % 2:
            yield f"{head}{part}"
        elif words := part.strip().lstrip(",;").strip():
            yield from _wrapped(head, words, width)
        else:
            continue
        head = indent


def _wrapped(head: str, text: str, width: int | None) -> list[str]:
    # What goes on at the very left could pass for a line of its own.
    return wrapped(head, text, width, indent=len(head) if head.startswith(" ") else 2)
