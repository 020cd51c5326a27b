"""An STS, with IAM's ListMFADevices, for answers that the local accounts never give."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from tests.fakes.server import Answer, Call, Fake, serving

USER = "arn:aws:iam::111111111111:user/team/bob"
SESSION = "arn:aws:sts::111111111111:assumed-role/WriterRole/nightly"
SECRETS = {"AccessKeyId": "ASIAGIVENKEY", "SecretAccessKey": "given/secret'key", "SessionToken": "given+token=="}


def identity(arn: str = USER) -> Answer:
    """Return GetCallerIdentity's answer."""
    body = f"<Arn>{arn}</Arn><UserId>AIDA</UserId><Account>{arn.split(':')[4]}</Account>"
    return _answer("GetCallerIdentity", body)


def session(arn: str = "arn:aws:sts::222222222222:assumed-role/Role/name") -> Answer:
    """Return AssumeRole's answer."""
    who = f"<AssumedRoleUser><AssumedRoleId>AROA:name</AssumedRoleId><Arn>{arn}</Arn></AssumedRoleUser>"
    return _answer("AssumeRole", _credentials() + who)


def users_session() -> Answer:
    """Return GetSessionToken's answer."""
    return _answer("GetSessionToken", _credentials())


def devices(*serials: str) -> Answer:
    """Return ListMFADevices's answer."""
    listed = "".join(f"<member><SerialNumber>{each}</SerialNumber></member>" for each in serials)
    return _answer("ListMFADevices", f"<MFADevices>{listed}</MFADevices><IsTruncated>false</IsTruncated>")


def _credentials() -> str:
    keys = "".join(f"<{name}>{value}</{name}>" for name, value in SECRETS.items())
    return f"<Credentials>{keys}<Expiration>2099-01-02T03:04:05Z</Expiration></Credentials>"


def error(status: int, code: str, message: str = "no", **headers: str) -> Answer:
    """Return an error as STS and IAM write it."""
    body = (
        '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
        f"<Code>{code}</Code><Message>{message}</Message></Error><RequestId>1</RequestId></ErrorResponse>"
    )
    return Answer(status, body, headers)


def _answer(action: str, body: str) -> Answer:
    return Answer(
        200,
        f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result>{body}</{action}Result>'
        f"<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></{action}Response>",
    )


@dataclass
class Sts(Fake):
    """Gives each action its answers in turn, the last one again and again; denies an action that has none."""

    answers: Mapping[str, Sequence[Answer]]
    asked: list[dict[str, str]] = field(default_factory=list)

    @property
    def assumed(self) -> list[dict[str, str]]:
        """The parameters of each AssumeRole."""
        return self.of("AssumeRole")

    def of(self, action: str) -> list[dict[str, str]]:
        """Return the parameters of each request for an action."""
        return [each for each in self.asked if each["Action"] == action]

    def answer(self, call: Call) -> Answer:
        """Keep the request, and give its action's next answer."""
        action = call.parameters["Action"]
        self.asked.append(call.parameters)
        mine = self.answers.get(action, [error(403, "AccessDenied")])
        return mine[min(len(self.of(action)), len(mine)) - 1]


def sts(answers: Mapping[str, Sequence[Answer]]) -> AbstractContextManager[Sts]:
    """Serve these answers as long as the block lasts."""
    return serving(Sts(answers))
