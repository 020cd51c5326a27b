"""Resolves CloudFormation's intrinsic functions, as far as the templates themselves say what they become.

What they do not say becomes an unknown value, and reading goes on: `crossrole/unknown.py`.
"""

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from crossrole.iam.names import ACCOUNT_NAME
from crossrole.iam.partitions import dns_suffix
from crossrole.templates.resource_types import RESOURCE_TYPES
from crossrole.unknown import Unknown, clean, has_unknowns, is_unknown, token, unknowns_in, without_unknowns

_REMOVED: Final = object()
_DYNAMIC: Final = re.compile(r"\{\{resolve:[^{}]*\}\}")
# CloudFormation shortens a long stack name in the names that it makes; so much of it always stays.
_KEPT_OF_A_STACK_NAME: Final = 10


@dataclass
class Assembly:
    """What templates that are read together say to each other; filled while they are read."""

    templates: list["Template"] = field(default_factory=list)
    parameters: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """The values that a person gave to parameters, by stack and name."""
    assumed: Mapping[tuple[str, str], bool] = field(default_factory=dict)
    """Conditions that are taken to be met, or not, by stack and name, although that is unknown."""
    missing: dict[str, str] = field(default_factory=dict)
    """What the assembly names and does not hold, by place."""
    resolving: list[tuple[str, str]] = field(default_factory=list)
    """What is being resolved now: whatever needs itself has no value."""

    @contextmanager
    def entered(self, *place: str) -> Iterator[bool]:
        """Tell whether a place is entered for the first time, so that the block may go on."""
        key = (place[0], "/".join(place[1:]))
        first = key not in self.resolving
        self.resolving.append(key)
        try:
            yield first
        finally:
            self.resolving.pop()


@dataclass(frozen=True)
class Template:
    """One synthesized template and the environment that it is deployed to."""

    stack: str
    """What messages call it, unique among the templates that are read together."""
    account: str
    region: str
    partition: str
    body: Mapping[str, Any]
    tags: Mapping[str, str] = field(default_factory=dict)
    """The stack's tags, which CloudFormation puts on each of its resources that takes tags."""
    name: str = ""
    """The stack's own name, where it differs."""
    assembly: Assembly = field(default_factory=Assembly, compare=False, repr=False)
    parent: "tuple[Template, str] | None" = field(default=None, compare=False, repr=False)
    """For a nested stack: the template that holds it, and its logical id there."""

    @property
    def stack_name(self) -> str:
        """The name that CloudFormation knows the stack by."""
        return self.name or self.stack

    @cached_property
    def resources(self) -> Mapping[str, Mapping[str, Any]]:
        """The resources by logical id, without those whose condition is never met."""
        return {
            clean(str(logical_id)): resource
            for logical_id, resource in _mapping(self.body.get("Resources")).items()
            if isinstance(resource, Mapping) and self.is_made(resource) is not False
        }

    def properties(self, logical_id: str) -> Mapping[str, Any]:
        """Return a resource's properties as they are written; none where they are not an object."""
        return _mapping(self.resources.get(logical_id, {}).get("Properties"))

    def property(self, logical_id: str, name: str, default: Any = None) -> Any:
        """Return a property's resolved value; the default where there is none."""
        properties = self.properties(logical_id)
        if name not in properties:
            return default
        value = self.resolve(properties[name], at=logical_id)
        return default if value is _REMOVED else value

    def is_made(self, resource: Mapping[str, Any]) -> bool | None:
        """Return whether a resource's condition is met; None where that is unknown."""
        return self.condition(resource["Condition"]) if "Condition" in resource else True

    def resolve(self, value: Any, *, at: str) -> Any:
        """Return the value with every intrinsic function replaced; `at` is the logical id that holds it."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, list):
            resolved = [self.resolve(item, at=at) for item in value]
            return [item for item in resolved if item is not _REMOVED]
        if not isinstance(value, Mapping):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref" or str(name).startswith("Fn::") or (name == "Condition" and isinstance(argument, str)):
                return self._intrinsic(str(name), argument, at)
        members = {clean(str(key)): self.resolve(item, at=at) for key, item in value.items()}
        return {key: item for key, item in members.items() if item is not _REMOVED}

    def _text(self, text: str) -> str:
        cleaned = clean(text)
        if "{{resolve:" not in cleaned:
            return cleaned
        return _DYNAMIC.sub(lambda match: token(Unknown(f"the value of the dynamic reference {match[0]}")), cleaned)

    def _intrinsic(self, name: str, argument: Any, at: str) -> Any:
        known: dict[str, Callable[[Any, str], Any]] = {
            "Ref": self._ref,
            "Fn::GetAtt": self._get_att,
            "Fn::Join": self._join,
            "Fn::Sub": self._sub,
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::FindInMap": self._find_in_map,
            "Fn::If": self._if,
            "Fn::ImportValue": self._import_value,
            "Fn::GetStackOutput": self._stack_output,
            "Fn::ToJsonString": self._to_json_string,
            "Fn::Base64": self._base64,
        }
        if name not in known:
            return self._not_known(f"the value of {name}", at)
        try:
            return known[name](argument, at)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):
            return self._not_known(
                f"{name}, which is given what it does not take, so that CloudFormation rejects it", at
            )

    # --- what a template says of itself

    def _ref(self, name: Any, at: str) -> Any:
        pseudo = {
            "AWS::AccountId": self.account,
            "AWS::Region": self.region,
            "AWS::Partition": self.partition,
            "AWS::URLSuffix": dns_suffix(self.region),
            "AWS::StackName": self._chosen_name("", "stack", ".+") if self.parent else self.stack_name,
            "AWS::NoValue": _REMOVED,
        }
        if name in pseudo:
            return pseudo[name]
        if name in _mapping(self.body.get("Parameters")):
            return self._parameter(name)
        resource = self.resources.get(name)
        if resource is None:
            return self._not_known(f"Ref {name}", at)
        kind = RESOURCE_TYPES.get(str(resource.get("Type")))
        return self._attribute(name, kind.ref) if kind else self._of_the_deployment(name, "Ref")

    def _parameter(self, name: str) -> Any:
        parameter = _mapping(self.body["Parameters"][name])
        kind, unknown = str(parameter.get("Type", "String")), Unknown(f"the parameter {self.stack}.{name}")
        given = self.assembly.parameters.get((self.stack, name))
        if given is None and self.parent:
            template, logical_id = self.parent
            passed = template.properties(logical_id).get("Parameters")
            if isinstance(passed, Mapping) and name in passed:
                with self.assembly.entered(self.stack, "parameter", name) as first:
                    value = template.resolve(passed[name], at=logical_id) if first else token(unknown)
                return _as_text(value)
        if given is None and not kind.startswith("AWS::SSM::Parameter"):
            default = parameter.get("Default")
            given = None if default is None else _as_text(self.resolve(default, at=name))
        if given is None:
            # An SSM parameter's Default is where its value stands, and not the value.
            return token(unknown)
        return given.split(",") if kind == "CommaDelimitedList" or kind.startswith("List<") else given

    def _get_att(self, argument: Any, at: str) -> Any:
        name, _, attribute = argument.partition(".") if isinstance(argument, str) else (argument[0], "", argument[1])
        resource = self.resources.get(name)
        if resource is None or not isinstance(attribute, str):
            return self._not_known(f"Fn::GetAtt {name}.{attribute}", at)
        if resource.get("Type") == "AWS::CloudFormation::Stack" and attribute.startswith("Outputs."):
            return self._output_of_nested(name, attribute.removeprefix("Outputs."))
        kind = RESOURCE_TYPES.get(str(resource.get("Type")))
        form = ({"Arn": "arn"} if kind.attributes is None else kind.attributes).get(attribute) if kind else None
        return self._attribute(name, form) if form else self._of_the_deployment(name, attribute)

    def _attribute(self, logical_id: str, form: str) -> str:
        if form == "arn":
            return self.arn(logical_id)
        if form == "name":
            return self.physical_name(logical_id)
        name = self.physical_name(logical_id)
        suffix = dns_suffix(self.region)
        return form.format(name=name, region=self.region, account=self.account, suffix=suffix)

    def arn(self, logical_id: str) -> str:
        """Return the ARN that a resource will have, with a token for what only the deployment chooses."""
        kind = RESOURCE_TYPES.get(str(self.resources.get(logical_id, {}).get("Type")))
        if kind is None:
            return self._of_the_deployment(logical_id, "Arn")
        path = self.property(logical_id, "Path", "/")
        return kind.arn.format(
            partition=self.partition,
            region=self.region,
            account=self.account,
            path=self._valid(path, r"/(?:[!-~]*/)?", "the Path", logical_id),
            name=self.physical_name(logical_id),
        )

    def physical_name(self, logical_id: str) -> str:
        """Return a resource's name; a token where only the deployment chooses it."""
        kind = RESOURCE_TYPES[str(self.resources[logical_id]["Type"])]
        name = self.property(logical_id, kind.name) if kind.name else None
        if name is None:
            return self._chosen_name(logical_id, "name", kind.shape)
        return self._valid(name, kind.valid, f"the {kind.name}", logical_id)

    def _valid(self, value: Any, pattern: str, what: str, at: str) -> str:
        """Return a name that AWS takes, as far as it is known; what is none is unknown."""
        known = without_unknowns(value) if isinstance(value, str) else None
        if known is not None and known.isprintable() and (known != value or re.fullmatch(pattern, value, re.ASCII)):
            return str(value)
        return self._not_known(f"{what}, which is not a name that AWS takes,", at)

    def _chosen_name(self, logical_id: str, what: str, shape: str) -> str:
        place = f"{self.stack}/{logical_id}" if logical_id else self.stack
        named = {"AWS::KMS::Key": "the id of the key"}.get(
            str(self.resources.get(logical_id, {}).get("Type")), f"the {what} of"
        )
        start = re.escape(self.stack_name[:_KEPT_OF_A_STACK_NAME])
        shape = shape.format(stack=start) if "{stack}" in shape or "{{" in shape else shape
        return token(Unknown(f"{named} {place}, which only the deployment knows", shape))

    def _of_the_deployment(self, logical_id: str, attribute: str) -> str:
        what = f"{attribute} of {self.stack}/{logical_id} ({self.resources.get(logical_id, {}).get('Type')})"
        return token(Unknown(f"{what}, which only the deployment knows", "(?s:.+)"))

    # --- what templates say to each other

    def _output_of_nested(self, logical_id: str, output: str) -> Any:
        for nested in self.assembly.templates:
            if nested.parent and nested.parent[0] is self and nested.parent[1] == logical_id:
                return nested.output(output)
        return self._not_known(f"the output {output} of the nested stack {logical_id}", logical_id)

    def output(self, name: str) -> Any:
        """Return the value of one of its outputs."""
        value = _mapping(_mapping(self.body.get("Outputs")).get(name)).get("Value")
        with self.assembly.entered(self.stack, "output", name) as first:
            known = first and value is not None
            return self.resolve(value, at=name) if known else self._not_known(f"the output {name}", self.stack)

    def _import_value(self, argument: Any, at: str) -> Any:
        wanted = self.resolve(argument, at=at)
        for template in self.assembly.templates:
            if (template.account, template.region) == (self.account, self.region):
                for name, output in _mapping(template.body.get("Outputs")).items():
                    export = _mapping(_mapping(output).get("Export")).get("Name")
                    if export is not None and template.resolve(export, at=name) == wanted:
                        return template.output(name)
        return self._not_known(f"the value that is exported as {_as_text(wanted)} by no stack of the assembly", at)

    def _stack_output(self, argument: Any, at: str) -> Any:
        wanted = _mapping(self.resolve(argument, at=at))
        region = wanted.get("Region", self.region)
        for template in self.assembly.templates:
            if template.stack_name == wanted["StackName"] and (template.account, template.region) == (
                self.account,
                region,
            ):
                return template.output(wanted["OutputName"])
        return self._not_known(f"the output {wanted['OutputName']} of the stack {wanted['StackName']}", at)

    # --- functions of texts and lists

    def _join(self, argument: Any, at: str) -> str:
        separator, parts = argument
        resolved = self.resolve(parts, at=at)
        if is_unknown(resolved):
            return str(resolved)
        if not isinstance(separator, str) or not isinstance(resolved, list):
            raise TypeError(argument)
        return separator.join(_as_text(part) for part in resolved)

    def _sub(self, argument: Any, at: str) -> str:
        text, given = (argument, {}) if isinstance(argument, str) else argument

        def replaced(match: re.Match[str]) -> str:
            name = match[1].strip()
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            value = given.get(name, {"Fn::GetAtt" if "." in name else "Ref": name})
            return _as_text(self.resolve(value, at=at))

        return re.sub(r"\$\{([^}]+)\}", replaced, self._text(text))

    def _select(self, argument: Any, at: str) -> Any:
        index, items = self.resolve(argument, at=at)
        return _made_of(items, f"part {index} of") if is_unknown(items) else _list(items)[int(index)]

    def _split(self, argument: Any, at: str) -> Any:
        separator, text = self.resolve(argument, at=at)
        if not isinstance(text, str) or not separator:
            raise TypeError(argument)
        return _made_of(text, f'the text between each "{separator}" of') if is_unknown(text) else text.split(separator)

    def _find_in_map(self, argument: Any, at: str) -> Any:
        name, first, second, *options = self.resolve(argument, at=at)
        found = _mapping(_mapping(_mapping(self.body.get("Mappings")).get(name)).get(first)).get(second)
        if found is None and options:
            return _mapping(options[0])["DefaultValue"]
        if found is None:
            return self._not_known(f"the entry {_as_text(first)}, {_as_text(second)} of the map {_as_text(name)}", at)
        return self.resolve(found, at=at)

    def _if(self, argument: Any, at: str) -> Any:
        name, met, otherwise = argument
        condition = self.condition(name)
        if condition is not None:
            return self.resolve(met if condition else otherwise, at=at)
        either = [self.resolve(each, at=at) for each in (met, otherwise)]
        if either[0] == either[1]:
            return either[0]
        return self._not_known(f"Fn::If on the condition {name}, which depends on what is not known,", at)

    def _to_json_string(self, argument: Any, at: str) -> str:
        return json.dumps(self.resolve(argument, at=at), ensure_ascii=False)

    def _base64(self, argument: Any, at: str) -> str:
        text = self.resolve(argument, at=at)
        if is_unknown(text):
            return _made_of(text, "the base64 of")
        return base64.b64encode(str(text).encode()).decode()

    # --- conditions

    def condition(self, name: Any) -> bool | None:
        """Return whether a condition of the template is met; None where that is unknown."""
        conditions = _mapping(self.body.get("Conditions"))
        if not isinstance(name, str) or name not in conditions:
            return None
        if (self.stack, name) in self.assembly.assumed:
            return self.assembly.assumed[self.stack, name]
        with self.assembly.entered(self.stack, "condition", name) as first:
            return self._met(conditions[name], name) if first else None

    def open_conditions(self) -> list[str]:
        """Return the conditions of which it is unknown whether they are met, those first on which others rest."""
        conditions = _mapping(self.body.get("Conditions"))
        unknown = [name for name in conditions if self.condition(name) is None]
        return sorted(unknown, key=lambda name: '"Condition"' in json.dumps(conditions[name]))

    def _met(self, value: Any, at: str) -> bool | None:
        ((function, argument),) = value.items() if isinstance(value, Mapping) and len(value) == 1 else [("", None)]
        arguments = argument if isinstance(argument, list) else []
        match function:
            case "Condition":
                return self.condition(argument)
            case "Fn::Equals":
                return self._equal([self.resolve(each, at=at) for each in arguments])
            case "Fn::Not" if len(arguments) == 1:
                met = self._met(arguments[0], at)
                return None if met is None else not met
            case "Fn::And" | "Fn::Or" if arguments:
                every, decisive = [self._met(each, at) for each in arguments], function == "Fn::Or"
                return decisive if decisive in every else None if None in every else not decisive
            case _:
                return None

    def _equal(self, sides: list[Any]) -> bool | None:
        if len(sides) != 2 or not all(isinstance(each, str | int | float | bool) for each in sides):  # noqa: PLR2004
            return None
        left, right = map(_as_text, sides)
        return None if left != right and has_unknowns([left, right]) else left == right

    def _not_known(self, what: str, at: str) -> str:
        return token(Unknown(f"{what} in {self.stack}/{at}"))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _made_of(unknown: str, what: str) -> str:
    """Return the token of what a function makes of something that is not known, which is another thing."""
    (of,) = unknowns_in(unknown)
    return token(Unknown(f"{what} {of.text}"))


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(value)
    return value


def _as_text(value: Any) -> str:
    """Return a value as CloudFormation puts it into a text."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ",".join(map(_as_text, value))
    if not isinstance(value, str | int | float):
        raise TypeError(value)
    return str(value)


def account_names(templates: Sequence[Template]) -> Mapping[str, str]:
    """Return what access.toml calls the accounts of the templates, by account id; nothing for what has no name."""
    found: dict[str, list[str]] = {}
    for template in templates:
        metadata = template.body.get("Metadata")
        name = metadata.get(ACCOUNT_NAME) if isinstance(metadata, Mapping) else None
        if isinstance(name, str) and name not in found.setdefault(template.account, []):
            found[template.account].append(name)
    return {account: " and ".join(each) for account, each in found.items() if each}
