"""Statements taken apart into one action, resource and principal each, so that what two states share is seen."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from crossrole.iam.condition_operators import operator_of
from crossrole.iam.condition_words import of_statement
from crossrole.iam.globs import covers, covers_arn, meet
from crossrole.iam.policy import VERSION, Policy, Statement, canonical, texts

Name = tuple[str, str]
"""A principal's type and name, such as `("AWS", "arn:aws:iam::111111111111:root")`."""


@dataclass(frozen=True)
class Part:
    """What one statement says of one action, one resource and one principal; equal parts mean the same in IAM."""

    effect: str
    actions: tuple[str, ...]
    """One pattern in small letters, or all of a NotAction."""
    resources: tuple[str, ...]
    """One pattern, or all of a NotResource."""
    principals: tuple[Name, ...]
    """One name, or all of a NotPrincipal; none in a policy of a role or user."""
    but: frozenset[str]
    """Which of Action, Resource and Principal are written with Not: all but these."""
    condition: str
    statement: Statement = field(compare=False)
    """The part as a statement, without its principals."""

    @property
    def action(self) -> str:
        """The pattern of the actions that it is about."""
        return "*" if "Action" in self.but else texts(self.statement["Action"])[0]

    @property
    def resource(self) -> str:
        """The pattern of the resources that it is about."""
        return "*" if "Resource" in self.but else self.resources[0]

    @property
    def principal(self) -> Name | None:
        """The one principal; None where it is about all but some, or about the principal that has the policy."""
        return None if "Principal" in self.but or not self.principals else self.principals[0]

    @property
    def whole(self) -> Statement:
        """The part as a statement, with its principals."""
        named = {_key("Principal", self.but): by_type(self.principals)} if self.principals else {}
        return {**self.statement, **named}

    @property
    def sid(self) -> str:
        """The Sid of the statement."""
        return str(self.statement.get("Sid") or "a statement without a Sid")

    @cached_property
    def named(self) -> tuple[str, str] | None:
        """The key and value of the condition that names the callers, where one names fewer than the principal does."""
        given = [
            (key, texts(values)[0])
            for operator, keys in self.statement.get("Condition", {}).items()
            for key, values in keys.items()
            if _names_callers(operator, key) and texts(values)
        ]
        kind, name = self.principal or ("", "")
        keys = [":sub"] if kind == "Federated" else _NAMING_CALLERS if name in {"", "*"} else _NAMING_CALLERS[:1]
        return next((each for key in keys for each in given if each[0].lower().endswith(key)), None)

    @cached_property
    def conditions(self) -> tuple[str, ...]:
        """The conditions in words, but for the one that names the callers."""
        rest = {
            operator: {key: values for key, values in keys.items() if not (self.named and key == self.named[0])}
            for operator, keys in self.statement.get("Condition", {}).items()
        }
        return tuple(of_statement({"Condition": rest}))

    def is_about(self, action: str, resource: str) -> bool:
        """Return whether a request of these patterns may fall under it."""
        return self.allows_action(action) and ("Resource" in self.but or meet(self.resource, resource))

    def meets(self, other: "Part") -> bool:
        """Return whether a request may fall under both."""
        return other.allows_action(self.action) and self.is_about(other.action, other.resource)

    def allows_action(self, action: str) -> bool:
        """Return whether an action, or a pattern of actions, may fall under it."""
        if "Action" in self.but:
            return not any(covers(each, action.lower()) for each in self.actions)
        return meet(self.actions[0], action.lower())

    def covers(self, other: "Part") -> bool:
        """Return whether surely every request that the other allows is allowed by this one."""
        same_callers = (self.principals, self.but & {"Principal"}) == (other.principals, other.but & {"Principal"})
        return (
            same_callers
            and (self.condition in {"", other.condition} or self.tests <= other.tests)
            and self._covers_actions(other)
            and "Resource" not in self.but | other.but
            and covers_arn(self.resource, other.resource)
        )

    @cached_property
    def tests(self) -> frozenset[str]:
        """Each condition by itself: all of them must be met."""
        conditions = self.statement.get("Condition", {})
        return frozenset(canonical({each: {key: keys[key]}}) for each, keys in conditions.items() for key in keys)

    def _covers_actions(self, other: "Part") -> bool:
        if "Action" not in self.but | other.but:
            return covers(self.actions[0], other.actions[0])
        if "Action" not in self.but:
            return self.actions[0] == "*"
        if "Action" in other.but:
            return all(any(covers(wider, each) for wider in other.actions) for each in self.actions)
        return not any(meet(each, other.actions[0]) for each in self.actions)


def taken_apart(policies: Iterable[Policy | None]) -> tuple[Part, ...]:
    """Return the parts of all statements, each once."""
    return tuple(dict.fromkeys(part for policy in policies if policy for part in _parts(policy)))


def allowing(parts: Iterable[Part]) -> list[Part]:
    """Return the parts that allow."""
    return [each for each in parts if each.effect == "Allow"]


def denying(parts: Iterable[Part]) -> list[Part]:
    """Return the parts that deny."""
    return [each for each in parts if each.effect == "Deny"]


def _parts(policy: Policy) -> Iterator[Part]:
    for statement in (each for whole in policy.statements for each in _by_caller(whole)):
        rest = {key: value for key, value in statement.items() if key not in _TAKEN_APART}
        conditions = statement.get("Condition")
        but = frozenset(
            each.removeprefix("Not") for each in _TAKEN_APART if each.startswith("Not") and each in statement
        )
        for action in _choices(statement, "Action"):
            for resource in _choices(statement, "Resource"):
                for principals in _principals(statement):
                    yield Part(
                        statement["Effect"],
                        tuple(sorted(each.lower() for each in action)),
                        tuple(sorted(resource)),
                        principals,
                        but,
                        canonical(conditions) if conditions else "",
                        {**rest, _key("Action", but): action, _key("Resource", but): resource},
                    )


def _by_caller(statement: Statement) -> Iterator[Statement]:
    """Yield the statement for each value of a condition that names callers: one of the values must match."""
    conditions = statement.get("Condition", {})
    for operator, keys in conditions.items():
        for key, values in keys.items():
            if _names_callers(operator, key) and len(texts(values)) > 1:
                for value in texts(values):
                    one = {**conditions, operator: {**keys, key: [value]}}
                    yield from _by_caller({**statement, "Condition": one})
                return
    yield statement


_NAMING_CALLERS = ["aws:principalarn", "aws:principalorgpaths", "aws:principalorgid", "aws:principalaccount"]


def _names_callers(operator: str, key: str) -> bool:
    """Return whether a condition names callers: by ARN, organization or account, or by the subject of a token."""
    of = operator_of(operator)
    positive = of.comparison in {"StringEquals", "StringLike", "ArnEquals", "ArnLike"}
    named = key.lower() in _NAMING_CALLERS or key.lower().endswith(":sub")
    return positive and not of.if_exists and of.quantifier != "ForAllValues:" and named


_TAKEN_APART = ("Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal")


def _key(name: str, but: frozenset[str]) -> str:
    return f"Not{name}" if name in but else name


def _choices(statement: Statement, name: str) -> list[list[str]]:
    if f"Not{name}" in statement:
        return [texts(statement[f"Not{name}"])]
    return [[each] for each in texts(statement.get(name, "*"))]


def _principals(statement: Statement) -> list[tuple[Name, ...]]:
    if "NotPrincipal" in statement:
        return [tuple(sorted(names_in(statement["NotPrincipal"])))]
    if "Principal" not in statement:
        return [()]
    return [(each,) for each in names_in(statement["Principal"])]


def names_in(principal: Any) -> list[Name]:
    """Return the principals of a Principal element, each with its type; a text alone is of the type AWS."""
    if not isinstance(principal, Mapping):
        return [("AWS", each) for each in texts(principal)]
    return [(str(kind), each) for kind, names in principal.items() for each in texts(names)]


def by_type(names: Iterable[Name]) -> dict[str, list[str]]:
    """Return principals as a Principal element has them."""
    named: dict[str, list[str]] = {}
    for kind, name in names:
        named.setdefault(kind, []).append(name)
    return named


def as_policy(statements: Iterable[Statement]) -> Policy:
    """Return a policy of these statements, for the prover."""
    return Policy("compared", "", "", {"Version": VERSION, "Statement": list(statements)})
