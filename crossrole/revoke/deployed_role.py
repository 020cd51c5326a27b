"""The deployed role of a grant, with every policy that it has in IAM."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Self

import boto3
from botocore.exceptions import ClientError

from crossrole.environment import Environment
from crossrole.errors import CommandError
from crossrole.iam.names import REVOCATION_POLICY
from crossrole.iam.session_denials import Document
from crossrole.live.identity import PolicyReader
from crossrole.live.sessions import client, code_of, date_of, message_of
from crossrole.templates.grant import Grant

_PAUSE, _LONGEST_PAUSE = 0.5, 8.0
TRUST = "trust policy"
"""What stands for the name of the trust policy, which has none."""


@dataclass(frozen=True)
class DeployedRole:
    """The role as IAM answered it."""

    arn: str
    id: str
    """The unique id, `AROA…`, with which `aws:userid` begins."""
    max_session: int
    trust: Document
    inline: dict[str, Document]
    attached: dict[str, Document] = field(default_factory=dict)
    """The managed policies by ARN."""
    boundary: tuple[str, Document] | None = None
    unread: tuple[str, ...] = ()
    """What the profile may not read, as text."""

    def document(self, name: str) -> Document | None:
        """Return the trust policy, or an inline policy; None where the role has none of that name."""
        return self.trust if name == TRUST else self.inline.get(name)

    def with_document(self, name: str, document: Any) -> Self:
        """Return the role with another trust policy or inline policy; without the inline policy where None is given."""
        if name == TRUST:
            return replace(self, trust=document)
        inline = {**self.inline, name: document}
        return replace(self, inline={each: inline[each] for each in inline if inline[each] is not None})


class Iam:
    """IAM in the grant's account."""

    def __init__(self, session: boto3.Session, grant: Grant, environment: Environment) -> None:
        self._iam: Any = client(session, "iam")
        self._session = session
        self._grant = grant
        self._environment = environment
        self.now = environment.now()
        """AWS's own time at its last answer, since issue times are AWS's."""
        self._iam.meta.events.register("after-call.iam", self._note_time)

    def expect_account(self, profile: str) -> None:
        """Raise `CommandError` where the profile is of another account than the grant's role."""
        account = client(self._session, "sts").get_caller_identity()["Account"]
        if account != self._grant.account:
            raise CommandError(
                f"the profile {profile} is of account {account}, and {self._grant.name} is in {self._grant.account}; "
                "name a profile of that one"
            )

    def role(self) -> DeployedRole:
        """Return the role; raises `CommandError` where it is not deployed, or another one has its name."""
        found = self.facts()
        name = self._grant.name
        own, managed, bounds = (PolicyReader(self._iam) for _ in range(3))
        # The one that is to be written is asked for by its name: a listing may be older than the policy.
        inline = own.inline("role", name, REVOCATION_POLICY)
        if own.denied:
            raise own.denied[0]
        attached = {each: managed.managed(each) for each in managed.attached("role", name)}
        bound = found.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        boundary = bounds.managed(bound) if bound else None
        unread = {
            "its managed policies": [*managed.denied, *managed.gone],
            "its boundary": [*bounds.denied, *bounds.gone],
        }
        return DeployedRole(
            arn=found["Arn"],
            id=found["RoleId"],
            max_session=found["MaxSessionDuration"],
            trust=found["AssumeRolePolicyDocument"],
            inline=inline,
            attached={arn: document for arn, document in attached.items() if document},
            boundary=(bound, boundary) if boundary else None,
            unread=tuple(f"{what} ({code_of(e)}: {message_of(e)})" for what, errors in unread.items() for e in errors),
        )

    def facts(self) -> Any:
        """Return what GetRole answers."""
        try:
            found = self._iam.get_role(RoleName=self._grant.name)["Role"]
        except ClientError as error:
            if code_of(error) != "NoSuchEntity":
                raise
            raise CommandError(
                f"{self._grant.name} is not deployed in {self._grant.account}: there is no such role; "
                "look at access.toml and cdk.out, or deploy it with: cdk deploy"
            ) from None
        if found["Arn"] != self._grant.arn:
            raise CommandError(f"the role there is {found['Arn']}, and the templates' is {self._grant.arn}; make synth")
        return found

    def document(self, name: str) -> Document | None:
        """Return the trust policy, or an inline policy; None where the role has none of that name."""
        if name == TRUST:
            document: Document = self.facts()["AssumeRolePolicyDocument"]
            return document
        return self._policy(name)

    def put(self, name: str, document: Document | None) -> None:
        """Write the trust policy or an inline policy; delete the inline policy where None is given."""
        role = {"RoleName": self._grant.name}
        if document is None:
            try:
                self._iam.delete_role_policy(**role, PolicyName=name)
            except ClientError as error:
                # A retried request whose first answer was lost.
                if code_of(error) != "NoSuchEntity":
                    raise
        elif name == TRUST:
            self._iam.update_assume_role_policy(**role, PolicyDocument=_text(document))
        else:
            self._iam.put_role_policy(**role, PolicyName=name, PolicyDocument=_text(document))

    def _policy(self, name: str) -> Document | None:
        try:
            document: Document = self._iam.get_role_policy(RoleName=self._grant.name, PolicyName=name)["PolicyDocument"]
        except ClientError as error:
            if code_of(error) != "NoSuchEntity":
                raise
            return None
        return document

    def _note_time(self, parsed: Any, **_: Any) -> None:
        self.now = date_of(parsed) or self._environment.now()


def pauses(seconds: float, environment: Environment) -> Iterator[float]:
    """Yield the seconds that have passed, at once and then after pauses that grow, until so many have."""
    begun, pause = environment.monotonic(), _PAUSE
    yield 0.0
    while (left := seconds - (environment.monotonic() - begun)) > 0:
        environment.pause(min(pause, left))
        yield environment.monotonic() - begun
        pause = min(2 * pause, _LONGEST_PAUSE)


def _text(document: Document) -> str:
    # As short as it can be, since the quotas count characters; and what was not escaped stays so.
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)
