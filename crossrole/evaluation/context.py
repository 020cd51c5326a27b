"""The condition keys that a request carries: what is asked for, and what is assumed otherwise."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from ipaddress import ip_address

from crossrole.engines.simulator import Context
from crossrole.errors import CommandError
from crossrole.iam.actions import ASSUME, carries
from crossrole.iam.arn import account_of, is_role, name_of
from crossrole.iam.condition_keys import GLOBAL_KEYS
from crossrole.iam.policy import instant
from crossrole.iam.request_keys import (
    NEVER_SAID,
    OF_FEDERATED_SESSIONS,
    OF_SERVICES_SESSIONS,
    Origin,
    carried,
    is_among,
)
from crossrole.unknown import has_unknowns

_ASSUMED = {
    "aws:SecureTransport": "true",
    "aws:ViaAWSService": "false",
    "aws:PrincipalIsAWSService": "false",
    "s3:TlsVersion": "1.3",
}
# What only the one who assumes a role carries: of MFA and the like the role's own sessions know nothing.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html
_OF_THE_CALLER = ("aws:multifactorauth", "aws:principaltag/", "aws:username", "aws:userid", "aws:tagkeys", "sts:")
_OF_ITS_ACCOUNT = ("aws:principalorg",)
# Requests that S3 makes to KMS for the caller come neither from the caller's address nor over its connection.
_OF_THE_CONNECTION = ("aws:sourceip", "aws:sourcevpc", "aws:vpcsourceip", "aws:securetransport")
_OF_THE_QUESTION = ("aws:principalarn", "aws:principalaccount", "aws:principaltype")


def parse_context(pairs: Iterable[str]) -> dict[str, str | list[str]]:
    """Return the condition keys given as `key=value`, a key that is given twice with both values.

    Raises `CommandError` for a pair of another form, or a value that its key does not take.
    """
    context: dict[str, str | list[str]] = {}
    names: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or ":" not in key:
            raise CommandError(f'--context "{pair}" is not key=value, such as aws:SourceIp=203.0.113.7')
        if key.lower() in _OF_THE_QUESTION:
            raise CommandError(f"--context {key} can't be set: it says who CALLER is")
        text = _checked(key, value)
        name = names.setdefault(key.lower(), key)
        before = context.get(name)
        context[name] = text if before is None else [*([before] if isinstance(before, str) else before), text]
    return context


def context_of(
    principal: str,
    action: str,
    *,
    account: str,
    region: str | None,
    given: Context,
    now: datetime,
    defaults: Context | None = None,
) -> dict[str, str | list[str]]:
    """Return the context of one request: who asks, when, over what, and whatever is given."""
    folded_given = {key.lower(): value for key, value in given.items()}
    # A caller that is asked about at another time began the session then.
    moment = str(folded_given.get("aws:currenttime", instant(now)))
    context: dict[str, str | list[str]] = {
        "aws:PrincipalArn": principal,
        "aws:PrincipalAccount": account_of(principal),
        "aws:CurrentTime": moment,
        "aws:ResourceAccount": account,
        "s3:ResourceAccount": account,
        **({} if not action.startswith("kms:") else {"kms:CallerAccount": account_of(principal)}),
        **({"aws:RequestedRegion": region} if region else {}),
        **(
            {"aws:PrincipalType": "AssumedRole", "aws:TokenIssueTime": moment}
            if is_role(principal)
            else {"aws:PrincipalType": "User", "aws:username": name_of(principal)}
        ),
        **_ASSUMED,
        **(defaults or {}),
    }
    folded = {key.lower(): key for key in context}
    for key, value in given.items():
        context[folded.get(key.lower(), key)] = value
    # Keys of another service: of a chain's requests only some carry them. S3 gives the bucket's tags with its objects.
    of_sessions = OF_SERVICES_SESSIONS | OF_FEDERATED_SESSIONS if is_role(principal) else frozenset()
    return {
        key: value
        for key, value in context.items()
        if key.startswith("aws:") or _is_sent(action, key) or is_among(key.lower(), of_sessions)
    }


def _is_sent(action: str, key: str) -> bool:
    """Return whether a request may carry a service's own key; what is sent to assume a role comes in one request."""
    return carries(action, key) or (action in _OF_ONE_CALL and any(carries(each, key) for each in _OF_ONE_CALL))


_OF_ONE_CALL = (ASSUME, "sts:TagSession", "sts:SetSourceIdentity")


def anything(action: str, *, origin: Origin, knows_principal: bool, knows_resource: bool) -> frozenset[str]:
    """Return the keys, and families of keys, that a request carries with any value, unless its context has them.

    `origin` says how the caller's session may have begun; `knows_principal` and `knows_resource` whether the templates
    make them, and so their tags.
    """
    keys = carried(action)
    if knows_resource:
        keys = frozenset(each for each in keys if not each.endswith(OF_A_RESOURCE))
    return frozenset().union(
        NEVER_SAID,
        keys,
        origin.anything,
        () if knows_principal else {f"{PRINCIPAL_TAG.lower()}"},
        () if knows_resource else {"aws:resourcetag/"},
    )


PRINCIPAL_TAG = "aws:PrincipalTag/"
OF_A_RESOURCE = ("resourcetag/", "buckettag/")
"""How the keys end that hold the tags of a resource; each service may have its own beside aws:ResourceTag."""


def resource_tag_keys(action: str, tags: Mapping[str, str]) -> dict[str, str]:
    """Return the condition keys that a request to a resource with these tags carries."""
    families = {"aws:ResourceTag/", *(each for each in carried(action) if each.endswith(OF_A_RESOURCE))}
    return {
        f"{family}{key}": value for family in sorted(families) for key, value in tags.items() if not has_unknowns(key)
    }


def tag_keys(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the condition keys that the requests of a role or user with these tags carry."""
    return {f"{PRINCIPAL_TAG}{key}": value for key, value in tags.items() if not has_unknowns(key)}


def of_the_caller(given: Context) -> Context:
    """Return what the request that assumes the role carries."""
    return {key: value for key, value in given.items() if key.lower() != "aws:tokenissuetime"}


def of_the_session(given: Context, *, same_account: bool = False) -> Context:
    """Return what the requests of the role's session carry; of the organization, where it is the caller's account."""
    left = _OF_THE_CALLER if same_account else (*_OF_THE_CALLER, *_OF_ITS_ACCOUNT)
    kept = {key: value for key, value in given.items() if not (key.lower().startswith(left) or _is_of_a_token(key))}
    tagged = {_OF_REQUEST.sub(PRINCIPAL_TAG, key): value for key, value in kept.items()}
    said = [value for key, value in given.items() if key.lower() == "sts:sourceidentity"]
    return {**tagged, "aws:SourceIdentity": said[0]} if said else tagged


# The tags that a session is begun with are its own.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
_OF_REQUEST = re.compile("^aws:RequestTag/", re.IGNORECASE)


def _is_of_a_token(key: str) -> bool:
    return is_among(key.lower(), OF_SERVICES_SESSIONS | OF_FEDERATED_SESSIONS)


def of_the_service(given: Context) -> Context:
    """Return what a service's request carries that it makes for the session."""
    return {
        key: value
        for key, value in of_the_session(given, same_account=True).items()
        if not key.lower().startswith(_OF_THE_CONNECTION)
    }


def unused(given: Context, contexts: Iterable[Context]) -> list[str]:
    """Return the keys that were given and that no request carries, or that AWS does not know."""
    carried = {key.lower() for context in contexts for key in context}
    return [key for key in given if key.lower() not in carried or not _known(key.lower())]


def _known(key: str) -> bool:
    if not key.startswith("aws:"):
        return True  # a service's own keys are carried only where AWS knows them
    stem = key.partition("/")[0]
    return any(key == each.lower() or ("/" in each and stem == each.lower().partition("/")[0]) for each in GLOBAL_KEYS)


def _checked(key: str, value: str) -> str:
    expected, check = _VALUES.get(key.lower(), ("", str))
    try:
        return check(value)
    except ValueError:
        raise CommandError(f'--context {key}: "{value}" is not {expected}') from None


def _moment(value: str) -> str:
    moment = datetime.fromisoformat(value)
    return instant(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _truth(value: str) -> str:
    if value.lower() not in {"true", "false"}:
        raise ValueError(value)
    return value.lower()


def _number(value: str) -> str:
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", value):
        raise ValueError(value)
    return value


_TIME = ("a time, such as 2026-12-31T23:59:59Z", _moment)
_BOOL = ("true or false", _truth)
_VALUES: Mapping[str, tuple[str, Callable[[str], str]]] = {
    "aws:currenttime": _TIME,
    "aws:tokenissuetime": _TIME,
    "aws:sourceip": ("an IP address, such as 203.0.113.7", lambda value: str(ip_address(value))),
    "aws:securetransport": _BOOL,
    "aws:multifactorauthpresent": _BOOL,
    "aws:multifactorauthage": ("a number of seconds", _number),
    "s3:tlsversion": ("a TLS version, such as 1.2", _number),
}
