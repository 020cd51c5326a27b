"""AssumeRoleWithWebIdentity: the provider that signed the token, and for whom it was signed."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ministack.services import cognito, iam, sts

from sandbox.patches.requests import parameters, role_of

# ruff: noqa: SLF001 - the emulator has no public way to change what it decides

_HOUR = 3600


def apply() -> None:
    """Put the patch in place.

    The emulator looks at the role's trust policy alone. AWS looks first whether the role's account has the provider,
    whether the provider knows the token's audience, and at the token's end. No signature is checked: nobody signs here.
    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
    """
    handle = sts.handle_request

    async def handle_as_aws(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]
    ) -> Any:
        request = parameters(body, query)
        # With a ProviderId it is an OAuth access token, which says nothing that could be read here.
        if request.get("Action") == "AssumeRoleWithWebIdentity" and not request.get("ProviderId"):
            code, message = _wrong(request)
            if code:
                return sts._error(400, code, message, ns="sts")
        return await handle(method, path, headers, body, query)

    sts.handle_request = handle_as_aws


def _wrong(request: Mapping[str, str]) -> tuple[str, str]:
    """Return the code and message of what AWS denies before it looks at the trust policy; empty texts for nothing."""
    role_arn = request.get("RoleArn", "")
    role, claims = role_of(role_arn) or {}, _claims(request.get("WebIdentityToken", ""))
    issuer, end = str(claims.get("iss", "")), float(claims.get("exp", 0))
    audiences = claims.get("aud", [])
    provider = _provider(role_arn, issuer)
    if not issuer:
        return "InvalidIdentityToken", "The ID Token provided is not a valid JWT."
    if issuer.removeprefix("https://") not in sts._WELL_KNOWN_WEB_IDENTITY_PROVIDERS:
        if provider is None:
            return "InvalidIdentityToken", f"No OpenIDConnect provider found in your account for {issuer}"
        if not set(provider["ClientIDList"]) & set([audiences] if isinstance(audiences, str) else audiences):
            return "InvalidIdentityToken", "Incorrect token audience"
    if end < time.time():
        return "ExpiredTokenException", f"Token expired: it was valid until {datetime.fromtimestamp(end, UTC)}"
    if int(request.get("DurationSeconds") or _HOUR) > int(role.get("MaxSessionDuration") or _HOUR):
        return "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    return "", ""


def _provider(role_arn: str, issuer: str) -> dict[str, Any] | None:
    """Return the provider of that issuer in the role's account."""
    account = role_arn.split(":")[4] if role_arn.startswith("arn:aws:iam::") else ""
    arn = f"arn:aws:iam::{account}:oidc-provider/{issuer.removeprefix('https://')}"
    found: dict[str, Any] | None = iam._oidc_providers.get_scoped(account, None, arn)
    return found


def _claims(token: str) -> dict[str, Any]:
    try:
        claims = cognito._decode_id_token_unverified(token)
    except (ValueError, TypeError):
        return {}
    return claims if isinstance(claims, dict) else {}
