"""Session tags: who may set them, and those that a chain of roles hands on."""

import contextvars
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from ministack.services import sts

from sandbox.patches.requests import both_allow, members, not_authorized, parameters

# ruff: noqa: SLF001 - the emulator has no public way to change what it decides

Tags = dict[str, str]


class _Tagged(NamedTuple):
    """The tags that a session gets from the one that began it, and the keys that it hands on."""

    inherited: Tags
    transitive: frozenset[str]


# The tags of the session that the present STS request begins.
_tagged: contextvars.ContextVar[_Tagged | None] = contextvars.ContextVar("tagged", default=None)


def apply() -> None:
    """Put the patch in place.

    The emulator asks the trust policy alone for sts:TagSession, and forgets transitive tags after one session. AWS asks
    the caller's own policies too, and both again for tags that are only handed on: a second role whose trust lacks
    sts:TagSession denies a session that bears transitive tags, although that passes none itself.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
    """
    handle, register = sts.handle_request, sts.register_session

    async def handle_as_aws(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]
    ) -> Any:
        request = parameters(body, query)
        caller = sts._caller_identity(headers, query)
        _tagged.set(None)
        if request.get("Action") != "AssumeRole" or not isinstance(caller, dict):
            return await handle(method, path, headers, body, query)
        keys, values = members(request, "Tags.member.#.Key"), members(request, "Tags.member.#.Value")
        own, inherited = dict(zip(keys, values, strict=False)), _handed_on(sts._sessions.get(caller["accessKey"]) or {})
        transitive = {key.lower() for key in members(request, "TransitiveTagKeys.member.#")}
        if wrong := _wrong(own, inherited, transitive):
            return sts._error(400, "InvalidParameterValue", wrong, ns="sts")
        _tagged.set(_Tagged(inherited, frozenset(transitive | {key.lower() for key in inherited})))
        answer = await handle(method, path, headers, body, query)
        together = inherited | own
        if answer[0] == HTTPStatus.OK and together:
            asked: dict[str, Any] = {f"aws:requesttag/{key.lower()}": value for key, value in together.items()}
            asked["aws:tagkeys"] = list(together)
            if not both_allow("sts:TagSession", asked, request["RoleArn"], caller):
                return not_authorized("sts:TagSession", request["RoleArn"], caller)
        return answer

    def register_as_aws(access_key: str, session: dict[str, Any]) -> None:
        if tagged := _tagged.get():
            handed_on = [{"Key": key, "Value": value} for key, value in tagged.inherited.items()]
            session["SessionTags"] = [*handed_on, *(session.get("SessionTags") or [])]
            session["TransitiveTagKeys"] = tagged.transitive
        register(access_key, session)

    sts.handle_request, sts.register_session = handle_as_aws, register_as_aws


def _handed_on(session: Mapping[str, Any]) -> Tags:
    keys = session.get("TransitiveTagKeys", frozenset())
    return {tag["Key"]: tag["Value"] for tag in session.get("SessionTags") or [] if tag["Key"].lower() in keys}


def _wrong(own: Tags, inherited: Tags, transitive: set[str]) -> str | None:
    passed = {key.lower() for key in own}
    if passed & {key.lower() for key in inherited}:
        return (
            "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key "
            "from the calling session."
        )
    if transitive - passed:
        return "The specified transitive tag key must be included in the requested tags."
    return None
