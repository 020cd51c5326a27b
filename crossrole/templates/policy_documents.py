"""Every policy document of the synthesized templates, wherever in a resource it stands, and what is found in one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from crossrole.templates.intrinsics import Template


@dataclass(frozen=True)
class Document:
    """A resolved policy document and where it stands."""

    template: str
    logical_id: str
    path: str
    body: Mapping[str, Any]


def documents_of(template: Template) -> Iterator[Document]:
    """Yield the policy documents of a template, in its order: each object with a `Statement`.

    Raises `CommandError` for one that can't be resolved; nothing beside the documents is resolved.
    """
    for logical_id in template.resources:
        for path, document in _documents(template.properties(logical_id), ""):
            yield Document(template.stack, logical_id, path, template.resolve(document, at=logical_id))


def _documents(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        if "Statement" in value:
            yield path, value
            return
        for key, item in value.items():
            yield from _documents(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _documents(item, f"{path}[{number}]")
