"""The callers that a policy's statement trusts, and under which conditions, in words."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from crossrole.iam.arn import account_of
from crossrole.iam.condition_words import phrase
from crossrole.iam.policy import Statement, principals_of, texts
from crossrole.iam.session_denials import BEGIN, denies_everyone
from crossrole.report.conditions import Condition, addresses, asks_mfa, conditions_of, mfa_age, moment_of, named, until
from crossrole.report.patterns import fits, may_match, overlap
from crossrole.report.words import Name, Names, Words, duration, listed, moment
from crossrole.templates.grant import Grant

Kind = Literal[
    "role",
    "user",
    "permission set",
    "session",
    "account",
    "organization",
    "unit",
    "everyone",
    "identity provider",
    "unique id",
]
WIDE: tuple[Kind, ...] = ("account", "organization", "unit", "everyone")
"""Kinds of caller that are not a single role, user or provider."""

_PERMISSION_SET = re.compile(r"role/aws-reserved/sso\.amazonaws\.com/(?:[^/]+/)?AWSReservedSSO_(.+?)_[?*]+")
_COLONS_OF_AN_ARN = 5
# Claims that say for whom a token was made, and not whose it is.
_NOT_WHOSE = ("aud", "oaud", "azp", "amr", "iss", "doc", "sub_type")


@dataclass(frozen=True)
class Caller:
    """A caller that a policy trusts."""

    kind: Kind
    name: str
    """A role's or user's path and name, a permission set's name, an organization's or unit's id; an account's id."""
    account: str
    """Empty where it is not of one account."""
    principal: str
    """As the policy names it."""
    pinned: bool
    conditions: tuple[Words, ...]
    """What every request must carry, each as the end of a sentence that begins with "only if the caller"."""
    narrowed: bool
    """Whether a condition excludes some of the callers that the name includes."""
    words: Words
    """The caller in a sentence."""
    subjects: tuple[str, ...] = ()
    """Whose tokens of an identity provider are taken; empty for everyone's."""

    def is_outside(self, account: str) -> bool:
        """Return whether it is not a principal of this account."""
        return self.account != account


def callers_of(grant: Grant, names: Names) -> tuple[Caller, ...]:
    """Return every caller that the grant's trust policy lets begin a session, in its order."""
    return tuple(dict.fromkeys(caller for each in begins(grant) for caller in callers_in(each, names)))


def begins(grant: Grant) -> list[Statement]:
    """Return the statements of the trust policy that let someone begin a session."""
    return [
        each
        for each in grant.trust.statements
        if each["Effect"] == "Allow" and any(may_match(each, way, grant.arn) for way in BEGIN)
    ]


def expiry_of(grant: Grant) -> datetime | None:
    """Return the moment from which nobody can begin a session; None where someone always can."""
    ends = [until(each) for each in begins(grant)]
    return max(filter(None, ends)) if ends and None not in ends else None


def callers_in(statement: Statement, names: Names) -> Iterator[Caller]:
    """Yield the roles, users, accounts and identity providers that a statement names; AWS's services are left out."""
    for principal in principals_of(statement):
        meant, naming = _meant(principal, statement)
        for text in meant:
            yield _caller(text, statement, names, pinned=text == principal, naming=naming)
    principals = statement.get("Principal")
    of_kind: Mapping[str, object] = principals if isinstance(principals, Mapping) else {}
    for provider in texts(of_kind.get("Federated")):
        yield _federated(provider, statement)
    for canonical in texts(of_kind.get("CanonicalUser")):
        yield _caller(canonical, statement, names, pinned=True, naming=None)


_ORGANIZATION, _UNIT = "organization ", "unit "


def _meant(principal: str, statement: Statement) -> tuple[list[str], Condition | None]:
    """Return whom a principal stands for, and the condition that names them, where one does."""
    arns = named(statement, "aws:principalarn")
    if not _is_wide(principal):
        return ([principal] if arns is None or any(fits(principal, each) for each in arns.values) else []), arns
    if arns:
        account = None if principal == "*" else _account(principal)
        return [each for each in arns.values if account is None or overlap(_account(each) or "*", account)], arns
    if principal != "*":
        return [principal], None
    if units := named(statement, "aws:principalorgpaths"):
        return [f"{_UNIT}{each.removesuffix('/*')}" for each in units.values], units
    if organizations := named(statement, "aws:principalorgid"):
        return [f"{_ORGANIZATION}{each}" for each in organizations.values], organizations
    found = named(statement, "aws:principalaccount") or named(statement, "kms:calleraccount")
    return (list(found.values) if found else ["*"]), found


def _is_wide(principal: str) -> bool:
    return principal == "*" or principal.isdigit() or principal.endswith(":root")


def _account(principal: str) -> str:
    """Return the account of a principal, which may be a pattern; an empty text where none is named."""
    if principal.isdigit():
        return principal
    return account_of(principal) if principal.count(":") >= _COLONS_OF_AN_ARN else ""


def _caller(principal: str, statement: Statement, names: Names, *, pinned: bool, naming: Condition | None) -> Caller:
    kind, name = _named(principal)
    account = _account(principal) if kind not in {"organization", "unit", "everyone", "unique id"} else ""
    account = account if account.isdigit() else ""
    if kind in {"organization", "unit"}:
        principal = "*"
    return Caller(
        kind=kind,
        name=name,
        account=account,
        principal=principal,
        pinned=pinned and kind in {"role", "user"},
        conditions=tuple(_conditions(statement, naming, of_organization=kind in {"organization", "unit"})),
        narrowed=_is_narrowed(statement, kind),
        words=_words(kind, name, account, names),
    )


def _named(principal: str) -> tuple[Kind, str]:
    beginnings: dict[str, Kind] = {_UNIT: "unit", _ORGANIZATION: "organization"}
    for beginning, kind_of_it in beginnings.items():
        if principal.startswith(beginning):
            return kind_of_it, principal.removeprefix(beginning)
    if _is_wide(principal):
        return ("everyone", "") if principal == "*" else ("account", _account(principal))
    if not principal.startswith("arn:"):
        return "unique id", principal
    resource = principal.split(":", 5)[-1]
    if match := _PERMISSION_SET.fullmatch(resource):
        return "permission set", match[1]
    kind, _, name = resource.partition("/")
    kinds: dict[str, Kind] = {"user": "user", "assumed-role": "session", "federated-user": "session"}
    return kinds.get(kind, "role"), name or resource


_EVERY: Mapping[Kind, str] = {
    "account": "account ",
    "organization": "the organization ",
    "unit": "the organizational unit ",
}
_ONE: Mapping[Kind, str] = {
    "permission set": "permission set ",
    "session": "the session ",
    "unique id": "the principal with the id ",
}


def _words(kind: Kind, name: str, account: str, names: Names) -> Words:
    if kind == "everyone":
        return ("everyone in AWS",)
    if kind in _EVERY:
        whose = names.account(name) if kind == "account" else (Name(name),)
        return (f"every principal in {_EVERY[kind]}", *whose, " whose own policies allow it")
    of: Words = (" of ", *names.account(account)) if account else (" of any account",)
    return (*filter(None, [_ONE.get(kind, "")]), Name(name), *(of if kind != "unique id" else ()))


def _federated(provider: str, statement: Statement) -> Caller:
    """Return the users of an identity provider, as far as a condition says whose tokens are taken."""
    name = provider.split("provider/", 1)[-1]
    whose = [
        each
        for each in conditions_of(statement)
        if named(statement, each.key.lower()) == each
        and ":" in each.key
        and not each.key.lower().startswith(("aws:", "sts:"))
        and each.key.lower().rpartition(":")[2] not in _NOT_WHOSE
    ]
    subjects = next((each for each in whose if each.key.lower().endswith(":sub")), None)
    whose_words: Words = (" for ", *listed(map(Name, subjects.values), "or")) if subjects else ()
    words = ("tokens of " if subjects else "every token of ", Name(name), *whose_words)
    return Caller(
        kind="identity provider",
        name=name,
        account="",
        principal=provider,
        pinned=False,
        conditions=tuple(_conditions(statement, subjects, of_organization=False)),
        narrowed=bool(whose),
        words=words,
        subjects=subjects.values if subjects else (),
    )


def _is_narrowed(statement: Statement, kind: Kind) -> bool:
    keys = ["sts:externalid", "aws:sourcevpc", "aws:sourcevpce", "aws:sourcearn", "aws:sourceaccount", "aws:userid"]
    keys += [] if kind in {"organization", "unit"} else ["aws:principalorgid", "aws:principalorgpaths"]
    by_name = any(named(statement, key) for key in keys)
    return by_name or asks_mfa(statement) or addresses(statement) is not None


# What names an organization beside its unit, and leaves out the role's own account, which needs no policy of its own.
_OF_ORGANIZATIONS = {
    ("stringequals", "aws:principalorgid"),
    ("stringlike", "aws:principalorgpaths"),
    ("stringnotequals", "aws:principalaccount"),
}


def _conditions(statement: Statement, naming: Condition | None, *, of_organization: bool) -> Iterator[Words]:
    """Yield the conditions on the callers beside the one that names them."""
    said = {*(_OF_ORGANIZATIONS if of_organization else ())}
    said |= {("bool", "aws:multifactorauthpresent")} if mfa_age(statement) is not None else set()
    yield from (_condition(each) for each in conditions_of(statement) if each != naming and each.folded not in said)


_LISTS = {
    ("StringEquals", "sts:externalid"): "sends the external id ",
    ("StringEquals", "aws:principalorgid"): "belongs to the organization ",
    ("IpAddress", "aws:sourceip"): "comes from ",
}


def _condition(condition: Condition) -> Words:
    operator, key, values = condition.operator, condition.key.lower(), condition.values
    if beginning := _LISTS.get((operator, key)):
        return (beginning, *listed(map(Name, values), "or"))
    match operator, key, values:
        case "NumericLessThanEquals", "aws:multifactorauthage", [seconds] if seconds.isascii() and seconds.isdigit():
            return (f"entered an MFA code at most {duration(int(seconds))} before",)
        case "Bool", "aws:multifactorauthpresent", ["true"]:
            return ("signed in with MFA",)
        case "DateLessThan", "aws:currenttime", [when] if end := moment_of(when):
            return (f"asks before {moment(end)}",)
        case _:
            return ("fits ", Name(phrase(operator, condition.key, list(values))))


def denials_of(grant: Grant) -> list[Words]:
    """Return what the trust policy's Deny statements add to the conditions; the state says whether all are denied."""
    found: list[Words] = []
    for number, statement in enumerate(grant.trust.statements, start=1):
        if statement["Effect"] == "Deny" and not denies_everyone(statement):
            where = [Name(phrase(each.operator, each.key, list(each.values))) for each in conditions_of(statement)]
            when: Words = (" where ", *listed(where)) if where else ()
            found.append(
                ("is not one of those that the statement ", Name(statement.get("Sid") or number), " denies", *when)
            )
    return found
