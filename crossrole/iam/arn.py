"""Amazon Resource Names, and how an IAM role's ARN and those of its sessions belong together."""

import re
from dataclasses import dataclass

from crossrole.errors import CommandError

_ARN = re.compile(r"arn:(aws[a-z-]*):([a-z0-9-]+):([a-z0-9-]*):([0-9]{12}|aws|):(.+)", re.DOTALL)
_PRINCIPAL = re.compile(r"(?:user|role|assumed-role)/[\w+=,.@/-]*[\w+=,.@-]", re.ASCII)


@dataclass(frozen=True)
class Arn:
    """An ARN in its parts."""

    text: str
    partition: str
    service: str
    region: str
    account: str
    resource: str

    def __str__(self) -> str:
        """Return the ARN."""
        return self.text

    @property
    def name(self) -> str:
        """The last part of the resource's path: a role's or user's name."""
        return self.resource.rpartition("/")[2]


def parse_arn(text: str, *, example: str) -> Arn:
    """Return the ARN in its parts; raises `CommandError` where it is not an ARN."""
    match = _ARN.fullmatch(text)
    if not match:
        raise CommandError(f'"{text}" is not an ARN; expected one such as {example}')
    return Arn(text, *match.groups())


def parse_principal(text: str) -> Arn:
    """Return the ARN of an IAM user, role or role session; raises `CommandError` for anything else."""
    example = "arn:aws:iam::111111111111:role/NAME or …:user/NAME"
    arn = parse_arn(text, example=example)
    if arn.resource == "root":
        raise CommandError(f"\"{text}\" is an account's root user, which can't assume a role; name a user or a role")
    in_place = arn.service == "sts" if arn.resource.startswith("assumed-role/") else arn.service == "iam"
    whole = not arn.resource.startswith("assumed-role/") or arn.resource.count("/") == 2  # noqa: PLR2004 role/session
    if not in_place or not whole or not arn.account or not _PRINCIPAL.fullmatch(arn.resource):
        raise CommandError(f'"{text}" is not a principal; expected the ARN of an IAM user or role, such as {example}')
    return arn


def is_role(arn: str) -> bool:
    """Return whether it is a role's ARN."""
    return ":role/" in arn


def session_arn(role: str, session_name: str = "crossrole") -> str:
    """Return the ARN that a role's session has in a request: without the role's path."""
    _, partition, _, _, account, resource = _parts(role)
    return f"arn:{partition}:sts::{account}:assumed-role/{resource.rpartition('/')[2]}/{session_name}"


def account_of(arn: str) -> str:
    """Return the ARN's account, or an empty text where it names none."""
    return _parts(arn)[4]


def name_of(arn: str) -> str:
    """Return a role's or user's name, without its path."""
    return arn.rpartition("/")[2]


def partition_of(arn: str) -> str:
    """Return the ARN's partition, such as `aws` or `aws-cn`."""
    return _parts(arn)[1]


def resource_of(arn: str) -> str:
    """Return the ARN's resource, such as `role/NAME`; the whole text where it is not an ARN."""
    return _parts(arn)[5]


def _parts(arn: str) -> list[str]:
    """Return the six parts of an ARN; of what is not one, all is the resource."""
    parts = arn.split(":", 5)
    return parts if len(parts) > 5 else ["", "", "", "", "", arn]  # noqa: PLR2004 an ARN's parts


def bucket_arn(partition: str, bucket: str) -> str:
    """Return the ARN of a bucket, or of an object as BUCKET/KEY; these ARNs name neither account nor region."""
    return f"arn:{partition}:s3:::{bucket}"


def role_arn(partition: str, account: str, path_and_name: str) -> str:
    """Return the ARN of a role."""
    return f"arn:{partition}:iam::{account}:role/{path_and_name}"


def account_root_arn(partition: str, account: str) -> str:
    """Return the ARN that stands for a whole account in a trust policy."""
    return f"arn:{partition}:iam::{account}:root"
