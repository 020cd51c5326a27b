"""The settings with which a tool assumes a grant's role by itself: one template a tool, all in tools.toml.

No setting holds a secret: each tool begins its sessions with the credentials that it has already.
"""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from crossrole.assume.profile import below, chains
from crossrole.errors import CommandError, nearest
from crossrole.escaping import json_text, quoted, toml_text
from crossrole.iam.partitions import dns_suffix
from crossrole.iam.policy import overlap
from crossrole.live.caller import session_name
from crossrole.templates.grant import Grant, Reach
from crossrole.unknown import unknowns_in

_TABLE = Path(__file__).with_name("tools.toml")
_EXAMPLE = "report.csv"
_SOME_BUCKET = "BUCKET"
"""Stands in a block for the bucket, where a grant reaches every bucket."""


@dataclass(frozen=True)
class Tool:
    """An entry of tools.toml, whose head says what each key means."""

    title: str
    language: str
    quoting: str
    takes_profile: bool
    docs: str
    run: bool | str
    template: str
    lacks: Sequence[str] = ()
    needs_role: bool = False
    to_write: Sequence[str] = ()
    to_read: Sequence[str] = ()
    longest: int | None = None


@dataclass(frozen=True)
class Place:
    """Keys of one bucket that a grant's sessions may read or write."""

    bucket: str
    prefix: str
    reaches: tuple[Reach, ...]
    """What the grant allows there."""

    @property
    def writes(self) -> bool:
        """Whether objects may be written."""
        return self.allows("s3:PutObject")

    @property
    def reads(self) -> bool:
        """Whether objects may be read."""
        return self.allows("s3:GetObject")

    @property
    def example(self) -> str:
        """A key of the place."""
        return f"{self.prefix}{_EXAMPLE}"

    @property
    def after_protocol(self) -> str:
        """The place's URL without its protocol, which is `s3` for most tools."""
        return f"://{self.bucket}/{self.prefix}"

    def allows(self, action: str) -> bool:
        """Return whether a statement allows an action there."""
        return any(overlap(pattern, action) for reach in self.reaches for pattern in reach.actions)


@dataclass(frozen=True)
class Facts:
    """What a template may say of a grant and its caller."""

    name: str
    """What the settings are called where they have a name: as --name has it, else as the grant."""
    role_arn: str
    account: str
    partition: str
    region: str
    sts_host: str
    external_id: str | None
    session_name: str
    seconds: int
    callers: tuple[str, ...]
    """The roles that the grant names, whole."""
    source: str | None
    """The profile whose credentials assume the role; None for the credentials that the tool finds by itself."""
    places: tuple[Place, ...]


@dataclass(frozen=True)
class Block:
    """The settings of one tool, and what is worth knowing about them."""

    text: str
    tool: Tool
    hints: tuple[str, ...]

    @property
    def lines(self) -> list[str]:
        """The lines of the settings."""
        return self.text.splitlines()


@cache
def tools() -> Mapping[str, Tool]:
    """Return every tool by the name that --for takes."""
    table: dict[str, dict[str, Any]] = tomllib.loads(_TABLE.read_text(encoding="utf-8"))
    return {name: Tool(**entry) for name, entry in table.items()}


def block_of(
    grant: Grant,
    name: str,
    *,
    profiles: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    source: str | None = None,
    called: str | None = None,
) -> Block:
    """Return the settings of the tool of that name for a grant.

    `source` is the profile, one of those that there are, whose credentials assume the role, and `called` the name of
    the settings. Raises `CommandError` for a tool that there is not, for a grant that the tool can't use, and for a
    value that its settings can't hold.
    """
    tool = tools().get(name)
    if tool is None:
        raise CommandError(f'there are no settings for "{name}"{nearest(name, tools()) or _listed()}')
    if source is not None and not tool.takes_profile:
        raise CommandError(
            f"{tool.title} has no setting for a profile; leave --source-profile out, and run it with the credentials "
            "that assume the role"
        )
    if grant.mfa_max_age is not None:
        raise CommandError(f"{grant.name} asks for an MFA code, which no program can type; leave --for out")
    if not grant.principals:
        raise CommandError(f"{grant.name} trusts no AWS account, user or role, so no AWS credentials assume it")
    if grant.external_id and "external_id" in tool.lacks:
        raise CommandError(f"{tool.title} can't send the external ID that {grant.name} asks for")
    # The credentials that a program finds by itself are a role's, unless only users may assume this one.
    own_keys = all(":user/" in each for each in grant.principals)
    chained = chains(below(source, profiles)) if source is not None else not own_keys
    seconds = min(grant.longest_session(chained=chained), tool.longest or grant.max_session)
    facts = _facts(grant, called=called, source=source, seconds=seconds, tool=name)
    if tool.needs_role and not facts.callers:
        raise CommandError(f"{grant.name} names no role, and {tool.title} needs the role that it has itself")
    return Block(_filled(tool, facts), tool, tuple(_hints(grant, tool, facts)))


def _listed() -> str:
    return f"; there are: {', '.join(tools())}"


def _facts(grant: Grant, *, called: str | None, source: str | None, seconds: int, tool: str) -> Facts:
    exact = [each for each in grant.principals if not re.search(r"[*?]", each)]
    roles = tuple(each for each in exact if ":role/" in each)
    named = [each.rpartition("/")[2] for each in exact if ":role/" in each or ":user/" in each]
    # A program's session is called after the one who calls, so that CloudTrail leads to it.
    caller = named[0] if len(named) == len(grant.principals) == 1 else tool
    places = _places(grant)
    if not places:
        raise CommandError(f"{grant.name} allows neither to read nor to write objects")
    facts = Facts(
        name=called or grant.name,
        role_arn=grant.arn,
        account=grant.account,
        partition=grant.partition,
        region=grant.region,
        sts_host=f"sts.{grant.region}.{dns_suffix(grant.region)}",
        external_id=grant.external_id,
        session_name=session_name(caller),
        seconds=seconds,
        callers=roles,
        source=source,
        places=places,
    )
    said = [facts.role_arn, facts.account, facts.region, facts.external_id, *roles]
    for unknown in unknowns_in([*said, *(text for each in places for text in (each.bucket, each.prefix))]):
        raise CommandError(f"the settings depend on {unknown.text}")
    return facts


def _places(grant: Grant) -> tuple[Place, ...]:
    """Return each bucket and prefix whose objects may be read or written, in the order of the statements."""
    named = dict.fromkeys((each.bucket, each.prefix) for each in grant.reaches if each.on_objects or each.bucket == "*")
    places = []
    for bucket, prefix in named:
        reaches = tuple(each for each in grant.reaches if _holds(each, bucket, prefix))
        place = Place(_SOME_BUCKET if bucket == "*" else bucket, prefix, reaches)
        if place.reads or place.writes:
            places.append(place)
    return tuple(places)


def _holds(reach: Reach, bucket: str, prefix: str) -> bool:
    """Return whether a statement is about the objects of a place, about its bucket, or about listing it."""
    return reach.bucket in {bucket, "*"} and prefix.startswith(reach.prefix)


def _hints(grant: Grant, tool: Tool, facts: Facts) -> list[str]:
    hints = []
    for place in facts.places:
        wanted = [*(tool.to_write if place.writes else ()), *(tool.to_read if place.reads else ())]
        missing = [each for each in dict.fromkeys(wanted) if not place.allows(each)]
        if missing:
            hints.append(
                f"{tool.title} needs {', '.join(missing)} on s3{place.after_protocol} too, which {grant.name} does "
                "not allow"
            )
        if place.bucket == _SOME_BUCKET:
            hints.append(f"{grant.name} reaches every bucket: {_SOME_BUCKET} stands for one of them")
    if facts.seconds < grant.max_session:
        hints.append(f"a session lasts {facts.seconds} seconds at most, not the {grant.max_session} of {grant.name}")
    if grant.disabled:
        hints.append(f"{grant.name} is disabled: nobody can assume it now")
    return hints


# --- writing values


class _Written(str):
    """A value that is quoted for its place already."""

    __slots__ = ()


def _filled(tool: Tool, facts: Facts) -> str:
    # Imported here: no other form of `profile` waits for it.
    import jinja2  # noqa: PLC0415

    quote = _QUOTINGS[tool.quoting]

    def written(value: Any) -> Any:
        """Quote every text that a template prints, so that none can forget to."""
        return value if isinstance(value, _Written | int) else quote(value)

    environment = jinja2.Environment(  # noqa: S701 no HTML: `finalize` quotes for the tool's own language
        finalize=written, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters |= {name: _then_written(each) for name, each in _QUOTINGS.items()}
    return environment.from_string(tool.template).render(**vars(facts)).strip("\n")


def _then_written(quote: Callable[[str], str]) -> Callable[[str], _Written]:
    return lambda text: _Written(quote(text))


def _line(text: str) -> str:
    """Return what stands for itself to the end of its line."""
    if not text.isprintable() or text != text.strip():
        raise CommandError(f"{text!r} is nothing that these settings can hold; look at the templates")
    return text


def _key(text: str) -> str:
    """Return what may stand in a key or in a section's name."""
    if not re.fullmatch(r"[\w.+@-]+", text, re.ASCII):
        raise CommandError(f"{text!r} can't be a name in these settings; give another with --name")
    return text


def _sql(text: str) -> str:
    """Return a text in SQL's quotes; some of these engines read a backslash as an escape, and others don't."""
    if "\\" in text:
        raise CommandError(f"{text!r} can't be written alike for every SQL engine; look at the templates")
    return "'" + _line(text).replace("'", "''") + "'"


def _properties(text: str) -> str:
    """Return a value of a Java properties file, which reads a backslash as an escape."""
    return _line(text).replace("\\", "\\\\")


_QUOTINGS: Mapping[str, Callable[[str], str]] = {
    "json": lambda text: json_text(text, indent=None),
    "key": _key,
    "line": _line,
    "properties": _properties,
    "shell": quoted,
    "sql": _sql,
    "toml": toml_text,  # Python and Go read it alike
}
