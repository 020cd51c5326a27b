"""The policies of organizations and VPC endpoints, which no template of the app holds: a folder of JSON files.

guardrails/scp/NAME.json                  a service control policy of all accounts
guardrails/scp/222222222222/NAME.json     a service control policy of one account
guardrails/scp/level-NAME/NAME.json       one of all accounts, at another level of the organization: each must allow
guardrails/rcp/…                          resource control policies, likewise
guardrails/vpc-endpoint/NAME.json         the policy of S3's VPC endpoint that the requests go through
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from crossrole.errors import CommandError
from crossrole.iam.policy import VERSION, Kind, Policy, read_policy

_LEVEL: Final = "level-"
ALL: Final = ""
"""Stands for all accounts in the place of one."""
UNDER_RCPS: Final = (
    *("s3:", "sts:", "kms:", "sqs:", "secretsmanager:"),
    *("cognito-idp:", "logs:", "dynamodb:", "ecr:", "aoss:"),
)
"""The services that resource control policies hold for.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html#rcp-supported-services
"""
_KINDS: Final = {"scp": Kind.IDENTITY, "rcp": Kind.RESOURCE, "vpc-endpoint": Kind.RESOURCE}


@dataclass(frozen=True)
class Guardrails:
    """What may take access away beside the policies of principals and resources."""

    scps: Mapping[str, tuple[Policy, ...]] = field(default_factory=dict)
    """Service control policies by account; those of all accounts under an empty text."""
    rcps: Mapping[str, tuple[Policy, ...]] = field(default_factory=dict)
    endpoint: tuple[Policy, ...] = ()
    complete: bool = False
    """Whether a person gave them: then there are no others."""

    @property
    def controls(self) -> list[Policy]:
        """Every control policy."""
        return [each for kind in (self.scps, self.rcps) for level in kind.values() for each in level]

    @property
    def may_deny(self) -> bool:
        """Whether any of them may deny a request."""
        every = [*self.controls, *self.endpoint]
        return any({**each, "Sid": ""} != _ALLOWS_ALL for policy in every for each in policy.statements)

    def levels(self, kind: str, account: str) -> tuple[tuple[Policy, ...], ...]:
        """Return the control policies of an account; each level of them must allow a request.

        A level without any Allow has AWS's own policy beside it, which allows everything: `FullAWSAccess`.
        """
        by_account = self.scps if kind == "scp" else self.rcps
        further = sorted(each for each in by_account if each.startswith(_LEVEL))
        levels = [by_account[each] for each in (ALL, *further, account) if each in by_account]
        if kind == "rcp":
            # Of these, only AWS's own allows anything: everything, at every level.
            return tuple(tuple(map(_denials, level)) for level in levels)
        return tuple(level if _allows(level) else (*level, _EVERYTHING) for level in levels)

    def with_more(self, kind: str, account: str, policy: Policy) -> "Guardrails":
        """Return these with one more policy of an account."""
        scps, rcps = dict(self.scps), dict(self.rcps)
        chosen = scps if kind == "scp" else rcps
        chosen[account] = (*chosen.get(account, ()), policy)
        return Guardrails(scps, rcps, self.endpoint, self.complete)


NO_GUARDRAILS: Final = Guardrails()


def _allows(level: tuple[Policy, ...]) -> bool:
    return any(statement["Effect"] != "Deny" for policy in level for statement in policy.statements)


def _denials(policy: Policy) -> Policy:
    kept = [each for each in policy.statements if each["Effect"] != "Allow"]
    return replace(policy, document={**policy.document, "Statement": kept})


_ALLOWS_ALL: Final = {"Sid": "", "Effect": "Allow", "Action": "*", "Resource": "*"}
_EVERYTHING: Final = Policy("AWS", "FullAWSAccess", "", {"Version": VERSION, "Statement": [_ALLOWS_ALL]})


def read_guardrails(folder: Path) -> Guardrails:
    """Return the policies of a folder; raises `CommandError` for what is not such a folder, or can't be read."""
    if not folder.is_dir():
        raise CommandError(f"there is no folder {folder}; it holds scp/, rcp/ and vpc-endpoint/ with a JSON file each")
    guardrails = Guardrails(complete=True)
    endpoint: list[Policy] = []
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith("."):
            continue
        if entry.name not in _KINDS or not entry.is_dir():
            raise CommandError(f"{entry}: expected the folders {', '.join(_KINDS)}, with a JSON file for each policy")
        for account, policy in _policies(entry, entry.name):
            if entry.name == "vpc-endpoint":
                endpoint.append(policy)
            else:
                guardrails = guardrails.with_more(entry.name, account, policy)
    for account, level in guardrails.scps.items():
        _check_level(folder / "scp" / account, level)
    return Guardrails(guardrails.scps, guardrails.rcps, tuple(endpoint), complete=True)


def _check_level(folder: Path, level: tuple[Policy, ...]) -> None:
    """Raise `CommandError` for a level of which one policy allows everything and another names what is allowed.

    Together they would allow everything; on two levels of an organization, only what is named.
    """
    whole = [each for each in level if any({**statement, "Sid": ""} == _ALLOWS_ALL for statement in each.statements)]
    named = [each for each in level if each not in whole and _allows((each,))]
    if whole and named:
        raise CommandError(
            f"{folder}: {whole[0].logical_id} allows everything, so that what {named[0].logical_id} allows adds "
            "nothing beside it; if they are attached at different levels, put the latter into "
            f"{folder / _LEVEL}NAME/"
        )


def _policies(folder: Path, kind: str) -> Iterator[tuple[str, Policy]]:
    for entry in sorted(folder.iterdir()):
        if entry.is_dir() and kind != "vpc-endpoint" and re.fullmatch(rf"[0-9]{{12}}|{_LEVEL}.+", entry.name):
            yield from ((entry.name, read_file(each, _KINDS[kind])) for each in sorted(entry.iterdir()))
        elif entry.is_dir():
            expected = f"a JSON file, or a folder whose name is an account's 12 digits or {_LEVEL}NAME"
            raise CommandError(f"{entry}: expected {expected}")
        else:
            yield ALL, read_file(entry, _KINDS[kind])


def read_file(path: Path, kind: Kind) -> Policy:
    """Return the policy of a file; raises `CommandError` where it can't be read."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CommandError(f"{path} can't be read ({error}); expected a policy document in JSON") from None
    return read_policy(template=str(path.parent), logical_id=path.name, name="", document=document, kind=kind)
