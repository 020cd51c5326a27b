"""What the patches of STS have in common: a request's parameters, and a decision that both sides must make."""

import re
from collections.abc import Mapping
from typing import Any

from ministack.core import iam_evaluator as evaluator
from ministack.services import iam, sts

# ruff: noqa: SLF001 - the emulator has no public way to ask it


def parameters(body: bytes, query: Mapping[str, Any]) -> dict[str, str]:
    """Return the parameters of a request in the query protocol, the only one that SDKs speak to STS."""
    request = {**query, **sts.parse_qs(body.decode("utf-8", errors="replace"))}
    return {name: values[0] for name, values in request.items() if values}


def members(request: Mapping[str, str], name: str) -> list[str]:
    """Return the values of a parameter that is a list, such as `Tags.member.1.Key`, in order."""
    pattern = re.compile(name.replace("#", r"(\d+)").replace(".", r"\."))
    numbered = [(int(match[1]), value) for key, value in request.items() if (match := pattern.fullmatch(key))]
    return [value for _, value in sorted(numbered)]


def role_of(arn: str) -> dict[str, Any] | None:
    """Return the role of that account and name, if there is one."""
    match = re.fullmatch(r"arn:[a-z-]+:iam::(\d{12}):role/(.+/)?([^/]+)", arn)
    found: dict[str, Any] | None = iam._roles.get_scoped(match[1], None, match[3]) if match else None
    return found


def both_allow(action: str, asked: Mapping[str, Any], role_arn: str, caller: Mapping[str, Any]) -> bool:
    """Return whether the caller's own policies and the role's trust policy allow what is asked beside sts:AssumeRole.

    `asked` are the request's condition keys, in lower case.
    """
    role = role_of(role_arn) or {}
    context = evaluator.EvalContext(
        principal_arn=caller["userArn"],
        principal_type=caller["principalType"],
        principal_account=caller["accountId"],
        action=action,
        resource_arn=role_arn,
        region="",
        service_context=dict(asked),
        principal_keys=caller["principalKeys"],
    )
    trusted = evaluator.evaluate_trust_policy(role.get("AssumeRolePolicyDocument", "{}"), caller["userArn"], context)
    return bool(trusted) and evaluator.enforce(caller["accessKey"], action, "sts", "", role_arn, asked) is None


def not_authorized(action: str, role_arn: str, caller: Mapping[str, Any]) -> Any:
    """Return AWS's answer to a caller whom one of the two sides does not allow the action."""
    message = f"User: {caller['userArn']} is not authorized to perform: {action} on resource: {role_arn}"
    return sts._error(403, "AccessDenied", message, ns="sts")
