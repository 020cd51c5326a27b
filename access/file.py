"""Reads access.toml. All of its problems are reported at once, each with its place and its fix."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from access.environment import Environment
from access.errors import own_errors, problem_of
from access.fleet import Fleet
from access.grant import Grant
from access.identity_provider import IdentityProvider
from access.model import Access, Account, Bucket, Parts, Production, Writer
from access.problem import Problem
from access.rules import access_problems
from crossrole.escaping import visible

_Model = TypeVar("_Model", bound=BaseModel)


class AccessFileError(Exception):
    """access.toml can't be used; its text lists every problem."""

    def __init__(self, path: str, problems: list[Problem]) -> None:
        count = "a problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__("\n\n".join([f"{visible(path)} has {count}:", *map(_paragraph, problems)]))
        self.problems = problems


def read_access(path: Path) -> Access:
    """Return what the file holds; raises `AccessFileError` with all of its problems."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        fix = "write access.toml, or name another file: cdk synth -c access=FILE"
        raise AccessFileError(str(path), [Problem("the file", str(error.strerror), "a readable file", fix)]) from None
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
        problems += [problem_of(details, data) for details in own_errors(error.errors())]
    # The rules still check the entries that are valid by themselves, so that no problem waits for a second run.
    parts = _parts_of(access) if access else _sound_parts(data)
    problems += [each for each in access_problems(parts) if not _follows(each, problems)]
    if problems or access is None:
        raise AccessFileError(path, problems)
    return access


def _follows(problem: Problem, wrong: list[Problem]) -> bool:
    """Return whether a rule fails only because a value that it reads is wrong by itself."""
    table, _, key = problem.where.partition(": ")
    elsewhere = [each.where.partition(": ") for each in wrong]
    return bool(key) and any(table == other_table and other.startswith(key) for other_table, _, other in elsewhere)


def _parts_of(access: Access) -> Parts:
    return Parts(
        prod=access.prod,
        dev=access.dev,
        accounts=list(access.accounts),
        providers=list(access.identity_providers),
        grants=list(access.grants),
        doubts=set(),
        buckets=list(access.buckets),
        writer=access.writer,
        grant_names=[grant.name for grant in access.grants],
        tags=access.tags,
        fleet=access.fleet,
    )


def _sound_parts(data: Mapping[str, Any]) -> Parts:
    def entries(key: str) -> list[Any]:
        value = data.get(key, [])
        return value if isinstance(value, list) else []

    grants = [(grant, entry) for entry in entries("grants") if (grant := _valid(Grant, entry))]
    return Parts(
        prod=_valid(Production, data.get("prod")),
        dev=_valid(Environment, data.get("dev")),
        accounts=[account for entry in entries("accounts") if (account := _valid(Account, entry))],
        providers=[each for entry in entries("identity_providers") if (each := _valid(IdentityProvider, entry))],
        grants=[grant for grant, _ in grants],
        doubts={(grant.name, key) for grant, entry in grants for key in entry.keys() - grant.model_fields_set},
        buckets=[bucket for entry in entries("buckets") if (bucket := _valid(Bucket, entry))],
        writer=_valid(Writer, data.get("writer")),
        grant_names=[str(e["name"]) for e in entries("grants") if isinstance(e, dict) and "name" in e],
        tags=tags if isinstance(tags := data.get("tags"), dict) else {},
        fleet=_valid(Fleet, data.get("fleet")),
    )


def _valid(model: type[_Model], value: Any) -> _Model | None:
    """Return the entry without its invalid keys; None where it needs one of them."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        wrong = {details["loc"][0] for details in error.errors() if details["loc"]}
        if not isinstance(value, dict) or not wrong & value.keys():
            return None
        return _valid(model, {key: kept for key, kept in value.items() if key not in wrong})


def _paragraph(problem: Problem) -> str:
    lines = {"got": problem.got, "expected": problem.expected, "fix": problem.fix}
    return "\n".join(
        [f"  {visible(problem.where)}", *(f"    {label:<8}  {visible(text)}" for label, text in lines.items())]
    )
