"""Every policy document of the synthesized templates, wherever in a resource it stands, and what is found in one."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from crossrole.intrinsics import Template


@dataclass(frozen=True)
class Finding:
    """Something wrong in a policy; `statement` is its Sid or number, counted from one, or None for the document."""

    template: str
    logical_id: str
    policy: str
    """Where in the resource's properties the document stands: `Policies[0].PolicyDocument`."""
    statement: str | None
    text: str
    """One line: what is wrong and how to mend it."""

    def __str__(self) -> str:
        place = f"{self.template}, {self.logical_id}, {self.policy}"
        return f"{place}, {self.statement}: {self.text}" if self.statement else f"{place}: {self.text}"

    def as_json(self) -> dict[str, Any]:
        """Return the finding for `--json`."""
        return asdict(self)


@dataclass(frozen=True)
class Document:
    """A resolved policy document and where it stands."""

    template: str
    logical_id: str
    path: str
    body: Mapping[str, Any]


def documents_of(template: Template) -> Iterator[Document]:
    """Yield the policy documents of a template, in its order: each object with a `Statement`.

    Raises `Unusable` for one that can't be resolved; nothing beside the documents is resolved.
    """
    for logical_id, resource in template.resources.items():
        for path, document in _documents(resource.get("Properties", {}), ""):
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


def listed(value: Any) -> list[Any]:
    """Return what may stand alone or in a list as a list."""
    return value if isinstance(value, list) else [value]


def texts(value: Any) -> list[str]:
    """Return one or several values as texts."""
    return [str(each) for each in listed(value)]
