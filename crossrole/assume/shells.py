"""Environment variables as a shell takes them: each shell has its own quotes."""

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Variables = Mapping[str, str | None]
"""Values by name; None for a variable that is to be gone."""


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
