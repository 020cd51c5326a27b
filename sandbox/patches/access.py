"""Who may do what: signatures, condition keys and policy variables."""

import json
from collections.abc import Mapping
from typing import Any

from ministack import app as gateway
from ministack.core import iam_evaluator as evaluator
from ministack.services import iam, organizations, s3

# ruff: noqa: SLF001 - the emulator has no public way to change what it decides


def apply() -> None:
    """Put the patches in place."""
    _patch_root_signatures()
    _patch_condition_keys()
    _patch_policy_variables()


def _patch_root_signatures() -> None:
    pin, is_root = gateway.pin_signed_request, evaluator._is_root_key

    def pin_as_aws(*request: Any, **options: Any) -> None:
        # It takes a 12-digit key for the account's root without a look at the signature, so that any user of this
        # machine could run code in a function. AWS checks every signature; the secret is the run's own, random one.
        evaluator._is_root_key = lambda _: False
        try:
            pin(*request, **options)
        finally:
            evaluator._is_root_key = is_root

    gateway.pin_signed_request = pin_as_aws


def _patch_condition_keys() -> None:
    resolve = evaluator._resolve_condition_key

    def resolve_as_aws(key: str, context: Any) -> Any:
        name = key.lower()
        if name == "aws:principalarn" and context.principal_type == "AssumedRole":
            # AWS compares the role's own ARN, path included, and never the session's:
            # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
            role_name = context.principal_arn.split("/")[1]
            role = iam._roles.get_scoped(context.principal_account, None, role_name)
            return role["Arn"] if role else context.principal_arn
        if name == "aws:principalorgpaths":
            return _organization_paths(context.principal_account)
        if name == "aws:resourceaccount" and context.resource_arn.startswith("arn:aws:s3:::"):
            # An S3 ARN names no account, and the emulator then takes the caller's for the bucket's.
            bucket = context.resource_arn.removeprefix("arn:aws:s3:::").split("/")[0]
            return s3._bucket_owner_account(bucket) or resolve(key, context)
        return resolve(key, context)

    evaluator._resolve_condition_key = resolve_as_aws


def _patch_policy_variables() -> None:
    met = evaluator._conditions_met

    def met_as_aws(conditions: Mapping[str, Any], context: Any) -> Any:
        # It compares a variable as text. The one that stands in what is deployed here is a user's name:
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
        user = (context.principal_keys or {}).get("aws:username")
        text = json.dumps(conditions)
        return met(json.loads(text.replace("${aws:username}", user)) if user else conditions, context)

    evaluator._conditions_met = met_as_aws


def _organization_paths(account: str) -> list[str] | None:
    """Return the account's one path, as `o-…/r-…/ou-…/`; the emulator knows no aws:PrincipalOrgPaths at all."""
    organization = organizations._orgs.get_scoped(account, None, "self")
    if organization is None:
        return None
    record = organizations._accounts.get_scoped(account, None, account)
    steps: list[str] = []
    while record is not None:
        steps.insert(0, record["_ParentId"])
        record = organizations._ous.get_scoped(account, None, record["_ParentId"])
    return ["/".join([organization["Id"], *steps, ""])]
