"""The little that the sandbox needs from access.toml: the accounts, and the grant that the function uses."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

CHECKOUT: Final = Path(__file__).resolve().parents[1]

Profile = Literal["prod", "dev", "other"]
"""The AWS profiles of the sandbox; `other` is an account that nobody trusts."""


class SandboxError(Exception):
    """Something that the person at the keyboard can fix; printed without a traceback."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """An account id and the region it is used in."""

    id: str
    region: str


@dataclass(frozen=True, kw_only=True)
class WriterGrant:
    """The grant that the function in dev uses, as far as the walk-through must know it."""

    name: str
    bucket: str
    prefix: str
    external_id: str | None
    obstacles: tuple[str, ...]
    """Why the walk-through could not show its five denials with this grant."""


@dataclass(frozen=True, kw_only=True)
class Access:
    """What access.toml says, unchecked otherwise: the app itself reports what is invalid at synth."""

    dev: Account
    prod: Account
    more: Mapping[str, Account]
    """The `[[accounts]]` by their names."""
    writer: WriterGrant | None


def read_access(file: Path) -> Access:
    """Read `file`, or say in one line what is missing."""
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SandboxError(f"can't read {file}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise SandboxError(f"{file} is not valid TOML: {error}") from None
    try:
        return Access(
            dev=_account(content["dev"]),
            prod=_account(content["prod"]),
            more={_profile(table["name"]): _account(table) for table in content.get("accounts", ())},
            writer=_writer_grant(content) if "writer" in content else None,
        )
    except KeyError as error:
        raise SandboxError(f"{file} has no {error.args[0]!r} where one is needed; `make synth` says where") from None
    except (TypeError, AttributeError):
        raise SandboxError(f"{file} does not have the shape of an access.toml; `make synth` says where") from None


def _account(table: Mapping[str, Any]) -> Account:
    account = Account(id=str(table["account"]), region=str(table["region"]))
    if not re.fullmatch(r"[0-9]{12}", account.id) or not re.fullmatch(r"[a-z0-9-]+", account.region):
        raise SandboxError(
            f"{account.id!r} in {account.region!r} is not an account and region; `make synth` says where"
        )
    return account


def _profile(name: str) -> str:
    if name in ("prod", "dev", "other"):
        raise SandboxError(
            f"the local accounts have a profile {name!r} of their own; call the [[accounts]] entry another"
        )
    return name


def _writer_grant(content: Mapping[str, Any]) -> WriterGrant:
    name = content["writer"]["grant"]
    grant = next((grant for grant in content["grants"] if grant["name"] == name), None)
    if grant is None:
        raise SandboxError(f"[writer] uses the grant {name!r}, and no [[grants]] entry has that name")
    # access.toml's rules see to it that exactly one place is written.
    place = next(
        (place for place in grant.get("places", ()) if _given(place) & {"write", "full", "s3:PutObject"}), grant
    )
    return WriterGrant(
        name=name,
        bucket=place["bucket"],
        prefix=place.get("prefix", ""),
        external_id=grant.get("external_id"),
        obstacles=tuple(_obstacles(grant, place)),
    )


def _given(place: Mapping[str, Any]) -> set[str]:
    return {*place.get("access", ()), *place.get("actions", ())}


def _obstacles(grant: Mapping[str, Any], place: Mapping[str, Any]) -> list[str]:
    access = _given(place)
    others = [principal for principal in grant["principals"] if ":role/" not in principal]
    return [
        obstacle
        for obstacle, there in {
            "it is for every bucket": place["bucket"] == "*",
            "it has no prefix": not place.get("prefix"),
            "it does not allow writing": not access & {"write", "s3:PutObject"},
            "it allows deleting": bool(access & {"delete", "full", "s3:DeleteObject"}),
            f"it trusts more than roles ({', '.join(others)})": bool(others),
            "it asks for tags, which the function's role does not bear": "caller_tags" in grant,
            "it asks for an organization, which the local accounts are not in": "organization" in grant,
            "it asks for source addresses, and all here comes from 127.0.0.1": bool(grant.get("source_ips")),
        }.items()
        if there
    ]
