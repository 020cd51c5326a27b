"""The report as Markdown, for a pull request."""

import re
from collections.abc import Iterable, Iterator

from crossrole.report.model import NOT_KNOWN, GrantFacts, Report
from crossrole.report.words import Name, Words, counted


def markdown_of(report: Report) -> str:
    """Return the page's facts, without the drawings, as Markdown.

    Texts of a template or of git stand in code spans, so that they can't be markup, mentions or links.
    """
    lines = [
        f"# Access from other accounts, {report.now.date()}",
        "",
        f"{counted(len(report.grants), 'grant')}, {report.usable} usable now, {report.grave} with serious warnings.",
        "",
        "## Warnings",
        "",
        *(_warnings(report) or ["None: no grant is unusually wide, and none ends within 30 days."]),
        "",
        "## Grants",
        *(line for grant in report.grants for line in _grant(grant)),
        "",
        "## Callers and their own policies",
        "",
        *_halves(report),
        "",
        "## Buckets",
        "",
        *_buckets(report),
        "",
        "## Not evaluated",
        "",
        _say(NOT_KNOWN),
        "",
        *(f"- {_say(words)}" for words in report.unevaluated),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _warnings(report: Report) -> list[str]:
    lines = []
    for kind, found in report.warnings:
        serious = " (serious)" if kind.serious else ""
        lines.append(f"- **{kind.title}**{serious}. {kind.meaning}")
        lines += [f"  - {_code(grant.name)}: {_say(words)}" for grant, words in found]
    return lines


def _grant(grant: GrantFacts) -> Iterator[str]:
    yield from ("", f"### {_code(grant.name)}", "")
    yield _say(grant.sentence)
    yield ""
    if grant.description:
        yield f"- For: {_code(grant.description)}"
    conditions = "; ".join(map(_say, grant.conditions))
    yield f"- Only if the caller: {conditions or 'is one of the named callers; no other condition'}"
    if grant.boundary:
        yield f"- Limited by: the permissions boundary {_code(grant.boundary)}"
    yield f"- State: {grant.state.label}, {grant.state.text}"
    yield f"- Sessions last: {_say(grant.session)}"
    yield f"- Denied, for example: {'; '.join(map(_say, grant.denied)) or 'none of the examples that were tried'}"
    yield f"- Role: {_code(grant.arn)}"
    quotas = (f"{each.percent} % of the {each.of:,} characters for the {each.name}" for each in grant.quotas)
    yield f"- Quota used: {', '.join(quotas)}"
    yield f"- Last change in git: {_say(grant.changed)}"
    yield f"- Revoke: {_code(grant.revoke)}"


def _halves(report: Report) -> Iterator[str]:
    for half in report.halves:
        account = f" of {_code(half.account)}" if half.named else ""
        of_grants = (
            ("its template lets it assume", half.may),
            ("its own account must let it assume", half.elsewhere),
            ("missing", half.missing),
        )
        said = "; ".join(f"{what}: {_names(grants)}" for what, grants in of_grants if grants)
        yield f"- {half.kind + ' ' if half.named else ''}{_say(half.caller)}{account}: {said}"


def _buckets(report: Report) -> Iterator[str]:
    for bucket in report.buckets:
        yield (
            f"- {_code(bucket.name)} ({_say(bucket.where)}), encrypted with: {_say(bucket.encryption)}; "
            f"reached by: {_names(bucket.grants) or 'no grant'}"
        )


def _names(names: Iterable[str]) -> str:
    return ", ".join(map(_code, names))


def _say(words: Words) -> str:
    return "".join(_code(each) if isinstance(each, Name) else each for each in words)


def _code(text: str) -> str:
    """Return a text as a code span, with a fence that is longer than any run of backticks in it."""
    fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    space = " " if text[:1] in {"`", " "} or text[-1:] in {"`", " "} else ""
    return f"{fence}{space}{text}{space}{fence}" if text else ""
