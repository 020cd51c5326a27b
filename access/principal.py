"""Who may assume a role: the kinds of principal that a grant may list."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from access.values import invalid


class PrincipalKind(StrEnum):
    """What a principal is, as AWS tells them apart."""

    ACCOUNT = "account"
    USER = "user"
    ROLE = "role"
    PERMISSION_SET = "permission set"
    ORGANIZATION = "organization"
    ORGANIZATIONAL_UNIT = "organizational unit"
    FEDERATED = "federated principal"


_NAME = r"[A-Za-z0-9_+=,.@-]"
_IAM = r"arn:(?P<partition>aws[a-z-]*):iam::(?P<account>[0-9]{12})"
_SSO_PATH = r"aws-reserved/sso\.amazonaws\.com/([a-z0-9-]+/)?"

# "${" would begin a policy variable.
_SUBJECT = r"(?P<subject>(?!.*\$\{)[\x20-\x7e]{1,255})"

# An Identity Center role lives under this path; the Identity Center's home region is part of the path
# unless it is us-east-1. Its name ends in 16 characters that AWS chooses, which "*" stands for.
# https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html
_PATTERNS = {
    PrincipalKind.ACCOUNT: r"(?P<account>[0-9]{12})",
    PrincipalKind.USER: rf"{_IAM}:user/({_NAME}+/)*(?P<name>{_NAME}{{1,64}})",
    PrincipalKind.PERMISSION_SET: rf"{_IAM}:role/{_SSO_PATH}AWSReservedSSO_{_NAME}{{1,32}}_\*",
    PrincipalKind.ROLE: rf"{_IAM}:role/({_NAME}+/)*(?P<name>{_NAME}{{1,64}})",
    PrincipalKind.ORGANIZATION: r"o-[a-z0-9]{10,32}",
    PrincipalKind.ORGANIZATIONAL_UNIT: r"o-[a-z0-9]{10,32}/r-[a-z0-9]{4,32}(/ou-[a-z0-9]{4,32}-[a-z0-9]{8,32})+",
    PrincipalKind.FEDERATED: r"(?!arn:)(?P<provider>[A-Za-z][A-Za-z0-9-]{0,31}):" + _SUBJECT,
}
_ANY = "^(" + "|".join(re.sub(r"\?P<\w+>", "", pattern) for pattern in _PATTERNS.values()) + ")$"

_EXPECTED = (
    "an account id, the ARN of an IAM user or role, an Identity Center role "
    "(…:role/aws-reserved/sso.amazonaws.com/REGION/AWSReservedSSO_NAME_*), an organization (o-…), "
    "an organizational unit (o-…/r-…/ou-…), or PROVIDER:SUBJECT of an [[identity_providers]] entry"
)


@dataclass(frozen=True)
class Principal:
    """One entry of a grant's `principals`."""

    text: str
    kind: PrincipalKind
    account: str | None = None
    partition: str | None = None
    name: str | None = None
    provider: str | None = None
    """The name of the `[[identity_providers]]` entry that signs the token."""
    subject: str | None = None
    """What the token's `sub` must be, or be like."""

    @property
    def is_arn(self) -> bool:
        """Whether IAM can take the text as a principal as it stands, without a wildcard."""
        return self.kind in {PrincipalKind.USER, PrincipalKind.ROLE}

    @property
    def only_chains(self) -> bool:
        """Whether it holds role credentials only, so that its AssumeRole is always role chaining."""
        return self.kind in {PrincipalKind.ROLE, PrincipalKind.PERMISSION_SET}

    @property
    def arn_pattern(self) -> str:
        """What `aws:PrincipalArn` must be like.

        For a permission set, "*" becomes 16 times "?": the suffix that AWS adds has 16 characters, and
        `AWSReservedSSO_Dev_*` would match the permission set `Dev_Admin` as well.
        """
        return self.text.removesuffix("*") + "?" * 16 if self.kind is PrincipalKind.PERMISSION_SET else self.text


def parse_principal(text: str) -> Principal:
    """Return the principal that `text` names; raises an error with its fix where it names none."""
    for kind, pattern in _PATTERNS.items():
        match = re.fullmatch(pattern, text)
        # Such a role's last characters are AWS's choice, and nobody can attach a policy to it.
        if match and (kind is PrincipalKind.PERMISSION_SET or "AWSReservedSSO_" not in text):
            return Principal(text=text, kind=kind, **match.groupdict())
    raise invalid(_EXPECTED, _fix(text))


def _fix(text: str) -> str:
    if text == "*":
        return "name who may assume the role; a grant never trusts everyone in AWS"
    return next((fix for sign, fix in _FIXES.items() if sign in text), _COPY)


# What people paste here instead, by what gives it away.
_FIXES = {
    "AWSReservedSSO_": "write the role with its whole path, and end its name in _*: …:role/aws-reserved/"
    "sso.amazonaws.com/REGION/AWSReservedSSO_NAME_*",
    ":permissionSet/": "name the role that it makes in the account: …/AWSReservedSSO_NAME_*, with its whole path",
    ":assumed-role/": "name the role itself (arn:aws:iam::ACCOUNT:role/NAME), not one of its sessions",
    ":root": "write the 12-digit account id alone to trust the whole account",
    ":group/": "IAM can't trust a group: list its users, or a role that they share",
    ":lambda:": "name the function's role: aws lambda get-function-configuration --query Role",
    ":instance-profile/": "name the role in the instance profile",
    "-provider/": "add the provider as an [[identity_providers]] entry, and write NAME:SUBJECT",
    ".amazonaws.com": "a service assumes a role of its own account: name that role",
    "*": "a wildcard is possible only at the end of an Identity Center role's name",
    "?": "a wildcard is possible only at the end of an Identity Center role's name",
}
_COPY = "copy it from: aws sts get-caller-identity, aws iam get-role or aws organizations list-roots"


class _FromText:
    """Lets pydantic read a `Principal` from its text."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(parse_principal, core_schema.str_schema())

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "pattern": _ANY}


PrincipalField = Annotated[Principal, _FromText()]
