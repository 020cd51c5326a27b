"""The condition keys, their types, and whether a statement's requests carry them.

IAM compares the keys' names without regard to case.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from crossrole.errors import nearest
from crossrole.iam.actions import RETIRED_SERVICES, condition_keys, data
from crossrole.iam.policy import texts

EVERY_ACTION = {"*", "*:*"}


# How the reference writes the part of a key that the policy's author chooses, such as a tag's own key.
_VARIABLE = re.compile(r"\$\{[^}]*\}|<[^>]*>|(?<=/)tag-key$")


@cache
def matching_actions(pattern: str) -> tuple[str, ...]:
    """Return the actions of one service that an action of a policy stands for, such as `s3:Get*`."""
    service, _, name = pattern.partition(":")
    if not data().services.service_exists(service):
        return ()
    wanted = "".join({"*": ".*", "?": "."}.get(each, re.escape(each)) for each in name)
    known = data().actions.get_actions_for_service(service)
    return tuple(f"{service.lower()}:{each}" for each in known if re.fullmatch(wanted, each, re.IGNORECASE))


def of_identity_provider(key: str) -> bool:
    """Return whether a key belongs to an identity provider, such as `token.actions.githubusercontent.com:sub`.

    Its first part is the provider's host, and no list of hosts exists.
    """
    return "." in _prefix(key)


def key_type(key: str, statement: Mapping[str, Any]) -> str | None:
    """Return the type of a key, such as `String` or `ArrayOfString`; None where it is not known."""
    types = (kind for documented, kind in _documented(key, statement) if _same(key, documented))
    return next(types, None)


def unknown_key_problem(key: str, statement: Mapping[str, Any]) -> str | None:
    """Return that a key does not exist, with the nearest that do."""
    if of_identity_provider(key) or _prefix(key) in RETIRED_SERVICES or key_type(key, statement) is not None:
        return None
    known = [documented for documented, _ in _documented(key, statement)]
    # A key such as aws:PrincipalTag lacks only the tag.
    families = [each for each in known if each.lower().startswith(f"{key.lower()}/")]
    return f'there is no condition key "{key}", so no request carries it{nearest(key, families or known)}'


def not_carried_problem(key: str, statement: Mapping[str, Any]) -> str | None:
    """Return that no request of the statement's actions carries a key that exists."""
    if of_identity_provider(key) or _prefix(key) in RETIRED_SERVICES or key_type(key, statement) is None:
        return None
    if _is_among(key, GLOBAL_KEYS) or _may_be_carried(key, statement):
        return None
    actions = " or ".join(texts(statement["Action"]))
    return f"no request of {actions} carries {key}; remove it, or move it to a statement of an action that does"


def exists(key: str) -> bool:
    """Return whether a key is a global one or one of the service that it begins with."""
    return key_type(key, {}) is not None


def _may_be_carried(key: str, statement: Mapping[str, Any]) -> bool:
    patterns = texts(statement.get("Action", [])) or ["*"]
    # A session that began with SAML keeps what SAML said; the reference lists it with the beginning alone.
    if _prefix(key) == "saml":
        return True
    # "*" carries every key. An unknown action is reported elsewhere; the action that was meant may carry the key.
    return any(not matching_actions(each) or _is_among(key, _carried_by(each)) for each in patterns)


@cache
def _carried_by(pattern: str) -> frozenset[str]:
    return frozenset(key for action in matching_actions(pattern) for key in condition_keys(action))


def _documented(key: str, statement: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield from GLOBAL_KEYS.items()
    # Keys such as saml:aud stand with the services whose requests carry them.
    services = [_prefix(key), *(_prefix(each) for each in texts(statement.get("Action", []))), "sts"]
    for service in dict.fromkeys(services):
        if data().services.service_exists(service):
            for name in data().conditions.get_condition_keys_for_service(service):
                # The global keys of tags stand with every service, too.
                if _prefix(name) != "aws":
                    yield name, data().conditions.get_condition_key_details(service, name)["type"]


def _prefix(name: str) -> str:
    return name.partition(":")[0].lower()


def _is_among(key: str, documented: Iterable[str]) -> bool:
    return any(_same(key, each) for each in documented)


def _same(key: str, documented: str) -> bool:
    return _pattern(documented).fullmatch(key) is not None


@cache
def _pattern(documented: str) -> re.Pattern[str]:
    fixed = [re.escape(part) for part in _VARIABLE.split(documented)]
    return re.compile(".+".join(fixed), re.IGNORECASE)


GLOBAL_KEYS = {
    "aws:AssumedRoot": "Bool",
    "aws:CalledVia": "ArrayOfString",
    "aws:CalledViaAWSMCP": "String",
    "aws:CalledViaFirst": "String",
    "aws:CalledViaLast": "String",
    "aws:ChatbotSourceArn": "ARN",
    "aws:CurrentTime": "Date",
    "aws:Ec2InstanceSourcePrivateIPv4": "IPAddress",
    "aws:Ec2InstanceSourceVpc": "String",
    "aws:EpochTime": "Date",
    "aws:FederatedProvider": "String",
    "aws:IsMcpServiceAction": "Bool",
    "aws:MultiFactorAuthAge": "Numeric",
    "aws:MultiFactorAuthPresent": "Bool",
    "aws:PrincipalAccount": "String",
    "aws:PrincipalArn": "ARN",
    "aws:PrincipalIsAWSService": "Bool",
    "aws:PrincipalOrgID": "String",
    "aws:PrincipalOrgPaths": "ArrayOfString",
    "aws:PrincipalServiceName": "String",
    "aws:PrincipalServiceNamesList": "ArrayOfString",
    "aws:PrincipalTag/tag-key": "String",
    "aws:PrincipalType": "String",
    "aws:referer": "String",
    "aws:RequestedRegion": "String",
    "aws:RequestTag/tag-key": "String",
    "aws:ResourceAccount": "String",
    "aws:ResourceOrgID": "String",
    "aws:ResourceOrgPaths": "ArrayOfString",
    "aws:ResourceTag/tag-key": "String",
    "aws:SecureTransport": "Bool",
    "aws:SignInSessionArn": "ARN",
    "aws:SourceAccount": "String",
    "aws:SourceArn": "ARN",
    "aws:SourceIdentity": "String",
    "aws:SourceIp": "IPAddress",
    "aws:SourceOrgID": "String",
    "aws:SourceOrgPaths": "ArrayOfString",
    "aws:SourceOwner": "String",
    "aws:SourceVpc": "String",
    "aws:SourceVpcArn": "String",
    "aws:SourceVpce": "String",
    "aws:TagKeys": "ArrayOfString",
    "aws:TokenIssueTime": "Date",
    "aws:UserAgent": "String",
    "aws:userid": "String",
    "aws:username": "String",
    "aws:ViaAWSMCPService": "Bool",
    "aws:ViaAWSService": "Bool",
    "aws:VpceAccount": "String",
    "aws:VpceOrgID": "String",
    "aws:VpceOrgPaths": "ArrayOfString",
    "aws:VpcSourceIp": "IPAddress",
    "ec2:RoleDelivery": "Numeric",
    "ec2:SourceInstanceArn": "ARN",
    "glue:CredentialIssuingService": "String",
    "glue:RoleAssumedBy": "String",
    "identitystore:UserId": "String",
    "lambda:SourceFunctionArn": "ARN",
    "ssm:SourceInstanceArn": "ARN",
}
"""The type of each key, as AWS writes the key; `tag-key` stands for any tag's."""
