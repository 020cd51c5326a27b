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
from crossrole.templates.tags import tags_in
from crossrole.unknown import (
    Unknown,
    all_worded,
    clean,
    has_unknowns,
    is_unknown,
    may_hold,
    token,
    unknowns_in,
    without_unknowns,
    worded,
)

_REMOVED: Final = object()
_DYNAMIC: Final = re.compile(r"\{\{resolve:.*?\}\}", re.DOTALL)
_LONGEST: Final = 1_000_000
"""CloudFormation takes no longer template, nor IAM so long a policy."""
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
    met: dict[tuple[str, str], bool | None] = field(default_factory=dict)
    """Whether conditions are met that were asked for, by stack and name."""
    outputs: dict[tuple[str, str], Any] = field(default_factory=dict)
    """The outputs that were asked for, by stack and name."""

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
    own_tags: Mapping[str, str] = field(default_factory=dict)
    """The tags that the assembly gives the stack."""
    name: str = ""
    """The stack's own name, where it differs."""
    is_alone: bool = False
    """Whether it is a template without an assembly: the deployment chooses its stack's name and tags."""
    assembly: Assembly = field(default_factory=Assembly, compare=False, repr=False)
    parent: "tuple[Template, str] | None" = field(default=None, compare=False, repr=False)
    """For a nested stack: the template that holds it, and its logical id there."""

    @property
    def stack_name(self) -> str:
        """The name that CloudFormation knows the stack by; a token where only the deployment chooses it."""
        if self.is_alone:
            return token(Unknown(f"the name of the stack {self.stack}, which only the deployment knows"))
        if self.parent:
            # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-nested-stacks.html
            shape = rf"{self.start_of_names}[A-Za-z0-9-]+"
            return token(Unknown(f"the name of the stack {self.stack}, which only the deployment knows", shape))
        return self.name or self.stack

    @property
    def start_of_names(self) -> str:
        """The pattern of what the names that CloudFormation makes of the stack's begin with, as far as it is known."""
        if self.parent:
            return self.parent[0].start_of_names
        return "" if self.is_alone else f"(?i:{re.escape((self.name or self.stack)[:_KEPT_OF_A_STACK_NAME])})"

    @cached_property
    def tags(self) -> Mapping[str, str]:
        """The stack's tags, which CloudFormation puts on each of its resources that takes tags.

        A nested stack has its parent's too. A key that is not known stands for any number of tags.
        """
        if self.is_alone:
            return tags_in(token(Unknown(f"the tags that the stack {self.stack} is given at the deployment")))
        if self.parent is None:
            return self.own_tags
        template, logical_id = self.parent
        return {**template.tags, **tags_in(template.property(logical_id, "Tags", []))}

    @cached_property
    def resources(self) -> Mapping[str, Mapping[str, Any]]:
        """The resources by logical id, without those whose condition is never met."""
        return {key: each for key, each in self.written.items() if self.is_made(each) is not False}

    @cached_property
    def written(self) -> Mapping[str, Mapping[str, Any]]:
        """All that is a resource, by logical id."""
        every = _mapping(self.body.get("Resources")).items()
        return {clean(str(key)): each for key, each in every if isinstance(each, Mapping)}

    def forget(self) -> None:
        """Forget which resources are made: what was found before the whole assembly was read may be known now."""
        self.__dict__.pop("resources", None)

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

    def is_made(self, part: Mapping[str, Any]) -> bool | None:
        """Return whether a resource or an output is there, and the stack around it; None where that is unknown."""
        conditions = [template.condition(name) for template, _, name in self.conditions_of(part, "")]
        return False if False in conditions else None if None in conditions else True

    def undecided(self, logical_id: str) -> str | None:
        """Return the condition that decides whether a resource is made; None where that is known."""
        for template, place, name in self.conditions_of(self.written[logical_id], logical_id):
            if template.condition(name) is None:
                return f"the condition {name} of {template.stack}/{place}"
        return None

    def conditions_of(self, part: Mapping[str, Any], name: str) -> Iterator[tuple["Template", str, Any]]:
        """Yield the conditions that must be met for it: with the template of each, and its place there."""
        if "Condition" in part:
            yield self, name, part["Condition"]
        if self.parent:
            template, logical_id = self.parent
            yield from template.conditions_of(template.written.get(logical_id, {}), logical_id)

    def resolve(self, value: Any, *, at: str) -> Any:
        """Return the value with every intrinsic function replaced; `at` is the logical id that holds it."""
        if isinstance(value, str):
            return _without_references(clean(value))
        if isinstance(value, list):
            resolved = [self.resolve(item, at=at) for item in value]
            return [item for item in resolved if item is not _REMOVED]
        if not isinstance(value, Mapping):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref" or str(name).startswith("Fn::") or (name == "Condition" and isinstance(argument, str)):
                return self._intrinsic(str(name), argument, at)
        members = {_without_references(clean(str(key))): self.resolve(item, at=at) for key, item in value.items()}
        return {key: item for key, item in members.items() if item is not _REMOVED}

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
            return self._not_known(f"the value of {name}", at, argument)
        try:
            made = known[name](argument, at)
            # A dynamic reference is what stands in the whole text: functions may put it together.
            return _without_references(made) if isinstance(made, str) else made
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):
            return self._not_known(
                f"{name}, which is given what it does not take, so that CloudFormation rejects it", at, argument
            )

    # --- what a template says of itself

    def _ref(self, name: Any, at: str) -> Any:
        pseudo = {
            "AWS::AccountId": self.account,
            "AWS::Region": self.region,
            "AWS::Partition": self.partition,
            "AWS::URLSuffix": dns_suffix(self.region),
            "AWS::StackName": self.stack_name,
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
        if kind != "CommaDelimitedList" and not kind.startswith("List<"):
            return given
        if may_hold(given, ","):
            return _made_of(given, "the list {}")
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
        return [each.strip() for each in given.split(",")]

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
            return self._chosen_name(logical_id, kind.shape)
        return self._valid(name, kind.valid, f"the {kind.name}", logical_id)

    def _valid(self, value: Any, pattern: str, what: str, at: str) -> str:
        """Return a name that AWS takes, as far as it is known; what is none is unknown."""
        known = without_unknowns(value) if isinstance(value, str) else None
        if known is not None and known.isprintable() and (known != value or re.fullmatch(pattern, value, re.ASCII)):
            return str(value)
        return self._not_known(f"{what}, which is not a name that AWS takes,", at)

    def _chosen_name(self, logical_id: str, shape: str) -> str:
        of_a_key = self.resources[logical_id].get("Type") == "AWS::KMS::Key"
        what = f"{'the id of the key' if of_a_key else 'the name of'} {self.stack}/{logical_id}"
        shape = shape.format(stack=self.start_of_names) if "{stack}" in shape or "{{" in shape else shape
        return token(Unknown(f"{what}, which only the deployment knows", shape))

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
        if (self.stack, name) not in self.assembly.outputs:
            output = _mapping(_mapping(self.body.get("Outputs")).get(name))
            with self.assembly.entered(self.stack, "output", name) as first:
                if not first or "Value" not in output:
                    return self._not_known(f"the output {name}", self.stack)
                self.assembly.outputs[self.stack, name] = self.resolve(output["Value"], at=name)
        return self.assembly.outputs[self.stack, name]

    def _import_value(self, argument: Any, at: str) -> Any:
        wanted = self.resolve(argument, at=at)
        for template in self.assembly.templates:
            if (template.account, template.region) == (self.account, self.region):
                for name, output in _mapping(template.body.get("Outputs")).items():
                    export = _mapping(_mapping(output).get("Export")).get("Name")
                    # Of two outputs of one name, each under a condition, one is there.
                    if export is None or template.is_made(output) is False:
                        continue
                    if template.resolve(export, at=name) == wanted:
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
        if is_unknown(resolved) or _may_be_shorter(resolved):
            return _made_of(resolved, f"the items of {{}}, joined by {separator!r}")
        if not isinstance(separator, str) or not isinstance(resolved, list):
            raise TypeError(argument)
        return self._short_enough(separator.join(_as_text(part) for part in resolved), at)

    def _sub(self, argument: Any, at: str) -> str:
        text, given = (argument, {}) if isinstance(argument, str) else argument

        def replaced(match: re.Match[str]) -> str:
            name = match[1].strip()
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            value = given.get(name, {"Fn::GetAtt" if "." in name else "Ref": name})
            return _as_text(self.resolve(value, at=at))

        return self._short_enough(re.sub(r"\$\{([^}]+)\}", replaced, clean(text)), at)

    def _short_enough(self, text: str, at: str) -> str:
        """Return a text; one that is longer than any template is unknown, so that texts of texts come to an end."""
        return text if len(text) <= _LONGEST else self._not_known("a text of more than a million characters", at)

    def _select(self, argument: Any, at: str) -> Any:
        index, items = self.resolve(argument, at=at)
        if has_unknowns(index) or is_unknown(items) or _may_be_shorter(items):
            return _made_of(items, f"item {worded(_as_text(index))} of {{}}")
        return _list(items)[int(index)]

    def _split(self, argument: Any, at: str) -> Any:
        separator, text = self.resolve(argument, at=at)
        if not isinstance(text, str) or not isinstance(separator, str) or not separator:
            raise TypeError(argument)
        return (
            text.split(separator) if not may_hold(text, separator) else _made_of(text, f"{{}}, split at {separator!r}")
        )

    def _find_in_map(self, argument: Any, at: str) -> Any:
        name, first, second, *options = self.resolve(argument, at=at)
        found = _mapping(_mapping(_mapping(self.body.get("Mappings")).get(name)).get(first)).get(second)
        # Of an entry that is not known, it is not known either whether the map has it.
        if found is None and options and not has_unknowns([name, first, second]):
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
        what = f"Fn::If on the condition {name}, which depends on what is not known,"
        return self._not_known(what, at, argument, may_be_absent=any(map(_may_be_absent, either)))

    def _to_json_string(self, argument: Any, at: str) -> str:
        return json.dumps(self.resolve(argument, at=at), ensure_ascii=False)

    def _base64(self, argument: Any, at: str) -> str:
        text = self.resolve(argument, at=at)
        if has_unknowns(text):
            return _made_of(text, "the Base64 of {}")
        return base64.b64encode(str(text).encode()).decode()

    # --- conditions

    def condition(self, name: Any) -> bool | None:
        """Return whether a condition of the template is met; None where that is unknown."""
        conditions = _mapping(self.body.get("Conditions"))
        if not isinstance(name, str) or name not in conditions:
            return None
        if (self.stack, name) in self.assembly.assumed:
            return self.assembly.assumed[self.stack, name]
        if (self.stack, name) not in self.assembly.met:
            with self.assembly.entered(self.stack, "condition", name) as first:
                if not first:
                    return None
                self.assembly.met[self.stack, name] = self._met(conditions[name], name)
        return self.assembly.met[self.stack, name]

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

    def _not_known(self, what: str, at: str, argument: Any = None, *, may_be_absent: bool = False) -> str:
        written = json.dumps(argument, default=str, sort_keys=True) if argument is not None else ""
        return token(Unknown(f"{worded(what)} in {self.stack}/{at}", may_be_absent=may_be_absent, written=written))


def _without_references(text: str) -> str:
    """Return a text with a token in the place of each dynamic reference."""
    if "{{resolve:" not in text:
        return text
    return _DYNAMIC.sub(lambda match: token(Unknown(f"the value of the dynamic reference {worded(match[0])}")), text)


def _may_be_absent(value: Any) -> bool:
    return value is _REMOVED or (is_unknown(value) and any(each.may_be_absent for each in unknowns_in(value)))


def _may_be_shorter(items: Any) -> bool:
    """Return whether a list holds what may be absent, so that it is not known which item stands where."""
    return isinstance(items, list) and any(map(_may_be_absent, items))


def _made_of(value: Any, how: str) -> str:
    """Return what a function makes of a value that is not known, or not known in part: the same of the same value."""
    if is_unknown(value):
        words = "; ".join(each.text for each in unknowns_in(value))
    else:
        words = json.dumps(all_worded(value), ensure_ascii=False)
    return token(Unknown(how.replace("{}", words), written=json.dumps(value)))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


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
