"""Findings that a template allows: `Metadata: {"crossrole:allow": {"RULE": "one-line reason"}}` of the resource."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from crossrole.errors import nearest
from crossrole.iam.names import ALLOWED_FINDINGS
from crossrole.lint.documents import Resource
from crossrole.lint.rule import Description

_PAGE = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-metadata.html"
_NEVER = "Never: it is about the allowing itself."

INVALID = Description(
    "invalid-allow",
    _PAGE,
    f"{ALLOWED_FINDINGS} names something that is not a rule, or gives no reason.",
    _NEVER,
)
UNNEEDED = Description(
    "unneeded-allow",
    _PAGE,
    f"{ALLOWED_FINDINGS} names a rule of which the resource has no finding.",
    _NEVER,
)


def allowed_by(resource: Resource) -> Mapping[str, str]:
    """Return the reasons by rule, of those that are given in order."""
    given = _given(resource)
    entries = given.items() if isinstance(given, Mapping) else ()
    return {str(rule): reason for rule, reason in entries if _is_reason(reason)}


def invalid(resource: Resource, rules: Collection[str]) -> Iterator[str]:
    """Yield what is wrong with what a resource allows, where `rules` are the ids of all rules."""
    given = _given(resource)
    if not isinstance(given, Mapping):
        yield f'{ALLOWED_FINDINGS} is not of the form {{"RULE": "one-line reason"}}, so it allows nothing; write it so'
        return
    for rule, reason in given.items():
        if rule not in rules:
            yield f'{ALLOWED_FINDINGS} names "{rule}", which is not a rule, so it allows nothing{nearest(rule, rules)}'
        elif not _is_reason(reason):
            yield f"{ALLOWED_FINDINGS} gives no reason for {rule}, so it allows nothing; write one line that says why"


def unneeded(resource: Resource, needed: Collection[str], rules: Collection[str]) -> Iterator[str]:
    """Yield the rules that a resource allows although it has no finding of them; `needed` are those that it has."""
    for rule in allowed_by(resource):
        if rule in rules and rule not in needed:
            yield (
                f"{ALLOWED_FINDINGS} names {rule}, of which the resource has no finding; remove it, so that it hides "
                "none that comes later"
            )


def _given(resource: Resource) -> Any:
    of_template = resource.template.resources.get(resource.logical_id)
    metadata = of_template.get("Metadata") if isinstance(of_template, Mapping) else None
    return metadata.get(ALLOWED_FINDINGS, {}) if isinstance(metadata, Mapping) else {}


def _is_reason(reason: Any) -> bool:
    return isinstance(reason, str) and bool(reason.strip()) and reason.isprintable()
