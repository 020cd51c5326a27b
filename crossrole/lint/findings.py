"""Looks for what the rules describe, in every policy of the templates.

Most of it AWS accepts at deployment: an unknown condition key, for example, is never true.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from crossrole.lint.allowed import INVALID, UNNEEDED, allowed_by, invalid, unneeded
from crossrole.lint.documents import Document, Resource, Statement, documents_of, resources_of
from crossrole.lint.holders import Holders
from crossrole.lint.rule import Description, InContext, Rule, Subject
from crossrole.lint.rules import (
    ALL,
    OF_DOCUMENTS,
    OF_DOCUMENTS_IN_CONTEXT,
    OF_RESOURCES,
    OF_STATEMENTS,
    OF_STATEMENTS_IN_CONTEXT,
)
from crossrole.templates.fleets import with_inner_templates
from crossrole.templates.intrinsics import Template
from crossrole.unknown import legible

IN_ORDER = "every policy document is in order"
MARKS = re.compile(rf"\A(?P<ok>{IN_ORDER})$|^(?P<heading>[^:]*:)", re.MULTILINE)
"""How the text is coloured."""


@dataclass(frozen=True)
class Finding:
    """Something wrong in a policy, or with a resource where `policy` is empty."""

    template: str
    logical_id: str
    policy: str
    """Where in the resource's properties the document stands: `Policies[0].PolicyDocument`."""
    statement: str | None
    """Its Sid or number, counted from one; None for the whole document."""
    rule: Description
    text: str
    """One line: what is wrong, why it matters and how to fix it."""
    reason: str | None = None
    """Why the template allows it; None where it does not."""

    def __str__(self) -> str:
        place = ", ".join(filter(None, (self.template, self.logical_id, self.policy, self.statement)))
        return f"{legible(place)}: {legible(self.text)} [{self.rule.id}]"

    def as_json(self) -> dict[str, Any]:
        """Return the finding for `--json`."""
        return {
            "template": self.template,
            "logical_id": self.logical_id,
            "policy": self.policy,
            "statement": self.statement,
            "rule": self.rule.id,
            "url": self.rule.url,
            "text": legible(self.text),
            **({"reason": self.reason} if self.reason else {}),
        }


@dataclass(frozen=True)
class Findings:
    """What was found: what is to be fixed, and what the templates allow."""

    open: Sequence[Finding]
    allowed: Sequence[Finding]

    def text(self) -> str:
        """Return a line for each open finding, and one that counts the allowed ones by rule."""
        lines = list(map(str, self.open)) or [IN_ORDER]
        if self.allowed:
            rules = Counter(each.rule.id for each in self.allowed)
            lines.append(f"allowed by the templates: {', '.join(f'{number} {rule}' for rule, number in rules.items())}")
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """Return them for `--json`."""
        return {
            "findings": [each.as_json() for each in self.open],
            "allowed": [each.as_json() for each in self.allowed],
        }


def findings_of(templates: Sequence[Template]) -> Findings:
    """Return every finding in the templates' policies, in the templates' order; after them those of a StackSet's.

    Raises `CommandError` for a policy that can't be resolved.
    """
    resources = [resource for template in with_inner_templates(templates) for resource in resources_of(template)]
    documents = [list(documents_of(each)) for each in resources]
    holders = Holders(resources, [document for of_resource in documents for document in of_resource])
    found = [
        finding
        for resource, of_resource in zip(resources, documents, strict=True)
        for finding in _after_allowing(resource, _in_resource(resource, of_resource, holders))
    ]
    return Findings([each for each in found if not each.reason], [each for each in found if each.reason])


def _in_resource(resource: Resource, documents: Sequence[Document], holders: Holders) -> Iterator[Finding]:
    for rule, text in _checked(OF_RESOURCES, resource):
        yield _finding(resource, "", None, rule, text)
    for document in documents:
        of_document = [
            *_checked(OF_DOCUMENTS, document),
            *_checked(OF_DOCUMENTS_IN_CONTEXT, InContext(document, holders)),
        ]
        for rule, text in of_document:
            yield _finding(resource, document.path, None, rule, text)
        for statement in document.statements:
            yield from _in_statement(statement, holders)


def _in_statement(statement: Statement, holders: Holders) -> Iterator[Finding]:
    found = [
        *_checked(OF_STATEMENTS, statement),
        *_checked(OF_STATEMENTS_IN_CONTEXT, InContext(statement, holders)),
    ]
    for rule, text in dict.fromkeys(found):
        yield _finding(statement.document.resource, statement.document.path, statement.label, rule, text)


def _checked(rules: Sequence[Rule[Subject]], subject: Subject) -> Iterator[tuple[Description, str]]:
    return ((rule, text) for rule in rules for text in rule.check(subject))


def _finding(resource: Resource, path: str, statement: str | None, rule: Description, text: str) -> Finding:
    return Finding(resource.template.stack, resource.logical_id, path, statement, rule, text)


def _after_allowing(resource: Resource, found: Iterator[Finding]) -> Iterator[Finding]:
    """Yield the findings, with the reasons of those that are allowed, and what is wrong with the allowing."""
    reasons, rules, needed = allowed_by(resource), [each.id for each in ALL], set()
    for each in found:
        needed.add(each.rule.id)
        yield replace(each, reason=reasons.get(each.rule.id))
    about: tuple[tuple[Description, Callable[[], Iterator[str]]], ...] = (
        (INVALID, lambda: invalid(resource, rules)),
        (UNNEEDED, lambda: unneeded(resource, needed, rules)),
    )
    for rule, check in about:
        for text in check():
            yield _finding(resource, "", None, rule, text)
