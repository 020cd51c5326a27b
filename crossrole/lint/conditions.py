"""Rules about conditions: those that are never met or always, and those that are met without what they ask for."""

import re
from collections.abc import Callable, Iterator
from itertools import chain

from crossrole.iam.condition_keys import key_type, not_carried_problem, of_identity_provider, unknown_key_problem
from crossrole.iam.condition_operators import (
    FOR_ALL_VALUES,
    missing_quantifier_problem,
    needless_quantifier_problem,
    operator_problem,
    type_problem,
    value_problem,
)
from crossrole.iam.wildcards import has_wildcard
from crossrole.lint.addresses import are_nearly_all, is_private
from crossrole.lint.documents import Condition, Statement
from crossrole.lint.kinds import TRUST
from crossrole.lint.rule import GUIDE, IF_AWS_CHANGED, Rule
from crossrole.unknown import is_known

_MFA_PRESENT, _MFA_AGE = "aws:multifactorauthpresent", "aws:multifactorauthage"
MFA_KEYS = {_MFA_PRESENT, _MFA_AGE}
"""The keys of a code that the caller gave, in lower case."""
_FROM_SERVICES = {
    "aws:principalservicename",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourceowner",
}
# Keys with several values that say who the caller is: without them, ForAllValues lets everyone in.
_LISTS_OF_CALLERS = {
    "aws:calledvia",
    "aws:principalorgpaths",
    "aws:principalservicenameslist",
    "aws:sourceorgpaths",
    "aws:vpceorgpaths",
}
_ACCOUNTS = {
    "aws:principalaccount",
    "aws:resourceaccount",
    "aws:sourceaccount",
    "aws:sourceowner",
    "aws:vpceaccount",
    "kms:calleraccount",
    "s3:dataaccesspointaccount",
    "s3:resourceaccount",
}
_ORGANIZATIONS = {"aws:principalorgid", "aws:resourceorgid", "aws:sourceorgid", "aws:vpceorgid"}
_PREFIXES = {"aws:sourcevpc": "vpc-", "aws:sourcevpce": "vpce-"}
_ESCAPED = re.compile(r"\$\{[^}]*\}")


def _known(statement: Statement) -> Iterator[Condition]:
    """Yield the conditions whose operator and key are known; values are looked at one by one."""
    for each in statement.conditions:
        if is_known(each.operator) and is_known(each.key):
            yield each


def _unknown_operator(statement: Statement) -> Iterator[str]:
    for operator in dict.fromkeys(each.operator for each in _known(statement)):
        if problem := operator_problem(operator):
            yield problem


def _unknown_key(statement: Statement) -> Iterator[str]:
    yield from _problems(statement, lambda each: unknown_key_problem(each.key, statement.body))


def _not_carried(statement: Statement) -> Iterator[str]:
    yield from _problems(statement, lambda each: not_carried_problem(each.key, statement.body))


def _problems(statement: Statement, problem: Callable[[Condition], str | None]) -> Iterator[str]:
    yield from filter(None, map(problem, _known(statement)))


def _type(statement: Statement, condition: Condition) -> str:
    """Return the type of a key; an empty text where it is not known."""
    if of_identity_provider(condition.key):
        # The reference has too few of a provider's keys; of them, only the ways of authentication are a list.
        return "ArrayOfString" if condition.folded.endswith(":amr") else "String"
    return key_type(condition.key, statement.body) or ""


def _wrong_type(statement: Statement) -> Iterator[str]:
    for each in _known(statement):
        kind = _type(statement, each)
        if not kind or operator_problem(each.operator):
            continue
        if not of_identity_provider(each.key):
            yield from filter(None, [type_problem(each.operator, each.key, kind)])
            yield from filter(None, [missing_quantifier_problem(each.operator, each.key, kind)])
        if each.parsed.quantifier != FOR_ALL_VALUES:
            yield from filter(None, [needless_quantifier_problem(each.operator, each.key, kind)])


def _for_all_values(statement: Statement) -> Iterator[str]:
    for each in _known(statement):
        if each.parsed.quantifier != FOR_ALL_VALUES or operator_problem(each.operator):
            continue
        kind = _type(statement, each)
        if problem := needless_quantifier_problem(each.operator, each.key, kind) if kind else None:
            yield problem
        elif statement.allows and (each.folded in _LISTS_OF_CALLERS or each.folded.endswith(":amr")):
            yield (
                f"{each.operator} also holds for a request without {each.key}, so it lets in those whom it seems to "
                f"keep out; write ForAnyValue:{each.parsed.unquantified}"
            )


def _wrong_value(statement: Statement) -> Iterator[str]:
    for each in _known(statement):
        for value in each.values if not operator_problem(each.operator) else ():
            if is_known(value) and (problem := value_problem(each.operator, each.key, value)):
                yield problem


def _wildcard_without_like(statement: Statement) -> Iterator[str]:
    for each in _known(statement):
        if each.parsed.kind != "String" or "Like" in each.parsed.comparison:
            continue
        like = f"{each.parsed.quantifier}String{'Not' if each.parsed.negates else ''}Like"
        for value in each.values:
            if is_known(value) and has_wildcard(_ESCAPED.sub("", value)):
                yield (
                    f'{each.operator} {each.key} takes "{value}" as it stands, so its wildcard matches nothing else; '
                    f"write {like}{'IfExists' if each.parsed.if_exists else ''}, or the whole value"
                )


def _impossible_value(statement: Statement) -> Iterator[str]:
    for each in _known(statement):
        for value in each.values if each.parsed.kind in {"String", "Arn"} else ():
            if is_known(value) and "${" not in value and (wanted := _wanted(each, value)):
                yield f'{each.operator} {each.key} compares with "{value}", which it never is; write {wanted}'


def _wanted(condition: Condition, value: str) -> str | None:
    key = condition.folded
    if key in _ACCOUNTS and re.fullmatch("[0-9-]+|arn:.*", value) and not re.fullmatch("[0-9]{12}", value):
        return "an account id, of 12 digits"
    if has_wildcard(value) and not key.endswith(":principalarn"):
        return None
    if key in _ORGANIZATIONS and not re.fullmatch("o-[a-z0-9]{10,32}", value):
        return "an organization's id, such as o-a1b2c3d4e5"
    if key in _PREFIXES and not value.startswith(_PREFIXES[key]):
        return f"an id that begins with {_PREFIXES[key]}"
    if key == "aws:principalarn" and re.search(":(assumed-role|group|instance-profile)/", value):
        return "the ARN of the role or user: arn:aws:iam::ACCOUNT:role/NAME is that of every session of the role"
    return None


def _met_without_the_key(statement: Statement) -> Iterator[str]:
    for each in statement.conditions if statement.allows else ():
        if not each.is_known:
            continue
        if each.folded in {*MFA_KEYS, "sts:externalid"} and each.parsed.if_exists and each.values != ("false",):
            lets_in = "that carry no external ID"
            if each.folded in MFA_KEYS:
                lets_in = "without an MFA code, such as those signed with an access key"
            write = f"{each.parsed.quantifier}{each.parsed.comparison}"
            yield f"{each.operator} {each.key} also allows requests {lets_in}; write {write}"


def _not_denied_without_mfa(statement: Statement) -> Iterator[str]:
    if not statement.denies or _denies_without_mfa(statement):
        return
    for each in _known(statement):
        of_presence = each.folded == _MFA_PRESENT and each.parsed.comparison == "Bool" and each.values == ("false",)
        of_age = each.folded == _MFA_AGE and each.parsed.comparison.startswith("NumericGreaterThan")
        if (of_presence or of_age) and not each.parsed.if_exists:
            yield (
                f"{each.operator} {each.key} is not met by a request without an MFA code, such as one signed with an "
                f"access key, so that is not denied; write {each.operator}IfExists"
            )


def _denies_without_mfa(statement: Statement) -> bool:
    """Return whether another statement of the document denies requests without the key."""
    return statement.document.may_deny_more or any(
        each.denies and condition.folded in MFA_KEYS and condition.operator == "Null" and condition.values == ("true",)
        for each in statement.document.statements
        for condition in each.conditions
    )


def _never_sent(statement: Statement) -> Iterator[str]:
    if statement.document.kind != TRUST or not statement.allows:
        return
    callers = list(_callers(statement))
    for each in statement.conditions:
        if not each.is_known or not each.demands:
            continue
        if each.folded in _FROM_SERVICES:
            never = [name for kind, name in callers if kind != "Service" and name != "*"]
            yield from _never_gets_in(never, each, "only AWS services send it", "trust the service under Service")
        elif each.folded in MFA_KEYS:
            never = [name for kind, name in callers if kind != "AWS" or re.search(":(role|assumed-role)/", name)]
            yield from _never_gets_in(never, each, "only users give a code", "name users")


def _never_gets_in(callers: list[str], condition: Condition, why: str, fix: str) -> Iterator[str]:
    if callers:
        names = " and ".join(dict.fromkeys(callers))
        is_met = "gets in" if len(set(callers)) == 1 else "get in"
        yield f"{names} never {is_met} under a condition on {condition.key}: {why}; remove it, or {fix}"


def _callers(statement: Statement) -> Iterator[tuple[str, str]]:
    """Yield the principals; in the place of an account, those whom a condition on aws:PrincipalArn names."""
    named = [
        each
        for each in statement.conditions
        if each.folded == "aws:principalarn" and each.demands and each.parsed.kind in {"String", "Arn"}
    ]
    for kind, name in statement.principals:
        if kind == "AWS" and named and (name.isdigit() or name == "*" or name.endswith(":root")):
            yield from ((kind, value) for value in chain.from_iterable(each.values for each in named))
        elif is_known(name):
            yield kind, name


def _private_address(statement: Statement) -> Iterator[str]:
    for each in _of_addresses(statement):
        for value in each.values:
            if is_private(value):
                yield (
                    f"{each.key} is an address on the internet, so {value} never matches; write public addresses, or "
                    "test aws:VpcSourceIp for requests through a VPC endpoint"
                )


def _every_address(statement: Statement) -> Iterator[str]:
    for each in _of_addresses(statement):
        if are_nearly_all(each.values):
            limits = "is never met" if each.parsed.negates else "limits nobody"
            yield (
                f"the ranges of {each.operator} {each.key} together are nearly every address, so the condition "
                f"{limits}; write the ranges of your networks"
            )


def _of_addresses(statement: Statement) -> Iterator[Condition]:
    return (each for each in _known(statement) if each.folded == "aws:sourceip" and each.parsed.kind == "IpAddress")


_OPERATORS = f"{GUIDE}/reference_policies_elements_condition_operators.html"
_KEYS = f"{GUIDE}/reference_policies_condition-keys.html"
_SETS = f"{GUIDE}/reference_policies_condition-single-vs-multi-valued-context-keys.html"
_CHECKS = f"{GUIDE}/access-analyzer-reference-policy-checks.html"
_MFA = f"{GUIDE}/id_credentials_mfa_configure-api-require.html"

OF_STATEMENTS = (
    Rule(
        "unknown-operator",
        _OPERATORS,
        "No operator has such a name.",
        IF_AWS_CHANGED,
        _unknown_operator,
    ),
    Rule(
        "unknown-key",
        _KEYS,
        "No condition key has such a name, so that no request carries it.",
        "The key is newer than the reference that this version of crossrole has.",
        _unknown_key,
    ),
    Rule(
        "key-not-carried",
        "https://docs.aws.amazon.com/service-authorization/latest/reference/"
        "reference_policies_actions-resources-contextkeys.html",
        "No request of the statement's actions carries the key.",
        "The requests carry it, although the reference does not say so.",
        _not_carried,
    ),
    Rule(
        "operator-of-another-type",
        _OPERATORS,
        "The operator can't compare a key of that type.",
        IF_AWS_CHANGED,
        _wrong_type,
    ),
    Rule(
        "for-all-values",
        _SETS,
        "ForAllValues also holds for a request without the key.",
        "Another condition asks for the key, or nothing depends on it.",
        _for_all_values,
    ),
    Rule(
        "value-of-another-type",
        _OPERATORS,
        "The operator can't compare with such a value.",
        IF_AWS_CHANGED,
        _wrong_value,
    ),
    Rule(
        "wildcard-without-like",
        f"{_CHECKS}#access-analyzer-reference-policy-checks-general-warning-wildcard-without-like-operator",
        "A wildcard under an operator that takes it as a plain character.",
        "The value itself has such a character.",
        _wildcard_without_like,
    ),
    Rule(
        "impossible-value",
        _KEYS,
        "The key never has such a value.",
        "The value is one that AWS has since made possible.",
        _impossible_value,
    ),
    Rule(
        "met-without-key",
        _OPERATORS + "#Conditions_IfExists",
        "An Allow with IfExists is also met by a request without the MFA code or the external ID that it asks for.",
        "Requests without it are to be allowed, and others are to be checked.",
        _met_without_the_key,
    ),
    Rule(
        "not-denied-without-mfa",
        _MFA,
        "A Deny of requests without MFA lets those through that carry no such key.",
        "Only sessions are to be denied, and requests with an access key are not.",
        _not_denied_without_mfa,
    ),
    Rule(
        "key-never-sent",
        _KEYS,
        "Those whom a trust policy trusts never send the key that it asks for.",
        "Another principal of the same statement sends it.",
        _never_sent,
    ),
    Rule(
        "private-address",
        f"{_KEYS}#condition-keys-sourceip",
        "A private range under aws:SourceIp, which is always an address on the internet.",
        "The list is shared with something that takes private addresses.",
        _private_address,
    ),
    Rule(
        "every-address",
        f"{_KEYS}#condition-keys-sourceip",
        "Address ranges that together are nearly every address.",
        "The condition is written for a form's sake, and nothing depends on it.",
        _every_address,
    ),
)
