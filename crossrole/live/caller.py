"""Who is calling, from what STS says, and the name that their sessions get."""

import re
from dataclasses import dataclass

from crossrole.errors import CommandError

LONGEST_NAME, SHORTEST_NAME = 64, 2
"""Characters of a role session name and of a source identity.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
"""
_NOT_IN_A_NAME = re.compile(r"[^\w+=,.@-]", re.ASCII)
# Names that programs give to their sessions and that lead to nobody: botocore's, the Java SDK's, the Go SDK's, …
_MADE_UP = re.compile(r"(botocore|aws-sdk|aws-go-sdk|aws-cli|temporary)[\w-]*|[\d.-]+", re.IGNORECASE)


@dataclass(frozen=True)
class Caller:
    """Whose credentials these are."""

    arn: str
    """As GetCallerIdentity has it: a user's, or that of a role's session, which has no path."""
    is_role: bool
    name: str
    """Who it is, in words that may be a role session name and a source identity."""
    user_name: str | None
    """The IAM user's name; None for a role's session."""

    @property
    def source_identity(self) -> str | None:
        """Who CloudTrail is to name; a user may give no name but its own, and STS takes none of a single letter."""
        return self.name if self.user_name in {self.name, None} else None


def caller_of(arn: str) -> Caller:
    """Return who an ARN of GetCallerIdentity is; raises `CommandError` for one that can't assume a role."""
    kind, _, rest = arn.split(":", 5)[5].partition("/")
    if kind == "user":
        user = rest.rpartition("/")[2]
        return Caller(arn, is_role=False, name=session_name(user), user_name=user)
    if kind == "assumed-role":
        role, _, session = rest.partition("/")
        return Caller(arn, is_role=True, name=session_name(_of_session(role, session)), user_name=None)
    if kind == "root":
        raise CommandError(
            f"{arn} is the root user of an account, which can't assume a role; use a profile of an IAM user or a role "
            "of that account"
        )
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html
    raise CommandError(f"{arn} is not a user and not a role's session, and can't assume a role; use a profile of one")


def session_name(text: str) -> str:
    """Return a text as STS takes it for a session's name: 2 to 64 characters, others than its own as "-"."""
    name = _NOT_IN_A_NAME.sub("-", text)[:LONGEST_NAME]
    return name if len(name) >= SHORTEST_NAME else f"user-{name}"


def _of_session(role: str, session: str) -> str:
    """Return who is behind a role's session.

    Identity Center names its sessions after the person; of others the role says as much as the session.
    https://docs.aws.amazon.com/singlesignon/latest/userguide/understanding-key-concepts.html
    """
    if role.startswith("AWSReservedSSO_"):
        return session
    if session == role or _MADE_UP.fullmatch(session):
        return role
    room = LONGEST_NAME - len(session) - 1
    return f"{role[:room]}@{session}" if room > 0 else session
