"""The errors that pydantic finds in access.toml, as messages for people."""

import json
import re
from collections.abc import Mapping
from datetime import date
from textwrap import shorten
from typing import Any, get_args

from pydantic_core import ErrorDetails

from access.environment import Environment
from access.fleet import Fleet
from access.grant import Access as AccessWord, Grant, Place
from access.identity_provider import IdentityProvider
from access.model import Access, Account, Bucket, Production, Writer
from access.problem import Problem, did_you_mean


def own_errors(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """Leave out what only follows from another error: a list too short for wrong entries, a key under another name."""
    return [
        error
        for error in errors
        if not (error["type"] == "too_short" and error["input"])
        and not (error["type"] == "missing" and _is_misspelt(error, errors))
    ]


def _is_misspelt(missing: ErrorDetails, errors: list[ErrorDetails]) -> bool:
    """Return whether a missing key is there under a misspelt name, which is an error by itself."""
    *table, key = missing["loc"]
    return any(
        error["type"] == "extra_forbidden"
        and list(error["loc"][:-1]) == table
        and did_you_mean(str(error["loc"][-1]), [str(key)])
        for error in errors
    )


def problem_of(details: ErrorDetails, data: Mapping[str, Any]) -> Problem:
    """Return one of pydantic's errors with its place in the file and the fix that fits it."""
    expected, fix = _EXPECTED.get(details["type"], ("{msg}", "see the table of keys in docs/configuration.md"))
    known = {"msg": _lower(details["msg"]), **details.get("ctx", {})}
    if details["type"] == "extra_forbidden":
        fields = _fields_at(details["loc"])
        moved = _MOVED.get((str(details["loc"][0]), str(details["loc"][-1])))
        fix = moved or did_you_mean(str(details["loc"][-1]), fields) or f"the keys here are {', '.join(fields)}"
    elif details["type"] == "string_type" and isinstance(details["input"], list):
        fix = _ONE_TEXT.get(str(details["loc"][-1]), "write one text: several take an entry each")
    elif details["type"] == "literal_error":
        fix = _access_word(str(details["input"])) if "access" in details["loc"] else "write one of these"
    elif details["type"] == "datetime_type" and isinstance(details["input"], date):
        fix = f"add a time and an offset: {details['input'].isoformat()}T00:00:00Z"
    elif len(details["loc"]) == 1:
        fix = _TABLES.get((details["type"], str(details["loc"][0])), fix)
    got = "nothing" if details["type"] == "missing" else _shown(details["input"])
    return Problem(_where(details["loc"], data), got, expected.format(**known), fix.format(**known))


# Keys of older files, and where their facts stand now.
_MOVED = {
    ("grants", "kms_key"): "move it to the [[buckets]] entry of the bucket's name, where a bucket's key stands once",
    ("writer", "external_id"): "remove it: the function sends the external_id of its grant",
}
# What is a list for people, and one text for each place.
_ONE_TEXT = {
    "bucket": "one bucket for each place: write a [[grants.places]] entry for each, with its own access",
    "prefix": "one prefix for each place: write a [[grants.places]] entry for each, with its own access",
}
# Other words for access.
_MEANT = {
    **dict.fromkeys(("download", "get", "fetch", "view", "readonly", "read-only"), "read"),
    **dict.fromkeys(("upload", "put", "create", "update", "writeonly", "write-only"), "write"),
    **dict.fromkeys(("ls", "browse"), "list"),
    **dict.fromkeys(("remove", "rm"), "delete"),
    **dict.fromkeys(("all", "admin", "*", "s3:*"), "full"),
}
_TABLES = {
    ("missing", "prod"): "add the table [prod] with account and region",
    ("missing", "dev"): "add the table [dev] with account and region",
    ("missing", "grants"): "add a [[grants]] entry",
    ("tuple_type", "grants"): "write [[grants]], with two brackets",
    ("tuple_type", "buckets"): "write [[buckets]], with two brackets",
    ("tuple_type", "accounts"): "write [[accounts]], with two brackets",
    ("tuple_type", "identity_providers"): "write [[identity_providers]], with two brackets",
}
_EXPECTED = {
    "invalid": ("{expected}", "{fix}"),
    "missing": ("a value", "add the key"),
    "extra_forbidden": ("a known key", ""),
    "string_type": ("a text", "put it in double quotes"),
    "bool_type": ("true or false", "write it without quotes"),
    "int_type": ("a whole number", "write it without quotes"),
    "tuple_type": ("a list", "put it in square brackets"),
    "dict_type": ("a table", "write it as a [table]"),
    "model_type": ("a table", "write it as a [table], or as [[table]] where there may be several"),
    "datetime_type": ("a date with time and offset", "write it without quotes, such as 2027-01-31T00:00:00Z"),
    "timezone_aware": ("a date with time and offset", "end it in Z for UTC"),
    "literal_error": ("{expected}", ""),
    "greater_than_equal": ("at least {ge}", "raise it"),
    "less_than_equal": ("at most {le}", "lower it"),
    "too_short": ("at least one entry", "add one"),
}


def _access_word(word: str) -> str:
    if meant := _MEANT.get(word.lower()):
        return f'did you mean "{meant}"?'
    return did_you_mean(word, get_args(AccessWord)) or 'for anything else list exact actions = ["s3:…"]'


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _shown(value: Any) -> str:
    try:
        text = json.dumps(value, default=str, ensure_ascii=False)
    except (RecursionError, ValueError):
        return "a value too large to show"
    return shorten(text, width=120, placeholder=" …")


def _fields_at(loc: tuple[int | str, ...]) -> list[str]:
    models: Any = {
        "grants": Place if "places" in loc[:-1] else Grant,
        "buckets": Bucket,
        "accounts": Account,
        "identity_providers": IdentityProvider,
        "writer": Writer,
        "prod": Production,
        "fleet": Fleet,
        "dev": Environment,
    }
    return list((models[loc[0]] if len(loc) > 1 else Access).model_fields)


def _where(loc: tuple[int | str, ...], data: Mapping[str, Any]) -> str:
    # pydantic marks a wrong key of a table by a further "[key]".
    table, *rest = [key for key in loc if key != "[key]"]
    if table in _LISTS and rest and isinstance(rest[0], int):
        entry = data[str(table)][rest[0]]
        name = entry.get("name") if isinstance(entry, dict) else None
        heading = f"[[{table}]] {_key(name) if isinstance(name, str) and name else f'number {rest[0] + 1}'}"
        rest = rest[1:]
    else:
        heading = f"[{_key(str(table))}]" if rest else _key(str(table))
    keys = "".join(f"[{key}]" if isinstance(key, int) else f".{_key(key)}" for key in rest).removeprefix(".")
    return f"{heading}: {keys}" if keys else heading


_LISTS = {"grants", "buckets", "accounts", "identity_providers"}


def _key(text: str) -> str:
    """Return a key as TOML would have it: quoted where it is not of plain characters."""
    return text if re.fullmatch(r"[A-Za-z0-9_+=,.@:-]+", text) else json.dumps(text)
