"""What a shell's environment gets to work as a grant's role, and the way back."""

import json
from collections.abc import Mapping

from crossrole.assume.assume import Credentials
from crossrole.assume.shells import Variables

_PARTS = {
    "AWS_ACCESS_KEY_ID": "AccessKeyId",
    "AWS_SECRET_ACCESS_KEY": "SecretAccessKey",
    "AWS_SESSION_TOKEN": "SessionToken",
}
_EXPIRATION = "AWS_CREDENTIAL_EXPIRATION"
_IN_THE_WAY = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SECURITY_TOKEN")
"""A profile would be asked in place of the credentials, and the last is an old name that goes before the token's."""
BEFORE = "CROSSROLE_BEFORE"
"""Holds what `--unset` puts back; nothing secret."""


def variables_of(
    credentials: Credentials, *, region: str, reach: Mapping[str, str], environment: Mapping[str, str]
) -> dict[str, str | None]:
    """Return the variables of a session; `reach` is how AWS is reached: a CA bundle, an endpoint of one's own.

    What in `environment` would be in the way is to be gone.
    """
    gone = {name: None for name in _IN_THE_WAY if name in environment}
    return {
        **gone,
        **{name: credentials.part(part) for name, part in _PARTS.items()},
        _EXPIRATION: credentials.expiration,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        **{name: value for name, value in reach.items() if name not in environment},
    }


def remembered(variables: Variables, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variable that says what these take the place of; of several in a row, what was before the first."""
    if BEFORE in environment:
        return {BEFORE: environment[BEFORE]}
    secret = {*_PARTS, "AWS_SECURITY_TOKEN"}
    return {BEFORE: json.dumps({name: environment.get(name) for name in variables if name not in secret})}


def way_back(environment: Mapping[str, str]) -> dict[str, str | None]:
    """Return the variables as they were, the credentials gone."""
    taken = [*_PARTS, _EXPIRATION, "AWS_REGION", "AWS_DEFAULT_REGION"]
    return {**dict.fromkeys(taken), **_before(environment), BEFORE: None}


def _before(environment: Mapping[str, str]) -> dict[str, str | None]:
    try:
        told = json.loads(environment.get(BEFORE, "{}"))
    except ValueError:
        return {}
    return {
        name: value
        for name, value in (told.items() if isinstance(told, dict) else [])
        if name.startswith("AWS_") and name.replace("_", "").isalnum() and isinstance(value, str | None)
    }
