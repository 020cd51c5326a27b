"""Every policy document of the templates, as objects or as JSON text, and its statements taken apart."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from crossrole.iam.condition_operators import FOR_ANY_VALUE, Operator, operator_of
from crossrole.iam.policy import VERSION, listed
from crossrole.iam.wildcards import covers
from crossrole.lint.kinds import FUNCTION, RESOURCE, UNKNOWN, Kind, kind_at
from crossrole.templates.fleets import STACK_SET, inner_template
from crossrole.templates.intrinsics import Template
from crossrole.unknown import has_unknowns, is_known

ELEMENTS = (
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
)
"""The elements of a statement."""


_NOTHING = {"Ref": "AWS::NoValue"}


@dataclass(frozen=True)
class Resource:
    """A resource of a template."""

    template: Template
    logical_id: str
    type: str
    properties: Mapping[str, Any] = field(repr=False)

    def known(self, value: Any) -> Any:
        """Return a value with its intrinsic functions replaced."""
        return self.template.resolve(value, at=self.logical_id)

    def property(self, name: str) -> Any:
        """Return a property as `known` does; None without it."""
        return self.known(self.properties.get(name))


@dataclass(frozen=True)
class Condition:
    """What one operator compares one key with; values as IAM compares them, as text."""

    operator: str
    key: str
    values: tuple[str, ...]

    @cached_property
    def parsed(self) -> Operator:
        """The operator taken apart."""
        return operator_of(self.operator)

    @property
    def folded(self) -> str:
        """The key in lower case: IAM compares keys without regard to case."""
        return self.key.lower()

    @property
    def is_known(self) -> bool:
        """Whether no part of it is known only at deployment."""
        return all(map(is_known, (self.operator, self.key, *self.values)))

    @property
    def is_met_by_any_value(self) -> bool:
        """Whether every value of the key meets it: `StringLike` with "*"."""
        return "Like" in self.parsed.comparison and not self.parsed.negates and not {"*"}.isdisjoint(self.values)

    @property
    def demands(self) -> bool:
        """Whether it holds only for a request that carries the key."""
        if self.parsed.kind == "Null":
            return all(value.lower() == "false" for value in self.values)
        return self.parsed.demands


@dataclass(frozen=True)
class Document:
    """A policy document and where it stands; `body` is what was read, an object where it is in order."""

    resource: Resource
    path: str
    """Where in the resource's properties it stands: `Policies[0].PolicyDocument`."""
    kind: Kind
    body: Any = field(repr=False)

    @cached_property
    def statements(self) -> Sequence["Statement"]:
        """The statements that are objects, by their numbers, from one."""
        given = listed(self.body.get("Statement", [])) if isinstance(self.body, Mapping) else []
        return [
            Statement(self, number, each) for number, each in enumerate(given, start=1) if isinstance(each, Mapping)
        ]

    @cached_property
    def may_deny_more(self) -> bool:
        """Whether it has statements that may deny something, of which a part is known only at deployment."""
        given = listed(self.body.get("Statement", [])) if isinstance(self.body, Mapping) else []
        return not all(_mapping(each).get("Effect") == "Allow" or not has_unknowns(each) for each in given)


@dataclass(frozen=True)
class Statement:
    """A statement; what is not of the form that AWS takes is left out of its parts."""

    document: Document
    number: int
    body: Mapping[str, Any] = field(repr=False)

    @property
    def label(self) -> str:
        """Its Sid, or its number in the document, counted from one."""
        return str(self.body.get("Sid") or self.number)

    @property
    def allows(self) -> bool:
        """Whether its effect is Allow."""
        return bool(self.body.get("Effect") == "Allow")

    @property
    def denies(self) -> bool:
        """Whether its effect is Deny."""
        return bool(self.body.get("Effect") == "Deny")

    def texts(self, element: str) -> list[str]:
        """Return the texts of an element, such as Action."""
        return [each for each in listed(self.body.get(element, [])) if isinstance(each, str)]

    @cached_property
    def principals(self) -> list[tuple[str, str]]:
        """The principals with their types: `("AWS", "*")`."""
        return _principals(self.body.get("Principal"))

    @cached_property
    def excluded(self) -> list[tuple[str, str]]:
        """The principals under NotPrincipal, with their types."""
        return _principals(self.body.get("NotPrincipal"))

    @cached_property
    def conditions(self) -> list[Condition]:
        """The conditions; all must hold."""
        return [
            Condition(str(operator), str(key), tuple(_compared(each) for each in listed(values)))
            for operator, keys in _mapping(self.body.get("Condition")).items()
            for key, values in _mapping(keys).items()
            if all(each is not None and not isinstance(each, Mapping | list) for each in listed(values))
        ]

    @cached_property
    def has_unknown_conditions(self) -> bool:
        """Whether what it asks of requests is known only at deployment, in part or whole."""
        given = self.body.get("Condition")
        whole = [given, *_mapping(given).values()]
        return not all(map(is_known, whole)) or not all(each.is_known for each in self.conditions)

    @cached_property
    def closing_conditions(self) -> list[Condition]:
        """The conditions beside it that must not hold: each the only one of a Deny for everyone of all it allows."""
        return [
            each.conditions[0]
            for each in self.document.statements
            if each.denies
            and ("AWS", "*") in each.principals
            and len(each.conditions) == 1
            and each.conditions[0].parsed.negates
            and each.conditions[0].parsed.quantifier != FOR_ANY_VALUE  # not met without the key
            and _takes_in(each, "Action", self)
            and _takes_in(each, "Resource", self)
        ]


def _takes_in(outer: Statement, element: str, inner: Statement) -> bool:
    if f"Not{element}" in outer.body:
        return False
    by = [each.lower() for each in outer.texts(element) or ["*"]]
    return all(any(covers(pattern, each.lower()) for pattern in by) for each in inner.texts(element) or ["*"])


def _principals(value: Any) -> list[tuple[str, str]]:
    if isinstance(value, str):
        return [("AWS", value)]
    return [
        (str(kind), each) for kind, names in _mapping(value).items() for each in listed(names) if isinstance(each, str)
    ]


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _compared(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def resources_of(template: Template) -> Iterator[Resource]:
    """Yield the resources of a template, in its order."""
    for logical_id, resource in template.resources.items():
        given = _mapping(resource)
        yield Resource(template, logical_id, str(given.get("Type")), _mapping(given.get("Properties")))


def documents_of(resource: Resource) -> Iterator[Document]:
    """Yield the policy documents of a resource, in its order.

    They are the properties that CloudFormation takes for policies, and all else that looks like one: an object, or JSON
    text, with statements. Raises `CommandError` for one that can't be resolved.
    """
    if permission := _permission(resource):
        yield permission
    # The template that a StackSet deploys is looked through as a template of its own.
    apart = resource.type == STACK_SET and inner_template(resource.template, resource.logical_id)
    for name, value in resource.properties.items():
        if not (apart and name == "TemplateBody"):
            yield from _documents(resource, value, name)


def _documents(resource: Resource, value: Any, path: str) -> Iterator[Document]:
    kind, function = kind_at(resource.type, path), _function(value)
    if function in {"Fn::If", "Fn::ToJsonString"}:
        yield from _in_branches(resource, function, value[function], path)
    elif kind and value != _NOTHING:
        body = _parsed(resource.known(value))
        if body is not None and is_known(body):
            yield Document(resource, path, kind, body)
    elif function in {"Fn::Sub", "Fn::Join"}:
        if "Statement" in json.dumps(value, default=str):
            yield from _documents(resource, resource.known(value), path)
    elif isinstance(value, str):
        if "Statement" in value and not isinstance(parsed := _parsed(value), str):
            yield from _documents(resource, parsed, path)
    else:
        yield from _deeper(resource, value, path)


def _in_branches(resource: Resource, function: str, argument: Any, path: str) -> Iterator[Document]:
    if function == "Fn::ToJsonString":
        yield from _documents(resource, argument, path)
    else:
        for number, branch in enumerate(listed(argument)[1:], start=1):
            yield from _documents(resource, branch, f"{path}.{function}[{number}]")


def _deeper(resource: Resource, value: Any, path: str) -> Iterator[Document]:
    if isinstance(value, Mapping) and _looks_like_policy(value):
        yield Document(resource, path, UNKNOWN, resource.known(value))
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _documents(resource, item, f"{path}.{key}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _documents(resource, item, f"{path}[{number}]")


def _function(value: Any) -> str:
    name = next(iter(value), "") if isinstance(value, Mapping) and len(value) == 1 else ""
    return name if name == "Ref" or str(name).startswith("Fn::") else ""


def _parsed(value: Any) -> Any:
    """Return the value of JSON text; anything else as it is."""
    if not isinstance(value, str) or not value.lstrip().startswith(("{", "[")):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _looks_like_policy(value: Mapping[str, Any]) -> bool:
    # Other things have a Statement as well, such as the rules of a firewall.
    return any(
        isinstance(each, Mapping) and not {"Effect", "Action", "NotAction"}.isdisjoint(each)
        for each in listed(value.get("Statement"))
    )


def _permission(resource: Resource) -> Document | None:
    """Return the document that a resource writes out of its properties: who may call a function, or send to a bus."""
    asked = {
        "AWS::Lambda::Permission": (
            FUNCTION,
            {
                ("StringEquals", "aws:PrincipalOrgID"): "PrincipalOrgID",
                ("StringEquals", "aws:SourceAccount"): "SourceAccount",
                ("ArnLike", "aws:SourceArn"): "SourceArn",
                ("StringEquals", "lambda:EventSourceToken"): "EventSourceToken",
                ("StringEquals", "lambda:FunctionUrlAuthType"): "FunctionUrlAuthType",
            },
        ),
        "AWS::Lambda::LayerVersionPermission": (
            FUNCTION,
            {("StringEquals", "aws:PrincipalOrgID"): "OrganizationId"},
        ),
        "AWS::Events::EventBusPolicy": (RESOURCE, {}),
    }
    if resource.type not in asked or not {"Principal", "Statement"} & resource.properties.keys():
        return None
    kind, keys = asked[resource.type]
    path = "Statement" if "Statement" in resource.properties else "Principal"
    if path == "Statement":
        statement = resource.property("Statement")
    else:
        statement = {
            "Effect": "Allow",
            "Principal": _named(resource.property("Principal")),
            "Action": resource.property("Action"),
            "Condition": _condition(resource, keys),
        }
    return Document(resource, path, kind, {"Version": VERSION, "Statement": [statement]})


def _named(principal: Any) -> Any:
    """Return the Principal of a statement for the one text that names an account, an ARN, a service or everyone."""
    if not isinstance(principal, str) or principal == "*":
        return principal
    if principal.isdigit() or principal.startswith("arn:") or not is_known(principal):
        return {"AWS": principal}
    return {"Service": principal}


def _condition(resource: Resource, keys: Mapping[tuple[str, str], str]) -> Any:
    condition: dict[str, dict[str, Any]] = {}
    for (operator, key), name in keys.items():
        if name in resource.properties:
            condition.setdefault(operator, {})[key] = resource.property(name)
    # Of a bus: {"Type": "StringEquals", "Key": "aws:PrincipalOrgID", "Value": "o-…"}.
    own = resource.property("Condition")
    if isinstance(own, Mapping) and {"Type", "Key", "Value"} <= own.keys():
        condition[str(own["Type"])] = {str(own["Key"]): own["Value"]}
    return condition if is_known(own) else own
