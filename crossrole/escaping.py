"""Makes what comes from a template, a file, the command line or AWS harmless for where it goes.

Every text that is printed goes through `visible`, every word of a printed command through `quoted`, JSON through
`json_text`. `crossrole/environment.py` sees to the first and the last.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, TypeVar, cast

from crossrole.unknown import all_worded, worded

_Data = TypeVar("_Data")

# What no shell reads as anything but itself. zsh puts the path of a program in place of a word that begins with "=".
_AS_IT_IS = re.compile(r"[\w@%+:,./-][\w@%+=:,./-]*", re.ASCII)
_OPTION = re.compile(r"--[a-z-]+=")
# https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-parameters-file.html; version 1 fetches the last two.
_READ_BY_THE_AWS_CLI = ("file://", "fileb://", "http://", "https://")


def visible(text: str) -> str:
    r"""Return a text as one line that neither steers a terminal nor turns the direction of reading.

    An escape such as `\x1b`, `\n` or `\u202e` stands for each character that does not print: also for every space but
    the ordinary one, and for what a font has no sign for.
    """
    return text if text.isprintable() else "".join(map(_visible, worded(text)))


def _visible(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()


def all_visible(data: _Data) -> _Data:
    """Return data with each text in it made visible, so that what joins them to lines joins no line of a template's."""
    if is_dataclass(data) and not isinstance(data, type):
        own = {each.name: all_visible(getattr(data, each.name)) for each in fields(data) if each.init}
        return cast("_Data", replace(cast("Any", data), **own))
    made: Any = data
    if isinstance(data, str) and not isinstance(data, Enum):
        made = visible(data)
    elif isinstance(data, Mapping):
        made = {all_visible(key): all_visible(value) for key, value in data.items()}
    elif isinstance(data, list):
        made = [all_visible(each) for each in data]
    elif isinstance(data, tuple):
        made = tuple(all_visible(each) for each in data)
    return cast("_Data", made)


def quoted(word: str) -> str:
    r"""Return a word that a shell takes for that one word, whatever is in it, on one line.

    A word that does not print is written as `$'…\033…'`, which bash, zsh and ksh know.
    """
    word = worded(word)
    if _AS_IT_IS.fullmatch(word):
        return word
    if option := _OPTION.match(word):
        return f"{option[0]}{quoted(word[option.end() :])}"
    if word.isprintable():
        return "'" + word.replace("'", "'\"'\"'") + "'"
    return "$'" + "".join(_for_a_shell(each) for each in word) + "'"


def _for_a_shell(character: str) -> str:
    if character == "\\":
        return "\\\\"
    if character.isprintable() and character != "'":
        return character
    named = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(character)
    # Three octal digits are three everywhere; of hexadecimal ones some shells read as many as follow.
    return named or "".join(f"\\{byte:03o}" for byte in character.encode("utf-8", "surrogatepass"))


def command(own: str, *names: str, **options: str | None) -> str:
    """Return a command to paste: `own` as it is, then each name and each option with its value, quoted.

    `role_name="x"` becomes `--role-name x`, and `dry_run=None` becomes `--dry-run`. No name and no value can become
    an option of its own, and none a file that the AWS CLI would read.
    """
    words = [*option_words(options, of_the_aws_cli=own.startswith("aws "))]
    # Everything after a "--" is a name.
    words = [*words, "--", *names] if any(each.startswith("-") for each in names) else [*names, *words]
    return " ".join([own, *map(quoted, words)])


def option_words(options: Mapping[str, str | None], *, of_the_aws_cli: bool) -> Iterator[str]:
    """Yield the words of options, before they are quoted."""
    read = {
        name: value
        for name, value in options.items()
        if of_the_aws_cli and value and value.startswith(_READ_BY_THE_AWS_CLI)
    }
    if read:
        yield "--cli-input-json"
        yield json_text({name.title().replace("_", ""): value for name, value in read.items()}, indent=None)
    for name, value in options.items():
        option = f"--{name.replace('_', '-')}"
        if value is None:
            yield option
        elif name not in read:
            yield from [f"{option}={value}"] if value.startswith("-") else [option, value]


def json_text(value: Any, *, indent: int | None = 2) -> str:
    """Return JSON in which no character stands that does not print."""
    # `json` escapes all control characters but this one.
    return json.dumps(all_worded(value), indent=indent).replace("\x7f", "\\u007f")


def toml_text(text: str) -> str:
    """Return a text as access.toml takes it, in its quotes."""
    signs = {'"': '\\"', "\\": "\\\\"}
    return f'"{"".join(signs.get(each) or _for_toml(each) for each in text)}"'


def _for_toml(character: str) -> str:
    return character if character.isprintable() else f"\\U{ord(character):08x}"
