"""What a shell's environment gets to work as a grant's role, and the way back."""

import json
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from crossrole.live.assume_role import Credentials

Variables = Mapping[str, str | None]
"""Values by name; None for a variable that is to be gone."""


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
        before = json.loads(environment.get(BEFORE, "{}"))
    except ValueError:
        return {}
    return {
        name: value
        for name, value in (before.items() if isinstance(before, dict) else [])
        if name.startswith("AWS_") and name.replace("_", "").isalnum() and isinstance(value, str | None)
    }


@dataclass(frozen=True)
class Shell:
    """How a shell sets a variable for the commands that it starts, and how it takes one away."""

    sets: Callable[[str, str], str]
    takes_away: Callable[[str], str]

    def lines(self, variables: Variables) -> str:
        """Return one line for each variable, those that are taken away first."""
        gone = [self.takes_away(name) for name, value in variables.items() if value is None]
        return "\n".join([*gone, *(self.sets(name, value) for name, value in variables.items() if value is not None)])


def _fish(text: str) -> str:
    # https://fishshell.com/docs/current/language.html#quotes
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _powershell(text: str) -> str:
    # Typographic quotes end a text there too.
    # https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_quoting_rules
    return "'" + "".join(each * 2 if each in "'\u2018\u2019\u201a\u201b" else each for each in text) + "'"


SHELLS = {
    "env": Shell(lambda name, value: f"export {name}={shlex.quote(value)}", lambda name: f"unset {name}"),
    "fish": Shell(lambda name, value: f"set -gx {name} {_fish(value)}", lambda name: f"set -e {name}"),
    "powershell": Shell(
        lambda name, value: f"$Env:{name} = {_powershell(value)}",
        lambda name: f"Remove-Item Env:{name} -ErrorAction SilentlyContinue",
    ),
}
"""By the name of the format; `env` is for sh, bash, zsh and the like."""
