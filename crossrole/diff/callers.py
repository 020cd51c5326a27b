"""The callers that a resource's policy names, as conditions: so that one proof is about every caller there is.

The prover decides for one principal. Here the caller is a text like any other that a request carries, and the proof may
choose it: an IAM principal by its ARN, a service or an identity provider by its type and name, and none for a request
without credentials.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossrole.diff.parts import Name, Part, as_policy, by_type, names_in
from crossrole.diff.sentences import who
from crossrole.engines.prover import UNBOUND, Bounds, Side
from crossrole.iam.arn import account_of, account_root_arn, name_of
from crossrole.iam.condition_operators import operator_of
from crossrole.iam.globs import meet
from crossrole.iam.policy import Policy, Statement, texts
from crossrole.iam.public_access import closes

# IAM compares keys without regard to case. So spelled in three ways, three conditions of one key can have one operator.
CALLER, _BY_NAME, _BY_ACCOUNT = "aws:CallerArn", "aws:CallerARN", "aws:callerArn"
_SESSION_OF_THE_CALLER = "aws:CallerSession"
_HAS_POLICIES = {"aws:CallerHas": "policies that allow it"}
# The keys that the prover would take from its one principal, and `kms:CallerAccount`, which says the same.
_OF_THE_PRINCIPAL = re.compile(r"\baws:(?:principal(?=arn|account|type|isawsservice|tag/)|(?=username))", re.IGNORECASE)
_ACCOUNT_KEYS = {"aws:principalaccount", "kms:calleraccount"}
_NOBODY = "arn:aws:iam::000000000000:role/nobody"
_ROOT = re.compile(r"arn:[^:]*:iam::([0-9]{12}|):root|([0-9]{12})")
_SESSION = re.compile(r"(arn:[^:]*):sts::([0-9]{12}):assumed-role/([^/]+)/.+")
_SEGMENTS = 6


@dataclass(frozen=True)
class Owner:
    """The account that a resource belongs to, and whether its policy must allow even there, as a role's or a key's."""

    partition: str
    account: str
    required: bool
    roles: tuple[str, ...] = ()
    """The roles whose ARNs are known: a session's ARN says the name of its role alone, and no path."""

    @property
    def delegation(self) -> Policy:
        """What its own account's principals may do where its policy says nothing: whatever their own policies allow."""
        allow = {"Effect": "Allow", "Principal": {"AWS": self.root}, "Action": "*", "Resource": "*"}
        return as_policy([] if self.required else [allow])

    @property
    def root(self) -> str:
        """The ARN that stands for the account."""
        return account_root_arn(self.partition, self.account)


def layer(policies: Sequence[Policy], owner: Owner, allowed: Part | None = None, *, bounds: Bounds = UNBOUND) -> Side:
    """Return what policies of a resource allow any caller whose own policies allow it too.

    With `allowed`, this part alone allows anything; what the policies deny stays denied. `bounds` bound all callers.
    """
    statements = [each for policy in policies for each in policy.statements]
    kept = [each for each in statements if each["Effect"] == "Deny" or not allowed]
    made = [made for each in [*kept, *([allowed.whole] if allowed else [])] for made in _of_callers(each, owner)]
    bound = bounds.map(lambda each: as_policy(_of_any_caller(one, owner) for one in each.statements))
    return Side(_NOBODY, account_of(_NOBODY), (as_policy(made),), bounds=bound)


def about(policies: Sequence[Policy], part: Part, owner: Owner) -> list[Policy]:
    """Return policies without the principals that no caller of a part can be: of hundreds, one proof needs few."""
    if part.principal is None or part.principal[1] == "*" or _account(part.principal) == owner.account:
        return list(policies)
    callers = _patterns(part.principal, owner)
    if _SESSION.fullmatch(part.principal[1]):
        return list(policies)

    def may_name(name: Name) -> bool:
        return (
            name[1] == "*"
            or _account(name) == owner.account
            or _SESSION.fullmatch(name[1]) is not None
            or any(meet(one, other) for one in _patterns(name, owner) for other in callers)
        )

    return [
        as_policy(
            {**each, "Principal": by_type(names)} if names else each
            for each in policy.statements
            if (names := _those_who(each, may_name)) is None or names
        )
        for policy in policies
    ]


def _those_who(statement: Statement, may_name: Callable[[Name], bool]) -> list[Name] | None:
    """Return the principals that a statement names and that pass a test; None for one that names all but some."""
    return (
        None if "Principal" not in statement else [each for each in names_in(statement["Principal"]) if may_name(each)]
    )


def _of_callers(statement: Statement, owner: Owner) -> Iterator[Statement]:
    """Yield the statement without principals: the callers that it is about are conditions."""
    for condition in _choices(statement, owner):
        yield _of_any_caller(statement, owner, condition)


def _of_any_caller(statement: Statement, owner: Owner, condition: Mapping[str, Any] | None = None) -> Statement:
    """Return the statement without principals, with a condition more; what it tests of a principal is of the caller."""
    bare = {key: each for key, each in statement.items() if key not in {"Principal", "NotPrincipal", "Condition"}}
    given, more = _conditions(statement.get("Condition", {}), owner.partition), condition or {}
    both = {operator: {**given.get(operator, {}), **more.get(operator, {})} for operator in {**given, **more}}
    made: Statement = json.loads(_OF_THE_PRINCIPAL.sub("aws:Caller", json.dumps({**bare, "Condition": both})))
    return made


def regardless_of_name(side: Side, part: Part) -> tuple[object, ...] | None:
    """Return what a side says of the one caller of a part, which is the same for every caller of whom the same holds.

    None where the part may be about several, or where something but a list of principals tests who the caller is.
    """
    kind, name = part.principal or ("", "*")
    if side.principal != _NOBODY or kind != "AWS" or {"*", "?"} & set(name) or not name.startswith("arn:"):
        return None
    policies = [each.document for each in (*side.identity, *side.bounds.levels)]
    text = json.dumps(policies, sort_keys=True)
    listed = [
        each
        for document in policies
        for statement in document["Statement"]
        for keys in statement.get("Condition", {}).values()
        for each in texts(keys.get(_BY_NAME))
    ]
    others = {*_ABOUT_CALLERS.findall(text)} - {_BY_NAME, *_HAS_POLICIES}
    if others or text.count(name) != listed.count(name):
        return None
    renamed = text.replace(json.dumps(name), json.dumps("the caller"))
    return renamed, tuple(meet(each, name) for each in listed)


_ABOUT_CALLERS = re.compile(r"aws:caller[a-z]*", re.IGNORECASE)


def only_callers(part: Part, owner: Owner) -> Mapping[str, Any]:
    """Return the document that allows all that the callers of a part send, and nothing of others."""
    statement = {**part.whole, "Effect": "Deny"}  # a Deny of an account is about everyone in it
    allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    return as_policy({**allow, "Condition": each} for each in _choices(statement, owner)).document


def may_be(part: Part, caller: str) -> bool:
    """Return whether a part of a resource's policy may be about a role or user."""
    if part.principal is None:
        return True
    kind, name = part.principal
    named = name in {"*", caller} or account_of(caller) in name
    return kind == "AWS" and named and (_arn_of(part) is None or meet(str(_arn_of(part)), caller))


def _arn_of(part: Part) -> str | None:
    """Return the ARN, or the pattern of one, that a condition demands of the callers."""
    return part.named[1] if part.named and part.named[0].lower() == "aws:principalarn" else None


def account_of_callers(part: Part) -> str:
    """Return the account that every caller of a part is in; an empty text where they may be in any, or in none."""
    if part.principal is None or part.principal[0] != "AWS":
        return ""
    arn = _arn_of(part) or part.principal[1]
    account = _account(part.principal) or (account_of(arn) if arn.count(":") > 3 else "")  # noqa: PLR2004
    return account if re.fullmatch(r"[0-9]{12}", account) else ""


def is_direct(part: Part) -> bool:
    """Return whether a part, of a policy of their own account, needs no policy of the callers: it names no account."""
    return part.principal is None or _account(part.principal) is None


def is_session(name: str) -> bool:
    """Return whether the name of a principal is that of one session of a role."""
    return _SESSION.fullmatch(name) is not None


def in_session(session: str, conditions: Mapping[str, Any]) -> dict[str, Any]:
    """Return conditions that are met by what one session sends alone, of all that its role does."""
    equals = {**conditions.get("StringEquals", {}), _SESSION_OF_THE_CALLER: session}
    return {**conditions, "StringEquals": equals}


def _choices(statement: Statement, owner: Owner) -> Iterator[Mapping[str, Any]]:
    """Yield the conditions that stand for the principals; the statement is about each caller who meets one of them."""
    if "NotPrincipal" in statement:
        others = names_in(statement["NotPrincipal"])
        if not any(name == "*" for _, name in others):
            yield {"StringNotLike": {_BY_NAME: [pattern for name in others for pattern in _patterns(name, owner)]}}
        return
    names = names_in(statement["Principal"])
    if any(name == "*" for _, name in names):
        yield {}
        return
    delegates = statement["Effect"] == "Allow"
    own = [name for name in names if delegates and _account(name) == owner.account]
    sessions = [(name, match) for name in names if name not in own and (match := _SESSION.fullmatch(name[1]))]
    others = [name for name in names if name not in own and not _SESSION.fullmatch(name[1])]
    if own:
        in_account = {"StringLike": {_BY_NAME: _patterns(own[0], owner)}} if owner.account else {}
        yield {**in_account, "StringEquals": _HAS_POLICIES}
    if others:
        yield {"StringLike": {_BY_NAME: [pattern for name in others for pattern in _patterns(name, owner)]}}
    for (_, session), match in sessions:
        partition, account, role = match.groups()
        known = [each for each in owner.roles if account_of(each) == account and name_of(each) == role]
        roles = (
            known[:1] if len(known) == 1 else [f"{partition}:iam::{account}:role/{path}{role}" for path in ("", "*/")]
        )
        yield {"StringLike": {_BY_NAME: roles, _SESSION_OF_THE_CALLER: session}}


def _patterns(name: Name, owner: Owner) -> list[str]:
    """Return the patterns of the callers that a principal stands for."""
    kind, text = name
    if kind != "AWS":
        return [f"{kind}:{text}"]
    account = _account(name)
    return _of_account(account, owner.partition) if account is not None else [text]


def _account(name: Name) -> str | None:
    match = _ROOT.fullmatch(name[1]) if name[0] == "AWS" else None
    return match and (match[2] if match[1] is None else match[1])


def _of_account(account: str, partition: str) -> list[str]:
    return [f"arn:{partition}:{service}::{account}:*" for service in ("iam", "sts")]


def _conditions(given: Mapping[str, Any], partition: str) -> dict[str, dict[str, Any]]:
    """Return a statement's conditions, with those on the caller's account about the text that stands for a caller."""
    made: dict[str, dict[str, Any]] = {}
    for text, keys in given.items():
        for key, values in keys.items():
            operator, name, wanted = text, key, texts(values)
            kind, quantified = operator_of(text).kind, bool(operator_of(text).quantifier)
            plain = not quantified and not any("${" in each for each in wanted)
            if plain and key.lower() in _ACCOUNT_KEYS and kind == "String":
                operator, name = _as_like(text), _BY_ACCOUNT
                wanted = [pattern for each in wanted for pattern in _of_account(each, partition)]
            elif plain and key.lower() == "aws:principalarn" and kind == "Arn" and all(map(_is_plain_arn, wanted)):
                operator = _as_like(text)
            taken = name in made.get(operator, {})
            made.setdefault(text if taken else operator, {})[key if taken else name] = values if taken else wanted
    return made


def _as_like(operator: str) -> str:
    like = "StringNotLike" if "Not" in operator else "StringLike"
    return f"{like}IfExists" if operator.endswith("IfExists") else like


def _is_plain_arn(pattern: str) -> bool:
    """Return whether it compares as a text does: a wildcard in another part than the last stays within that part."""
    *parts, _ = pattern.split(":", _SEGMENTS - 1)
    return len(parts) == _SEGMENTS - 1 and not {"*", "?"} & set("".join(parts))


# --- in words


INTERNET = "anyone on the internet"


def narrower(part: Part, other: Part) -> Part:
    """Return the one of two parts that names fewer callers, the first where it names as many."""
    return other if _breadth(other) < _breadth(part) else part


def _breadth(part: Part) -> int:
    if _arn_of(part):
        return 0
    if part.principal is None or part.principal[1] == "*":
        return 2
    return 1 if _account(part.principal) is not None else 0


@dataclass(frozen=True)
class Label:
    """How the callers of a part are called."""

    text: str
    arn: str | None = None
    """The role or user that it is about alone."""
    own_policies: bool = True
    """Whether a policy of the caller's own must allow it too."""


def label(part: Part, owner: Owner, *, trust: bool) -> Label:
    """Return how the callers are called that a part of a resource's policy is about."""
    everyone = "everyone in AWS" if trust else INTERNET if is_public(part) else "anyone"
    if part.principal is None:
        return Label(f"{everyone} but {' and '.join(map(_those, part.principals))}", own_policies=trust)
    kind, name = part.principal
    account = _account(part.principal)
    if kind != "AWS":
        return _of_others(part, kind, name)
    if arn := _arn_of(part) if name == "*" or account is not None else name:
        alone = None if {"*", "?"} & set(arn) else arn
        direct = is_direct(part) and account_of(arn) == owner.account if ":" in arn else False
        return Label(who(arn), alone, own_policies=not direct)
    if part.named:
        return Label(f"everyone in {_CALLERS_BY_KEY[part.named[0].lower()]}{part.named[1]}")
    if account is not None:
        return Label(f"everyone in {account or 'its account'}")
    return Label(everyone, own_policies=trust)


def is_public(part: Part) -> bool:
    """Return whether a part lets everyone in, without credentials too.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status
    """
    everyone = part.principal is None or part.principal == ("AWS", "*")
    return part.effect == "Allow" and everyone and not closes(part.statement.get("Condition", {}))


def _of_others(part: Part, kind: str, name: str) -> Label:
    if kind != "Federated":
        words = {"Service": "service", "CanonicalUser": "the canonical user"}
        return Label(f"{words.get(kind, kind)} {name}", own_policies=False)
    provider = re.sub(r"arn:[^:]*:iam::[0-9]{12}:(oidc|saml)-provider/", "", name)
    subject = f" ({part.named[1]})" if part.named else ""
    return Label(f"federated {provider}{subject}", own_policies=False)


_CALLERS_BY_KEY = {
    "aws:principalorgpaths": "the organizational unit ",
    "aws:principalorgid": "the organization ",
    "aws:principalaccount": "",
}


def _those(name: Name) -> str:
    account = _account(name)
    return f"those in {account}" if account is not None else who(name[1])
