"""The callers that a grant's trust policy trusts, and under which conditions, in words."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from crossrole.iam.arn import account_of
from crossrole.iam.condition_words import phrase
from crossrole.iam.policy import Policy, Statement, principals_of, texts, trusted
from crossrole.report.words import Name, Words, duration, listed, moment
from crossrole.templates.grant import Grant

Kind = Literal["role", "user", "permission set", "account", "organization", "unit", "everyone"]
WIDE: tuple[Kind, ...] = ("account", "organization", "unit", "everyone")
"""Kinds of caller that are not a single role or user."""

_PERMISSION_SET = re.compile(r"role/aws-reserved/sso\.amazonaws\.com/(?:[^/]+/)?AWSReservedSSO_(.+?)_[?*]+")
_NARROWING = {"sts:externalid", "aws:multifactorauthage", "aws:multifactorauthpresent", "aws:sourceip"}


@dataclass(frozen=True)
class Caller:
    """A caller that a trust policy trusts."""

    kind: Kind
    name: str
    """A role's or user's path and name, a permission set's name, an organization's or unit's id; an account's id."""
    account: str
    """Empty where it is not of one account."""
    principal: str
    """As the trust policy names it."""
    pinned: bool
    conditions: tuple[Words, ...]
    """What every request must carry, each as the end of a sentence that begins with "only if the caller"."""
    narrowed: bool
    """Whether a condition excludes some of the callers that the name includes."""

    @property
    def words(self) -> Words:
        """The caller in a sentence."""
        if self.kind == "account":
            return ("every principal in account ", Name(self.account), " whose own policies allow it")
        if self.kind == "everyone":
            return ("everyone in AWS",)
        if self.kind in {"organization", "unit"}:
            what = "the organization " if self.kind == "organization" else "the organizational unit "
            return (f"every principal in {what}", Name(self.name), " whose own policies allow it")
        kind = "permission set " if self.kind == "permission set" else ""
        return (
            (kind, Name(self.name), " of ", Name(self.account))
            if kind
            else (Name(self.name), " of ", Name(self.account))
        )


def callers_of(grant: Grant) -> list[Caller]:
    """Return every caller that the grant's trust policy trusts, in its order."""
    found = [
        caller
        for statement in grant.trust.statements
        if statement["Effect"] == "Allow" and principals_of(statement)
        for caller in _callers(grant, statement)
    ]
    return list(dict.fromkeys(found))


def _callers(grant: Grant, statement: Statement) -> Iterator[Caller]:
    alone = Policy(grant.trust.template, grant.trust.logical_id, grant.trust.name, {"Statement": [statement]})
    keys = {
        key.lower(): texts(values) for block in statement.get("Condition", {}).values() for key, values in block.items()
    }
    for principal in trusted(alone):
        named = [("everyone", "")] if principal == "*" else []
        if principal == "*" and "aws:principalorgpaths" in keys:
            named = [("unit", each.removesuffix("/*")) for each in keys["aws:principalorgpaths"]]
        elif principal == "*" and "aws:principalorgid" in keys:
            named = [("organization", each) for each in keys["aws:principalorgid"]]
        for kind, name in named or [_named(principal)]:
            said = {"aws:principalarn", *(_OF_ORGANIZATIONS if kind in {"organization", "unit"} else ())}
            narrowing = _NARROWING | (set() if kind in {"organization", "unit"} else {"aws:principalorgid"})
            yield Caller(
                kind=kind,  # type: ignore[arg-type]  # the literals above
                name=name,
                account="" if principal == "*" else principal if principal.isdigit() else account_of(principal),
                principal=principal,
                pinned=kind in {"role", "user"} and principal in principals_of(statement),
                conditions=tuple(_conditions(statement, said)),
                narrowed=bool(narrowing & keys.keys()),
            )


_OF_ORGANIZATIONS = ("aws:principalorgid", "aws:principalorgpaths", "aws:principalaccount")


def _named(principal: str) -> tuple[Kind, str]:
    if principal.isdigit() or principal.endswith(":root"):
        return "account", principal if principal.isdigit() else account_of(principal)
    resource = principal.split(":", 5)[5]
    if match := _PERMISSION_SET.fullmatch(resource):
        return "permission set", match[1]
    kind, _, name = resource.partition("/")
    return ("user" if kind == "user" else "role"), name


def _conditions(statement: Statement, said: set[str]) -> Iterator[Words]:
    blocks = statement.get("Condition", {})
    keys = {key.lower() for block in blocks.values() for key in block}
    for operator, block in blocks.items():
        for key, values in block.items():
            folded = key.lower()
            if folded in said or (folded == "aws:multifactorauthpresent" and "aws:multifactorauthage" in keys):
                continue
            yield _condition(operator, key, texts(values))


_LISTS = {
    ("StringEquals", "sts:externalid"): "sends the external id ",
    ("StringEquals", "aws:principalorgid"): "belongs to the organization ",
    ("IpAddress", "aws:sourceip"): "comes from ",
}


def _condition(operator: str, key: str, values: list[str]) -> Words:
    if beginning := _LISTS.get((operator, key.lower())):
        return (beginning, *listed(map(Name, values), "or"))
    match operator, key.lower(), values:
        case "NumericLessThanEquals", "aws:multifactorauthage", [seconds]:
            return (f"entered an MFA code at most {duration(int(seconds))} before",)
        case "Bool", "aws:multifactorauthpresent", ["true"]:
            return ("signed in with MFA",)
        case "DateLessThan", "aws:currenttime", [when]:
            return (f"asks before {moment(datetime.fromisoformat(when))}",)
        case _:
            return ("fits ", Name(phrase(operator, key, values)))
