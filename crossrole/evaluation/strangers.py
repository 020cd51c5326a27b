"""Callers that are neither a role nor a user: those without credentials, services, and other kinds of principals."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from crossrole.engines.simulator import Request
from crossrole.evaluation.bounds import bounds_of, may_match
from crossrole.evaluation.requests import Link
from crossrole.iam.condition_operators import FOR_ALL_VALUES, FOR_ANY_VALUE, operator_of
from crossrole.iam.policy import Policy, Statement, texts
from crossrole.iam.request_keys import BY_SERVICES, OF_FEDERATED_SESSIONS, OF_SERVICES_SESSIONS, is_among
from crossrole.unknown import has_unknowns, is_unknown

SOME_SERVICE = "a service of AWS, for its customers"
ANYONE = "anyone on the internet, without credentials"
_ANONYMOUS, _SERVICE = "Anonymous", "Service"
_LABELS = {
    _SERVICE: "the service {}",
    "CanonicalUser": "the account of the canonical user {}",
    "Federated": "who signs in by {}",
}
# The services that take requests which nobody has signed.
_TAKE_UNSIGNED = ("s3:", "sqs:", "execute-api:", "es:", "lambda:InvokeFunctionUrl")
# What a request without credentials does not carry.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable
_OF_CREDENTIALS = (
    BY_SERVICES
    | OF_SERVICES_SESSIONS
    | OF_FEDERATED_SESSIONS
    | {
        "aws:federatedprovider",
        "aws:multifactorauthage",
        "aws:multifactorauthpresent",
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:principaltag/",
        "aws:signinsessionarn",
        "aws:sourceidentity",
        "aws:tokenissuetime",
        "aws:username",
        "s3:signatureage",
    }
)


@dataclass(frozen=True)
class Stranger:
    """Such a caller: its kind is Anonymous, or the kind of principal that a policy names it by."""

    kind: str
    name: str

    @property
    def label(self) -> str:
        """What it is, for a person."""
        if self == Stranger(_SERVICE, "*"):
            return SOME_SERVICE
        return _LABELS[self.kind].format(self.name) if self.kind in _LABELS else ANYONE

    @property
    def is_anonymous(self) -> bool:
        """Whether it has no credentials."""
        return self.kind == _ANONYMOUS


def strangers_in(policy: Policy, action: str, resource: str) -> Iterator[Stranger]:
    """Yield the strangers that a resource's policy may let do an action, each once."""
    found: dict[Stranger, None] = {}
    for statement in policy.statements:
        if statement["Effect"] != "Allow" or not _is_about(statement, action, resource):
            continue
        principal = statement.get("Principal", "*")
        if "*" in _names(principal, "AWS"):
            found |= {Stranger(_ANONYMOUS, "*"): None} if action.startswith(_TAKE_UNSIGNED) else {}
            found |= {Stranger(_SERVICE, "*"): None} if any(map(_is_of_a_service, _tested(statement))) else {}
        if isinstance(principal, Mapping):
            found |= {Stranger(kind, name): None for kind in _LABELS for name in texts(principal.get(kind))}
    yield from found


def _is_about(statement: Statement, action: str, resource: str) -> bool:
    return may_match(texts(statement.get("Action", "*")), action, folded=True) and may_match(
        texts(statement.get("Resource", "*")), resource
    )


def _names(principal: Any, kind: str) -> list[str]:
    return texts(principal.get(kind)) if isinstance(principal, Mapping) else [str(principal)]


def asked_by(stranger: Stranger, link: Link) -> Request:
    """Return the request of a link as a stranger makes it, with nothing fixed but what such a request carries."""
    request = link.request
    policies = [_for(stranger, each, request.principal) for each in (request.resource_policy,) if each]
    known: dict[str, str | list[str]] = {
        key: value for key, value in request.context.items() if key.lower().endswith(":resourceaccount")
    }
    if stranger.is_anonymous:
        known |= {"aws:PrincipalType": "Anonymous", "aws:userid": "anonymous", "aws:ViaAWSService": "false"}
        known["aws:PrincipalIsAWSService"] = "false"
    if stranger.kind == _SERVICE:
        known["aws:PrincipalIsAWSService"] = "true"
        known |= {"aws:PrincipalServiceName": stranger.name} if stranger.name != "*" else {}
    made = replace(
        request,
        resource_policy=policies[0] if policies else None,
        rcps=()
        if stranger.kind == _SERVICE
        else tuple(tuple(_for(stranger, each, request.principal) for each in level) for level in request.rcps),
        # A public policy lets services in, also where it lets nobody of another account in.
        restricts_public="false" if stranger.kind == _SERVICE else request.restricts_public,
        context=known,
        free=True,
    )
    return replace(bounds_of(made).most, context=known)


def of_no_service(request: Request) -> Request:
    """Return the request of a role or user, without the conditions on what only a service's own requests carry."""
    policies = [request.resource_policy] if request.resource_policy else []
    if not any(_is_of_a_service(key) for policy in policies for each in policy.statements for key in _tested(each)):
        return request
    return replace(request, resource_policy=_rewritten(policies[0], _of_no_service))


def _of_no_service(statement: Statement) -> Statement | None:
    kept = _conditions_without(statement, _is_of_a_service)
    rest = {key: value for key, value in statement.items() if key != "Condition"}
    return None if kept is None else {**rest, **({"Condition": kept} if kept else {})}


def _for(stranger: Stranger, policy: Policy, stands_for_it: str) -> Policy:
    """Return what a policy says of a stranger, as if it said it of the principal that stands for it in the engine."""
    return _rewritten(policy, lambda statement: _statement_for(stranger, statement, stands_for_it))


def _rewritten(policy: Policy, rewrite: Callable[[Statement], Statement | None]) -> Policy:
    statements = [each for one in policy.statements if (each := rewrite(one))]
    return replace(policy, document={**policy.document, "Statement": statements})


def _statement_for(stranger: Stranger, statement: Statement, stands_for_it: str) -> Statement | None:
    if is_unknown(statement["Effect"]):
        return statement
    if "NotPrincipal" in statement:
        if stranger.name in _names(statement["NotPrincipal"], stranger.kind):
            return None
    elif not _is_named(stranger, statement.get("Principal", "*")):
        return None
    kept = _conditions_without(statement, _is_of_credentials if stranger.is_anonymous else lambda _: False)
    if kept is None:
        return None
    bare = {key: value for key, value in statement.items() if key not in {"Principal", "NotPrincipal", "Condition"}}
    principal = "*" if stranger.is_anonymous else {"AWS": stands_for_it}
    return {**bare, "Principal": principal, **({"Condition": kept} if kept else {})}


def _conditions_without(statement: Statement, lacks: Callable[[str], bool]) -> dict[str, dict[str, Any]] | None:
    """Return a statement's conditions for a request that lacks some keys; None where it does not match one."""
    kept: dict[str, dict[str, Any]] = {}
    for operator, keys in statement.get("Condition", {}).items():
        for key, values in keys.items():
            if not lacks(key):
                kept.setdefault(operator, {})[key] = values
            elif not _without(operator, values):
                return None
    return kept


def _tested(statement: Statement) -> list[str]:
    return [key for keys in statement.get("Condition", {}).values() for key in keys]


_OF_A_SERVICE = BY_SERVICES - {"aws:calledvia", "aws:calledviafirst", "aws:calledvialast", "kms:viaservice"}


def _is_of_a_service(key: str) -> bool:
    return key.lower() in _OF_A_SERVICE


def _is_named(stranger: Stranger, principal: Any) -> bool:
    return (
        has_unknowns(principal) or "*" in _names(principal, "AWS") or stranger.name in _names(principal, stranger.kind)
    )


def _is_of_credentials(key: str) -> bool:
    return is_among(key.lower(), _OF_CREDENTIALS)


def _without(operator: str, values: Any) -> bool:
    """Return whether a condition holds for a request that lacks the key."""
    taken = operator_of(operator)
    if taken.comparison == "Null":
        return [each.lower() for each in texts(values)] == ["true"]
    if taken.quantifier == FOR_ALL_VALUES or taken.if_exists:
        return True
    return taken.negates and taken.quantifier != FOR_ANY_VALUE
