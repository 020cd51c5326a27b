"""What an entry of the catalogue holds: how a trouble is recognised, and what may be behind it."""

import re
from dataclasses import dataclass

PROD = "prod account"
DEV = "dev account"
HERE = "this machine"
ORGANIZATION = "AWS organization"
OWNER = "the bucket's owner"
KEY_OWNER = "the key's account"
CALL = "the call itself"
NETWORK = "the network between"
AWS = "AWS itself"
APP = "this checkout"

IAM_GUIDE = "https://docs.aws.amazon.com/IAM/latest/UserGuide"
S3_GUIDE = "https://docs.aws.amazon.com/AmazonS3/latest/userguide"
S3_ERRORS = "https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"
STS_API = "https://docs.aws.amazon.com/STS/latest/APIReference"
CDK_GUIDE = "https://docs.aws.amazon.com/cdk/v2/guide"
KMS_GUIDE = "https://docs.aws.amazon.com/kms/latest/developerguide"
CLI_GUIDE = "https://docs.aws.amazon.com/cli/latest/userguide"


@dataclass(frozen=True)
class Cause:
    """One thing that may be behind a trouble. `{role}`, `{bucket}` and the like stand for what the text says."""

    side: str
    what: str
    tell: str
    """A command that can be pasted, and that answers whether it is this."""
    mend: str
    """What to do; a command in it stands between backticks."""
    in_templates: bool = False
    """Whether the templates show it: where they allow what was refused, it is something else."""


@dataclass(frozen=True)
class Trouble:
    """A known trouble, its causes likeliest first, and where AWS tells of it."""

    name: str
    means: str
    pattern: "re.Pattern[str]"
    source: str
    causes: tuple[Cause, ...]
    beside: "re.Pattern[str] | None" = None
    """What the text must hold elsewhere, such as in the command that was typed."""


def said(*patterns: str) -> "re.Pattern[str]":
    """Return what recognises an error by any of AWS's wordings.

    Gaps in them are to be bounded, so that no text takes long.
    """
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)
