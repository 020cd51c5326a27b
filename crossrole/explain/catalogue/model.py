"""An entry of the catalogue: how a trouble is recognised, and its possible causes."""

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
ACCOUNT = "the caller's account"
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
    """A possible cause of a trouble. `{role}`, `{bucket}` and the like stand for values from the text."""

    side: str
    what: str
    check: str
    """A command to paste, which shows whether this is the cause."""
    fix: str
    """What to do; a command in it stands between backticks."""
    if_allowed: "tuple[Cause, ...] | None" = None
    """The causes where the templates allow the request: then the deployed policies differ. None: the same causes."""
    fix_parts: tuple[str, ...] = ()
    """The fix where its placeholders are filled: words and commands in turn, words first."""


PUT_BACK = (
    "`python -m crossrole policies {grant} --out DIR` prints the commands that restore it: deploying an unchanged "
    "template does not; where the stack was never deployed: `cdk deploy ProdAccessStack --profile prod`"
)


@dataclass(frozen=True)
class Trouble:
    """A known trouble, its causes likeliest first, and AWS's page about it."""

    name: str
    means: str
    pattern: "re.Pattern[str]"
    source: str
    causes: tuple[Cause, ...]
    beside: "re.Pattern[str] | None" = None
    """What the text must also contain, such as the command that was typed."""


def said(*patterns: str) -> "re.Pattern[str]":
    """Return what recognises an error by any of AWS's wordings.

    Gaps in them are to be bounded, so that no text takes long.
    """
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)
