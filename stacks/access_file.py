"""Reads access.toml: everything that is wrong with it is said at once, and where, and how to mend it."""

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from textwrap import shorten
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from cross_account.environment import Environment
from cross_account.grant import Grant
from cross_account.nearest import did_you_mean
from cross_account.problem import Problem
from stacks.access import Access, Bucket, Writer
from stacks.access_rules import Parts, access_problems

_Model = TypeVar("_Model", bound=BaseModel)


class AccessFileError(Exception):
    """access.toml can't be used; its text lists every problem."""

    def __init__(self, path: str, problems: list[Problem]) -> None:
        count = "a problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__("\n\n".join([f"{path} has {count}:", *map(_paragraph, problems)]))
        self.problems = problems


def read_access(path: Path) -> Access:
    """Return what the file holds; raises `AccessFileError` with all of its problems."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        mend = "write access.toml, or name another file: cdk synth -c access=FILE"
        raise AccessFileError(str(path), [Problem("the file", str(error.strerror), "a readable file", mend)]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise AccessFileError(str(path), [Problem("the file", str(error), "TOML in UTF-8", "mend that line")]) from None
    return parse_access(data, path=str(path))


def parse_access(data: Mapping[str, Any], *, path: str = "access.toml") -> Access:
    """Return what a parsed file holds; raises `AccessFileError` with all of its problems."""
    problems: list[Problem] = []
    access = None
    try:
        access = Access.model_validate(data)
    except ValidationError as error:
        problems += [_problem(details, data) for details in _own_errors(error.errors())]
    # What is right by itself is still held against the rules, so that nothing is left for a second run.
    problems += access_problems(_parts(data))
    if problems or access is None:
        raise AccessFileError(path, problems)
    return access


def _parts(data: Mapping[str, Any]) -> Parts:
    def entries(key: str) -> list[Any]:
        value = data.get(key, [])
        return value if isinstance(value, list) else []

    return Parts(
        prod=_valid(Environment, data.get("prod")),
        dev=_valid(Environment, data.get("dev")),
        grants=[grant for entry in entries("grants") if (grant := _valid(Grant, entry))],
        buckets=[bucket for entry in entries("buckets") if (bucket := _valid(Bucket, entry))],
        writer=_valid(Writer, data.get("writer")),
        grant_names=[str(entry.get("name")) for entry in entries("grants") if isinstance(entry, dict)],
    )


def _valid(model: type[_Model], value: Any) -> _Model | None:
    try:
        return model.model_validate(value)
    except ValidationError:
        return None


def _own_errors(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """Leave out that a list is too short where that is only because its entries are wrong."""
    return [e for e in errors if e["type"] != "too_short" or not e["input"]]


def _problem(details: ErrorDetails, data: Mapping[str, Any]) -> Problem:
    expected, mend = _EXPECTED.get(details["type"], ("{msg}", "see the table of keys in the README"))
    known = {"msg": _lower(details["msg"]), **details.get("ctx", {})}
    if details["type"] == "extra_forbidden":
        fields = _fields_at(details["loc"])
        mend = did_you_mean(str(details["loc"][-1]), fields) or f"the keys here are {', '.join(fields)}"
    got = "nothing" if details["type"] == "missing" else _shown(details["input"])
    return Problem(_where(details["loc"], data), got, expected.format(**known), mend.format(**known))


_EXPECTED = {
    "refused": ("{expected}", "{mend}"),
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
    "literal_error": ("{expected}", 'for anything else list exact actions = ["s3:…"]'),
    "greater_than_equal": ("at least {ge}", "raise it"),
    "less_than_equal": ("at most {le}", "lower it"),
    "too_short": ("at least one entry", "add one"),
}


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _shown(value: Any) -> str:
    return shorten(json.dumps(value, default=str, ensure_ascii=False), width=120, placeholder=" …")


def _fields_at(loc: tuple[int | str, ...]) -> list[str]:
    model: Any = {
        "grants": Grant,
        "buckets": Bucket,
        "writer": Writer,
        "prod": Environment,
        "dev": Environment,
    }
    return list((model[loc[0]] if len(loc) > 1 else Access).model_fields)


def _where(loc: tuple[int | str, ...], data: Mapping[str, Any]) -> str:
    # pydantic marks a wrong key of a table by a further "[key]".
    table, *rest = [key for key in loc if key != "[key]"]
    if table in {"grants", "buckets"} and rest and isinstance(rest[0], int):
        entry = data[str(table)][rest[0]]
        name = entry.get("name") if isinstance(entry, dict) else None
        heading = f"[[{table}]] {_key(name) if isinstance(name, str) and name else f'number {rest[0] + 1}'}"
        rest = rest[1:]
    else:
        heading = f"[{_key(str(table))}]" if rest else _key(str(table))
    keys = "".join(f"[{key}]" if isinstance(key, int) else f".{_key(key)}" for key in rest).removeprefix(".")
    return f"{heading}: {keys}" if keys else heading


def _key(text: str) -> str:
    """Return a key as TOML would have it: quoted where it is not of plain characters."""
    return text if re.fullmatch(r"[A-Za-z0-9_+=,.@:-]+", text) else json.dumps(text)


def _paragraph(problem: Problem) -> str:
    lines = {"got": problem.got, "expected": problem.expected, "mend": problem.mend}
    return "\n".join([f"  {problem.where}", *(f"    {label:<8}  {text}" for label, text in lines.items())])
