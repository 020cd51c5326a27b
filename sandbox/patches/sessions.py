"""What STS gives: second factors, session lengths and source identities."""

import contextvars
import re
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from ministack.core import iam_actions, iam_evaluator as evaluator
from ministack.services import iam, sts

from sandbox.patches.requests import both_allow, not_authorized, parameters, role_of

# ruff: noqa: SLF001 - the emulator has no public way to change what it decides

_HOUR = 3600

# When the caller of the present STS request verified a second factor; None if it did not.
_second_factor_at: contextvars.ContextVar[float | None] = contextvars.ContextVar("second_factor_at", default=None)
# Whether the present STS request carries a code that is not right for the device of the calling user.
_wrong_code: contextvars.ContextVar[bool] = contextvars.ContextVar("wrong_code", default=False)
# The source identity that the session of the present STS request gets.
_source_identity: contextvars.ContextVar[str | None] = contextvars.ContextVar("source_identity", default=None)


def apply() -> None:
    """Put the patches in place."""
    _patch_second_factor()
    _patch_wrong_code()
    _patch_session_length()
    _patch_source_identity()


def _patch_second_factor() -> None:
    extract, register, principal_keys = iam_actions.extract_iam_action, sts.register_session, evaluator._principal_keys

    def extract_as_aws(service: str, method: str, path: str, *request: Any) -> Any:
        # The first step of every decision, so the caller's own policies and the trust policy see the same.
        _wrong_code.set(False)
        if service == "sts":
            headers, body, query = request
            caller = sts._caller_identity(headers, query)
            verified = _has_second_factor(parameters(body, query), caller)
            _wrong_code.set("TokenCode" in parameters(body, query) and not verified)
            _second_factor_at.set(time.time() if verified else _session_factor(caller))
        return extract(service, method, path, *request)

    def register_as_aws(access_key: str, session: dict[str, Any]) -> None:
        session["SecondFactorAt"] = _second_factor_at.get()
        register(access_key, session)

    def principal_keys_as_aws(credential: Any) -> dict[str, Any]:
        keys: dict[str, Any] = principal_keys(credential)
        verified_at = (sts._sessions.get(credential.access_key_id) or {}).get("SecondFactorAt")
        if verified_at is not None:
            keys["aws:multifactorauthpresent"] = "true"
            keys["aws:multifactorauthage"] = str(int(time.time() - verified_at))
        return keys

    resolve = evaluator._resolve_condition_key

    def resolve_as_aws(key: str, context: Any) -> Any:
        name = key.lower()
        if name in ("aws:multifactorauthpresent", "aws:multifactorauthage") and context.action == "sts:AssumeRole":
            verified_at = _second_factor_at.get()
            if verified_at is not None:
                return "true" if name.endswith("present") else str(int(time.time() - verified_at))
        return resolve(key, context)

    evaluator._resolve_condition_key = resolve_as_aws
    iam_actions.extract_iam_action, sts.register_session = extract_as_aws, register_as_aws
    evaluator._principal_keys = sts._principal_keys = principal_keys_as_aws


def _patch_wrong_code() -> None:
    enforce = evaluator.enforce

    def enforce_as_aws(*request: Any, **options: Any) -> Any:
        # It goes on as if no code had been sent, and then lets in, or blames the policies.
        if _wrong_code.get():
            return evaluator.AuthError(
                "AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code."
            )
        return enforce(*request, **options)

    evaluator.enforce = enforce_as_aws


def _has_second_factor(request: Mapping[str, str], caller: Any) -> bool:
    """Return whether the request carries six digits and a device that is the calling user's; any six digits will do."""
    if not isinstance(caller, dict) or not re.fullmatch(r"\d{6}", request.get("TokenCode", "")):
        return False
    device = iam._mfa_devices.get_scoped(caller["accountId"], None, request.get("SerialNumber", ""))
    return device is not None and caller["principalName"] == device["User"]


def _session_factor(caller: Any) -> float | None:
    """Return when a user's session, as GetSessionToken gives it, was verified; a role's session hands none on."""
    if not isinstance(caller, dict) or caller["principalType"] != "User":
        return None
    session = sts._sessions.get(caller["accessKey"])
    verified_at: float | None = (session or {}).get("SecondFactorAt")
    return verified_at


def _patch_session_length() -> None:
    handle = sts.handle_request

    async def handle_as_aws(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]
    ) -> Any:
        answer = await handle(method, path, headers, body, query)
        request = parameters(body, query)
        if request.get("Action") == "AssumeRole" and answer[0] == HTTPStatus.OK:
            return _too_long(request, sts._caller_identity(headers, query)["userArn"]) or answer
        return answer

    sts.handle_request = handle_as_aws


def _too_long(request: Mapping[str, str], caller_arn: str) -> Any:
    """Return AWS's denial of a session that outlasts the role's maximum, or an hour when one role assumes another."""
    seconds = int(request.get("DurationSeconds") or _HOUR)
    role = role_of(request["RoleArn"]) or {}
    if seconds > int(role.get("MaxSessionDuration") or _HOUR):
        message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    elif seconds > _HOUR and ":assumed-role/" in caller_arn:
        message = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
    else:
        return None
    return sts._error(400, "ValidationError", message, ns="sts")


def _patch_source_identity() -> None:
    handle, register = sts.handle_request, sts.register_session

    async def handle_as_aws(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]
    ) -> Any:
        # It knows no source identity. AWS asks both sides for sts:SetSourceIdentity, keeps it in chained sessions,
        # and lets a session set no other:
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
        request = parameters(body, query)
        caller = sts._caller_identity(headers, query)
        _source_identity.set(None)
        if request.get("Action") == "AssumeRole" and isinstance(caller, dict):
            kept = (sts._sessions.get(caller["accessKey"]) or {}).get("SourceIdentity")
            wanted = request.get("SourceIdentity") or kept
            asked = {"sts:sourceidentity": wanted}
            another = wanted != (kept or wanted)
            if wanted and (another or not both_allow("sts:SetSourceIdentity", asked, request["RoleArn"], caller)):
                return not_authorized("sts:SetSourceIdentity", request["RoleArn"], caller)
            _source_identity.set(wanted)
        return await handle(method, path, headers, body, query)

    def register_as_aws(access_key: str, session: dict[str, Any]) -> None:
        session["SourceIdentity"] = _source_identity.get()
        register(access_key, session)

    sts.handle_request, sts.register_session = handle_as_aws, register_as_aws
