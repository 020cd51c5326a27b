"""Reads access.toml: everything that is wrong with it is said at once, and where, and how to mend it."""

import json
import re
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from textwrap import shorten
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from cross_account.environment import Environment
from cross_account.grant import Access as AccessWord, Grant
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
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        mend = "write access.toml, or name another file: cdk synth -c access=FILE"
        raise AccessFileError(str(path), [Problem("the file", str(error.strerror), "a readable file", mend)]) from None
    except (ValueError, RecursionError) as error:
        raise AccessFileError(
            str(path), [Problem("the file", str(error), "TOML in UTF-8", "look at that line, or just before it")]
        ) from None
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
    problems += [each for each in access_problems(_parts(data)) if not _follows(each, problems)]
    if problems or access is None:
        raise AccessFileError(path, problems)
    return access


def _follows(problem: Problem, wrong: list[Problem]) -> bool:
    """Return whether a rule fails only because a value that it reads is wrong by itself."""
    table, _, key = problem.where.partition(": ")
    for each in wrong:
        other_table, _, other = each.where.partition(": ")
        if other.startswith(key) and key and table in {other_table, "[writer]"}:
            return True
    return False


def _parts(data: Mapping[str, Any]) -> Parts:
    def entries(key: str) -> list[Any]:
        value = data.get(key, [])
        return value if isinstance(value, list) else []

    grants = [(grant, entry) for entry in entries("grants") if (grant := _valid(Grant, entry))]
    return Parts(
        prod=_valid(Environment, data.get("prod")),
        dev=_valid(Environment, data.get("dev")),
        grants=[grant for grant, _ in grants],
        doubts={(grant.name, key) for grant, entry in grants for key in entry.keys() - grant.model_fields_set},
        buckets=[bucket for entry in entries("buckets") if (bucket := _valid(Bucket, entry))],
        writer=_valid(Writer, data.get("writer")),
        grant_names=[str(e["name"]) for e in entries("grants") if isinstance(e, dict) and "name" in e],
        tags=tags if isinstance(tags := data.get("tags"), dict) else {},
    )


def _valid(model: type[_Model], value: Any) -> _Model | None:
    """Return the entry, without what is wrong in it where it can stand without; None where it can not."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        wrong = {details["loc"][0] for details in error.errors() if details["loc"]}
        if not isinstance(value, dict) or not wrong & value.keys():
            return None
        return _valid(model, {key: kept for key, kept in value.items() if key not in wrong})


def _own_errors(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """Leave out what only follows from another error: a list too short for wrong entries, a key under another name."""
    return [
        error
        for error in errors
        if not (error["type"] == "too_short" and error["input"])
        and not (error["type"] == "missing" and _is_misspelt(error, errors))
    ]


def _is_misspelt(missing: ErrorDetails, errors: list[ErrorDetails]) -> bool:
    """Return whether a missing key stands there under a name like it, which is refused by itself."""
    *table, key = missing["loc"]
    return any(
        error["type"] == "extra_forbidden"
        and list(error["loc"][:-1]) == table
        and did_you_mean(str(error["loc"][-1]), [str(key)])
        for error in errors
    )


def _problem(details: ErrorDetails, data: Mapping[str, Any]) -> Problem:
    expected, mend = _EXPECTED.get(details["type"], ("{msg}", "see the table of keys in the README"))
    known = {"msg": _lower(details["msg"]), **details.get("ctx", {})}
    if details["type"] == "extra_forbidden":
        fields = _fields_at(details["loc"])
        mend = did_you_mean(str(details["loc"][-1]), fields) or f"the keys here are {', '.join(fields)}"
    elif details["type"] == "literal_error":
        mend = did_you_mean(str(details["input"]), get_args(AccessWord)) or mend
    elif details["type"] == "datetime_type" and isinstance(details["input"], date):
        mend = f"add a time and an offset: {details['input'].isoformat()}T00:00:00Z"
    elif len(details["loc"]) == 1:
        mend = _TABLES.get((details["type"], str(details["loc"][0])), mend)
    got = "nothing" if details["type"] == "missing" else _shown(details["input"])
    return Problem(_where(details["loc"], data), got, expected.format(**known), mend.format(**known))


_TABLES = {
    ("missing", "prod"): "add the table [prod] with account and region",
    ("missing", "dev"): "add the table [dev] with account and region",
    ("missing", "grants"): "add a [[grants]] entry",
    ("tuple_type", "grants"): "write [[grants]], with two brackets",
    ("tuple_type", "buckets"): "write [[buckets]], with two brackets",
}
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
    try:
        text = json.dumps(value, default=str, ensure_ascii=False)
    except (RecursionError, ValueError):
        return "a value too large to show"
    return shorten(text, width=120, placeholder=" …")


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
