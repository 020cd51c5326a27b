"""The report as Markdown, for a pull request."""

import re
from collections.abc import Iterable, Iterator

from crossrole.escaping import visible
from crossrole.report.model import GrantFacts, Report
from crossrole.report.words import Name, Words, counted

# What the report itself says is made of these alone, so that none of it is markup, a mention or a link.
_OWN = re.compile(r"(?:[A-Za-z0-9 ,;:()'%-]|\.(?= |$))*")


def markdown_of(report: Report) -> str:
    """Return the page's facts, without the drawings, as Markdown.

    Texts of a template or of git stand in code spans, so that they can't be markup, mentions or links.
    """
    return "\n".join(_lines(report)).rstrip() + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield from (f"# Access from outside, {report.now.date()}", "")
    yield f"{counted(len(report.grants), 'grant')}, {report.usable} usable now, {report.grave} with serious warnings."
    if report.opened:
        yield f"Beside them, {counted(report.opened, 'resource')} with a policy or ACL that lets in others by itself."
    if report.guarded:
        yield from ("", _say(report.guarded))
    yield from ("", "## Warnings", "")
    yield from _warnings(report) or ["None: no grant is unusually wide, and none ends within 30 days."]
    yield from ("", "## Grants")
    yield from (line for grant in report.grants for line in _grant(grant, report))
    if report.inner:
        yield from ("", "## Roles for their own account", "")
        yield from ("Only principals of their own account may assume these.", "")
        yield from (f"- {_code(each.name)}: {_say(each.sentence)}" for each in report.inner)
    yield from ("", "## Callers and their own policies", "")
    yield from _halves(report)
    yield from ("", "## Buckets", "")
    yield from _buckets(report)
    yield from ("", "## Not evaluated", "", _say(report.not_known), "")
    yield from (f"- {_say(words)}" for words in report.unevaluated)


def _warnings(report: Report) -> list[str]:
    lines = []
    for kind, found in report.warnings:
        serious = " (serious)" if kind.serious else ""
        lines.append(f"- **{_say((kind.title,))}**{serious}. {_say((kind.meaning,))}")
        lines += [f"  - {_say(subject.name)}: {_say(words)}" for subject, words in found]
    return lines


def _grant(grant: GrantFacts, report: Report) -> Iterator[str]:
    yield from ("", f"### {_code(grant.name)}", "")
    yield _say(grant.sentence)
    yield ""
    if grant.description:
        yield f"- For: {_code(grant.description)}"
    conditions = "; ".join(map(_say, grant.conditions))
    yield f"- Only if the caller: {conditions or 'is one of the named callers; no other condition'}"
    if grant.never:
        yield f"- Never: {'; '.join(map(_say, grant.never))}"
    if grant.boundary:
        yield f"- Limited by: the permissions boundary {_code(grant.boundary)}"
    yield f"- State: {_say((grant.state.label, ', ', grant.state.text))}"
    yield f"- Sessions last: {_say(grant.session)}"
    yield f"- Denied, for example: {'; '.join(map(_say, grant.denied)) or 'nothing that is certain'}"
    yield f"- Role: {_code(grant.arn)}, in {_say(report.names.account(grant.account))}"
    quotas = (f"{each.percent} % of the {each.of:,} characters for the {each.name}" for each in grant.quotas)
    yield f"- Quota used: {_say((', '.join(quotas),))}"
    yield f"- Last change in git: {_say(grant.changed)}"
    yield f"- Revoke: {_code(grant.revoke)}"


def _halves(report: Report) -> Iterator[str]:
    for half in report.halves:
        account = f" of {_say(half.account)}" if half.named and half.account else ""
        of_grants = (
            ("its template lets it assume", half.may),
            ("its own account must let it assume", half.elsewhere),
            ("missing", half.missing),
        )
        said = "; ".join(f"{what}: {_names(report, grants)}" for what, grants in of_grants if grants)
        yield f"- {half.kind + ' ' if half.named else ''}{_say(half.caller)}{account}: {said}"


def _buckets(report: Report) -> Iterator[str]:
    for bucket in report.buckets:
        yield (
            f"- {_code(bucket.name)} ({_say(bucket.where)}), encrypted with: {_say(bucket.encryption)}; "
            f"reached by: {_names(report, bucket.grants) or 'no grant'}"
        )
        yield from (f"  - open without a grant: {_say(each.words)}" for each in bucket.openings)


def _names(report: Report, arns: Iterable[str]) -> str:
    return ", ".join(_code(report.by_arn[each].name) for each in arns)


def _say(words: Words) -> str:
    return "".join(each if not isinstance(each, Name) and _OWN.fullmatch(each) else _code(each) for each in words)


def _code(text: str) -> str:
    """Return a text as a code span, with a fence that is longer than any run of backticks in it."""
    shown = visible(text)
    fence = "`" * (max(map(len, re.findall("`+", shown)), default=0) + 1)
    space = " " if shown[:1] in {"`", " "} or shown[-1:] in {"`", " "} else ""
    return f"{fence}{space}{shown}{space}{fence}" if shown else ""
