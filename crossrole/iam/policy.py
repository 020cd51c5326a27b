"""One resolved policy document, and its place in the templates."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from crossrole.errors import CommandError
from crossrole.iam.condition_operators import operator_of
from crossrole.unknown import Unknown, has_unknowns, is_unknown, token, unknowns_in, worded

VERSION = "2012-10-17"


Statement = Mapping[str, Any]


_EVERYTHING: Statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*"}


@dataclass(frozen=True)
class Policy:
    """A policy document: `template` and `logical_id` say which resource holds it, `name` which one of that resource."""

    template: str
    logical_id: str
    name: str
    document: Mapping[str, Any] = field(repr=False)

    @property
    def place(self) -> str:
        """Its place, unique among all templates: it also names the policy in the engines."""
        return f"{self.template}/{self.logical_id}/{self.name}"

    @property
    def statements(self) -> list[Statement]:
        """The statements, in order."""
        return list(self.document["Statement"])

    @property
    def may_allow(self) -> list[Statement]:
        """The statements that allow, or may: one that can't be read may allow everything."""
        return [
            each if each["Effect"] == "Allow" else _EVERYTHING
            for each in self.statements
            if each["Effect"] == "Allow" or is_unknown(each["Effect"])
        ]

    def shown(self, number: int) -> Statement:
        """Return a statement, by its place among them, as it is to be shown to a person."""
        return self.statements[number]


class Kind(StrEnum):
    """What a policy is attached to: each kind has elements that it must have, or must not."""

    IDENTITY = "identity"
    RESOURCE = "resource"
    TRUST = "trust"
    ANY = "any"


def policy_of(*, template: str, logical_id: str, name: str, document: Any, kind: Kind = Kind.ANY) -> Policy:
    """Return a policy from a document that is known, in the form that both engines evaluate as AWS does.

    Raises `CommandError` where `read_policy` has to leave something unknown.
    """
    policy = read_policy(template=template, logical_id=logical_id, name=name, document=document, kind=kind)
    for unknown in unknowns_in(policy.document):
        # A name that the deployment chooses is a name like any other.
        if unknown.shape is None:
            raise CommandError(unknown.text)
    return policy


def read_policy(*, template: str, logical_id: str, name: str, document: Any, kind: Kind = Kind.ANY) -> Policy:
    """Return a policy from a resolved document, in the form that both engines evaluate as AWS does.

    Numbers and booleans among a condition's values become text, as IAM compares them, and dates ISO 8601. A statement
    that IAM would not save, or that an engine evaluates otherwise than AWS, is unknown: its Effect says why. So are
    statements with policy variables in a document without `Version` 2012-10-17, which IAM takes for plain text.
    """
    reading = _Reading(f"{template}, {logical_id}: {name}", kind)
    return Policy(template, logical_id, name, {"Version": VERSION, "Statement": reading.statements(document)})


_ELEMENTS = {
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
}
_PRINCIPALS = {"AWS", "Service", "Federated", "CanonicalUser"}


@dataclass(frozen=True)
class _Reading:
    place: str
    kind: Kind

    def unknown(self, why: str) -> dict[str, Any]:
        """Return a statement that may allow or deny anything."""
        return {"Effect": token(Unknown(f"{self.place} {why}"))}

    def statements(self, document: Any) -> list[dict[str, Any]]:
        if is_unknown(document):
            return [{"Effect": document}]
        if isinstance(document, str) and document.lstrip().startswith("{"):
            # CloudFormation takes a document that is given as text too.
            try:
                document = json.loads(document)
            except (ValueError, RecursionError):
                return [self.unknown("is a text, and not a policy document")]
        if not isinstance(document, Mapping) or "Statement" not in document:
            return [self.unknown("is not a policy document: it has no Statement")]
        version = document.get("Version")
        if version not in (VERSION, "2008-10-17", None) or not _is_shallow(document):
            return [self.unknown(f'has Version {version!r}; only "{VERSION}" can be evaluated')]
        given = document["Statement"]
        return [self._statement(each, version) for each in (given if isinstance(given, list) else [given])]

    def _statement(self, statement: Any, version: str | None) -> dict[str, Any]:
        if is_unknown(statement):
            return {"Effect": statement}
        effect = statement.get("Effect") if isinstance(statement, Mapping) else None
        if is_unknown(effect):
            return {"Effect": effect}
        if problem := self._problem(statement, effect, version):
            return self.unknown(problem)
        conditions = self._conditions(statement.get("Condition", {}))
        if isinstance(conditions, str):
            return {"Effect": conditions}
        rest = {key: value for key, value in statement.items() if key != "Condition"}
        return {**rest, **({"Condition": conditions} if conditions else {})}

    def _problem(self, statement: Any, effect: Any, version: str | None) -> str | None:
        """Return why a statement can't be evaluated; None where it can."""
        if effect not in ("Allow", "Deny"):
            return "holds a statement without Effect Allow or Deny"
        if not _is_printable(statement):
            return "holds a character that can't be printed, such as a line break; IAM allows none there"
        if version != VERSION and "${" in json.dumps(statement):
            return f'has policy variables and Version {version!r}; only "{VERSION}" can be evaluated'
        problem = next(_element_problems(statement), None) or next(_problems_of_kind(statement, self.kind), None)
        return f"holds a statement that IAM does not save: {problem}" if problem else None

    def _conditions(self, given: Any) -> dict[str, dict[str, Any]] | str:
        """Return conditions with texts as values, or what is not known about them."""
        if is_unknown(given):
            return {given: {given: given}}
        if not isinstance(given, Mapping):
            return str(self.unknown("holds a Condition that is not an object")["Effect"])
        conditions: dict[str, dict[str, Any]] = {}
        for operator, keys in given.items():
            if is_unknown(keys):
                conditions[operator] = {keys: keys}
                continue
            if not isinstance(keys, Mapping) or not (is_unknown(operator) or operator_of(operator).kind):
                return str(self.unknown(f"holds a Condition that IAM does not save: {operator}")["Effect"])
            for key, values in keys.items():
                every = values if isinstance(values, list) else [values]
                if not all(isinstance(each, str | int | float | bool) for each in every):
                    return str(self.unknown(f"holds a Condition with values of {key} that are not texts")["Effect"])
                texts_ = [self._compared(operator, key, _text(each)) for each in every]
                conditions.setdefault(operator, {})[key] = texts_ if isinstance(values, list) else texts_[0]
        return conditions

    def _compared(self, operator: str, key: str, value: str) -> str:
        """Return a value as both engines compare it; what they can't compare as AWS does is not known."""
        if is_unknown(value):
            return value
        if key.lower() == "aws:epochtime":
            return token(Unknown(f"{self.place} compares {key} with {value!r}"))
        if "Date" in operator and re.fullmatch(r"[0-9]{1,13}", value) and int(value) > _LAST_YEAR:
            seconds = int(value) / (1000 if len(value) > _DIGITS_OF_SECONDS else 1)
            return instant(datetime.fromtimestamp(seconds, UTC))
        if "Arn" in operator and "${" in value:
            return token(Unknown(f"{self.place} has a policy variable in {operator} {key}"))
        return value


_LAST_YEAR = 9999
_DIGITS_OF_SECONDS = 10
_DEPTH = 40


def _is_shallow(value: Any, depth: int = 0) -> bool:
    """Return whether a document is no deeper than any that IAM saves, so that it can be walked."""
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return depth < _DEPTH and all(_is_shallow(each, depth + 1) for each in inner)


_PAIRS = (("Action", "NotAction"), ("Resource", "NotResource"), ("Principal", "NotPrincipal"))


def _element_problems(statement: Statement) -> Iterator[str]:
    """Yield why IAM does not save a statement of a resolved document."""
    yield from (f"there is no element {each}" for each in statement if each not in _ELEMENTS)
    yield from (f"it has {one} and {other}" for one, other in _PAIRS if one in statement and other in statement)
    if "Action" not in statement and "NotAction" not in statement:
        yield "it has no Action"
    for name in ("Action", "NotAction", "Resource", "NotResource"):
        if name in statement and not _are_texts(statement[name]):
            yield f"its {name} is neither a text nor a list of texts"
        elif "Action" in name:
            yield from (
                f'its {name} "{each}" is not of the form SERVICE:ACTION'
                for each in texts(statement.get(name))
                if not re.fullmatch(r"\*|[A-Za-z0-9-]+:[\w*?-]+|\*:\*", each, re.ASCII) and not has_unknowns(each)
            )
        elif "Resource" in name:
            yield from (
                f'its {name} "{each}" is neither an ARN nor "*"'
                for each in texts(statement.get(name))
                if each != "*" and not each.startswith(("arn:", "*:")) and not has_unknowns(each)
            )
    for name in ("Principal", "NotPrincipal"):
        if name in statement and not _is_principal(statement[name]):
            yield f'its {name} is neither "*" nor an object such as {{"AWS": "arn:…"}}'
        elif isinstance(principal := statement.get(name), Mapping):
            yield from (
                f'its {name} names "{each}", which is not the ARN of an account, user, role or session'
                for each in texts(principal.get("AWS"))
                if not _is_aws_principal(each)
            )


def _problems_of_kind(statement: Statement, kind: Kind) -> Iterator[str]:
    has_resource, has_principal = ({one, f"Not{one}"} & statement.keys() for one in ("Resource", "Principal"))
    if kind is Kind.IDENTITY and has_principal:
        yield "a policy of a role, user or group has no Principal"
    if kind in {Kind.RESOURCE, Kind.TRUST} and not has_principal:
        yield "it has no Principal"
    if kind in {Kind.IDENTITY, Kind.RESOURCE} and not has_resource:
        yield "it has no Resource"
    if kind is Kind.TRUST and has_resource:
        yield "a trust policy has no Resource"


def _are_texts(value: Any) -> bool:
    listed_ = value if isinstance(value, list) else [value]
    return bool(listed_) and all(isinstance(each, str) for each in listed_)


def _is_principal(value: Any) -> bool:
    if not isinstance(value, Mapping):
        return value == "*" or is_unknown(value)
    return value.keys() <= _PRINCIPALS and bool(value) and all(map(_are_texts, value.values()))


def _is_aws_principal(text: str) -> bool:
    if text == "*" or has_unknowns(text) or is_unique_id(text):
        return True
    return re.fullmatch(r"[0-9]{12}|arn:aws[a-z-]*:(iam|sts)::([0-9]{12}|cloudfront):[^*?]+", text) is not None


def _is_printable(value: Any) -> bool:
    """Return whether every text can be shown, and pasted, as the one line that it is."""
    if isinstance(value, Mapping):
        return all(_is_printable(each) for pair in value.items() for each in pair)
    return all(map(_is_printable, value)) if isinstance(value, list) else worded(str(value)).isprintable()


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def listed(value: Any) -> list[Any]:
    """Return what may stand alone or in a list as a list."""
    return value if isinstance(value, list) else [value]


def atoms(policies: Sequence[Policy]) -> list[tuple[str, str]]:
    """Return each action with each resource that statements allow; NotAction and NotResource count as everything."""
    return list(
        dict.fromkeys(
            (action, resource)
            for policy in policies
            for statement in policy.statements
            if statement["Effect"] == "Allow"
            for action in texts(statement.get("Action", "*"))
            for resource in texts(statement.get("Resource", "*"))
        )
    )


def overlap(pattern: str, action: str) -> bool:
    """Return whether an action, or another pattern of actions, falls under a pattern such as `s3:*`."""
    folded, wanted = pattern.lower(), action.lower()
    return folded in {"*", wanted} or (folded.endswith("*") and wanted.startswith(folded[:-1]))


def texts(value: Any) -> list[str]:
    """Return one text or many as a list."""
    if value is None:
        return []
    return [str(each) for each in listed(value)]


def canonical(value: Policy | Statement | None) -> str:
    """Return a document as text that is the same for the same content, however it is written."""
    if isinstance(value, Policy):
        return json.dumps(sorted({canonical(each) for each in value.statements}))
    return json.dumps(_plain({k: v for k, v in value.items() if k != "Sid"}), sort_keys=True) if value else ""


def _plain(value: Any) -> Any:
    """Return one value as a list of one, and lists in one order: IAM makes no difference."""
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    return sorted(map(str, value)) if isinstance(value, list) else [str(value)]


def trusted(trust: Policy) -> list[str]:
    """Return the principals that a trust policy trusts, as it names them: ARNs and ARN patterns, account ids, or "*".

    Where a statement names an account's root and then `aws:PrincipalArn`, the latter names the principals.
    """
    names: list[str] = []
    for statement in trust.statements:
        if statement["Effect"] == "Allow":
            conditions = statement.get("Condition", {})
            named = [
                value
                for operator in ("ArnEquals", "ArnLike", "StringEquals", "StringLike")
                for key, values in conditions.get(operator, {}).items()
                if key.lower() == "aws:principalarn"
                for value in ([values] if isinstance(values, str) else values)
            ]
            names += named or principals_of(statement)
    return list(dict.fromkeys(names))


def principals_of(statement: Mapping[str, Any]) -> list[str]:
    """Return the AWS principals that a resource policy's statement names: ARNs, account ids or "*".

    A NotPrincipal counts as "*" too. A unique id, such as AROA…, is nobody: IAM shows it for who was deleted.
    """
    if "NotPrincipal" in statement or is_unknown(statement.get("Effect")):
        return ["*"]
    principal = statement.get("Principal", {})
    named = principal if isinstance(principal, str) else principal.get("AWS", [])
    return [each for each in ([named] if isinstance(named, str) else named) if not is_unique_id(each)]


def is_unique_id(principal: str) -> bool:
    """Return whether it is a unique id in the place of an ARN.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
    """
    return re.fullmatch(r"A[A-Z]{3}[A-Z0-9]{12,}", principal) is not None


def instant(moment: datetime) -> str:
    """Return a moment as IAM's date conditions and access.toml take it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
