"""What CloudFormation makes of IAM: providers of tokens, names that are taken, and callers that do not exist."""

from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any

from ministack.core.responses import get_account_id
from ministack.services import iam
from ministack.services.cloudformation import provisioners

# ruff: noqa: SLF001 - the emulator has no public way to change what it does

Properties = Mapping[str, Any]
Made = tuple[str, dict[str, Any]]


def apply() -> None:
    """Put the patches in place."""
    _patch_taken_names()
    _patch_missing_callers()
    _add_oidc_provider()


def _failed(message: str, code: str) -> ValueError:
    """Return what the emulator writes into the stack's events, in CloudFormation's words."""
    return ValueError(f'Resource handler returned message: "{message}" (HandlerErrorCode: {code})')


def _patch_taken_names() -> None:
    """Let a role or policy of a name that is taken fail; the emulator takes over what exists.

    IAM's names are unique whatever the case of their letters, and whatever the path.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """
    create_role, create_policy = provisioners._iam_role_create, provisioners._iam_managed_policy_create

    def create_role_as_aws(logical_id: str, properties: Properties, stack: str) -> Made:
        if _is_taken(properties.get("RoleName"), iam._roles):
            name = properties["RoleName"]
            raise _failed(
                f"Resource of type 'AWS::IAM::Role' with identifier '{name}' already exists.", "AlreadyExists"
            )
        made: Made = create_role(logical_id, properties, stack)
        return made

    def create_policy_as_aws(logical_id: str, properties: Properties, stack: str) -> Made:
        if _is_taken(properties.get("ManagedPolicyName"), (each["PolicyName"] for each in iam._policies.values())):
            name = properties["ManagedPolicyName"]
            raise _failed(f"A policy called {name} already exists. Duplicate names are not allowed.", "AlreadyExists")
        _must_exist(properties)
        made: Made = create_policy(logical_id, properties, stack)
        return made

    _replace("AWS::IAM::Role", "create", "_iam_role_create", create_role_as_aws)
    _replace("AWS::IAM::ManagedPolicy", "create", "_iam_managed_policy_create", create_policy_as_aws)


def _is_taken(name: str | None, names: Iterable[str]) -> bool:
    return name is not None and name.lower() in {each.lower() for each in names}


def _patch_missing_callers() -> None:
    """Let a policy for a role, user or group that does not exist fail; the emulator leaves that one out."""
    update_policy = provisioners._iam_managed_policy_update

    def update_policy_as_aws(physical_id: str, old: Properties, new: Properties, *rest: Any) -> Made:
        _must_exist(new)
        made: Made = update_policy(physical_id, old, new, *rest)
        return made

    _replace("AWS::IAM::ManagedPolicy", "update", "_iam_managed_policy_update", update_policy_as_aws)


def _must_exist(properties: Properties) -> None:
    for listed, kind, existing in (
        ("Roles", "role", iam._roles),
        ("Users", "user", iam._users),
        ("Groups", "group", iam._groups),
    ):
        for name in properties.get(listed) or []:
            if existing.get(name) is None:
                raise _failed(
                    f"The {kind} with name {name} cannot be found. (Service: Iam, Status Code: 404)", "NotFound"
                )


def _replace(resource_type: str, step: str, function: str, by: Callable[..., Made]) -> None:
    provisioners._RESOURCE_HANDLERS[resource_type][step] = by
    setattr(provisioners, function, by)


def _add_oidc_provider() -> None:
    """Add AWS::IAM::OIDCProvider: the emulator's IAM knows what it makes, its CloudFormation does not.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-oidcprovider.html
    """
    provisioners._RESOURCE_HANDLERS["AWS::IAM::OIDCProvider"] = {
        "create": _create_oidc_provider,
        "update": _update_oidc_provider,
        "delete": _delete_oidc_provider,
    }


def _create_oidc_provider(_logical_id: str, properties: Properties, _stack: str) -> Made:
    url = properties["Url"]
    asked = {"Url": [url]}
    for name, listed in (("ClientIDList", "ClientIdList"), ("ThumbprintList", "ThumbprintList")):
        asked |= {f"{name}.member.{number}": [each] for number, each in enumerate(properties.get(listed) or [], 1)}
    for number, tag in enumerate(properties.get("Tags") or [], 1):
        asked |= {f"Tags.member.{number}.Key": [tag["Key"]], f"Tags.member.{number}.Value": [tag["Value"]]}
    if iam._create_oidc_provider(asked)[0] != HTTPStatus.OK:
        raise _failed(f"Provider with url {url} already exists. (Service: Iam, Status Code: 409)", "AlreadyExists")
    arn = f"arn:aws:iam::{get_account_id()}:oidc-provider/{url.removeprefix('https://')}"
    return arn, {"Arn": arn}


def _update_oidc_provider(physical_id: str, old: Properties, new: Properties, stack: str) -> Made:
    if new["Url"] != old["Url"]:
        made = _create_oidc_provider("", new, stack)
        _delete_oidc_provider(physical_id, old)
        return made
    provider = iam._oidc_providers[physical_id]
    provider["ClientIDList"] = list(new.get("ClientIdList") or [])
    provider["Tags"] = list(new.get("Tags") or [])
    return physical_id, {"Arn": physical_id}


def _delete_oidc_provider(physical_id: str, _properties: Properties) -> None:
    iam._oidc_providers.pop(physical_id, None)
