"""The values that access.toml may hold, each with what is expected and how to fix it.

The shapes are AWS's own; where AWS documents a pattern, its API reference is named.
"""

import re
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema


def invalid(expected: str, fix: str) -> PydanticCustomError:
    """Return the error that a value's validator raises: what was expected, and how to fix it."""
    return PydanticCustomError("invalid", "{expected}", {"expected": expected, "fix": fix})


@dataclass(frozen=True)
class Shape:
    """A pattern that a text must match from end to end; it also goes into the JSON Schema."""

    pattern: str
    expected: str
    fix: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(schema) | {"pattern": f"^(?:{self.pattern})$"}

    def check(self, value: str) -> str:
        """Return the value if it matches; raises an error if not."""
        if not re.fullmatch(self.pattern, value):
            raise invalid(self.expected, self.fix)
        return value


def _account_id(value: str) -> str:
    if not re.fullmatch(r"[0-9]{12}", value):
        digits = re.sub(r"[^0-9]", "", value)
        known = f'write "{digits}"' if len(digits) == _ACCOUNT_DIGITS else "aws sts get-caller-identity shows it"
        raise invalid("an account id: 12 digits in quotes", known)
    return value


_ACCOUNT_DIGITS = 12


def _bucket_name(value: str) -> str:
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
    ip_like = re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+", value)
    reserved = value.startswith(("xn--", "sthree-", "amzn-s3-demo-")) or value.endswith(
        ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
    )
    if not re.fullmatch(_BUCKET, value) or ".." in value or ip_like or reserved:
        plain = re.sub(r"^(s3://|arn:aws[a-z-]*:s3:::)", "", value).split("/")[0].lower().replace("_", "-")
        near = f'did you mean "{plain}"? ' if re.fullmatch(_BUCKET, plain) and plain != value else ""
        raise invalid(_BUCKET_EXPECTED, f"{near}give the bucket's own name: no s3://, no ARN, no prefix")
    return value


_BUCKET = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
_BUCKET_EXPECTED = "an S3 bucket name: 3 to 63 of a-z, 0-9, '-' and '.', not like an IP address"


def _bucket_or_any(value: str) -> str:
    return value if value == "*" else _bucket_name(value)


def _prefix(value: str) -> str:
    if value == "":
        raise invalid('a key prefix such as "dev/"', "leave the key out, if every key of the bucket is meant")
    if not _is_prefix(value):
        # Without the slash "dev" would also open "development/…".
        plain = "/".join(part for part in re.sub(r"^s3://[^/]*", "", value).split("/") if part.strip("*?.")) + "/"
        fix = f'write "{plain}"' if _is_prefix(plain) else "use these characters alone, and no wildcard"
        raise invalid(
            'a key prefix that ends in "/", such as "dev/": letters, digits and !_.()=@:+,- between single slashes, '
            f'no leading "/", no "..", no wildcard, at most {_PREFIX_MAX} characters',
            fix,
        )
    return value


def _is_prefix(value: str) -> bool:
    segments = value.split("/")[:-1]
    sound = not any(segment in {"", ".", ".."} for segment in segments)
    return bool(re.fullmatch(_PREFIX, value)) and sound and len(value) <= _PREFIX_MAX


_PREFIX = r"[A-Za-z0-9!_.()=@:+,/-]+/"
_PREFIX_MAX = 512


def _cidr(value: str) -> str:
    try:
        network = ip_network(value)
    except ValueError:
        try:
            fix = f'write "{ip_network(value, strict=False)}"'
        except ValueError:
            fix = 'write one such as "203.0.113.0/24" or "2001:db8::/32"'
        raise invalid("a range of IP addresses in CIDR notation", fix) from None
    if "%" in value:
        raise invalid("a range of IP addresses in CIDR notation", "leave the zone behind % out")
    if network.prefixlen == 0:
        raise invalid("a range that leaves some address out", "leave source_ips out to allow every address")
    return str(network)


def _whole_seconds(value: AwareDatetime) -> AwareDatetime:
    if value.microsecond:
        raise invalid("a moment in whole seconds", "drop the fraction: IAM compares whole seconds")
    if not _FIRST_YEAR <= value.year <= _LAST_YEAR:
        raise invalid(f"a year from {_FIRST_YEAR} to {_LAST_YEAR}", "IAM's dates begin with the epoch; fix the year")
    return value


def _concurrency(value: int) -> int:
    if value < 1:
        raise invalid("at least 1: AWS takes 0 as well, but nothing runs then", "leave the key out to reserve none")
    return value


# A day inside what Python can turn into UTC, and what IAM's dates can say.
_FIRST_YEAR, _LAST_YEAR = 1971, 9998


# More stacks than any account has roles for: https://docs.aws.amazon.com/general/latest/gr/iam-service.html
StackNumber = Annotated[int, Field(ge=1, le=99)]
Concurrency = Annotated[int, AfterValidator(_concurrency), Field(json_schema_extra={"minimum": 1})]
AccountId = Annotated[str, AfterValidator(_account_id), Field(json_schema_extra={"pattern": "^[0-9]{12}$"})]
BucketName = Annotated[str, AfterValidator(_bucket_name), Field(json_schema_extra={"pattern": f"^{_BUCKET}$"})]
BucketNameOrAny = Annotated[
    str, AfterValidator(_bucket_or_any), Field(json_schema_extra={"pattern": rf"^({_BUCKET}|\*)$"})
]
Prefix = Annotated[str, AfterValidator(_prefix), Field(json_schema_extra={"pattern": f"^{_PREFIX}$"})]
Cidr = Annotated[str, AfterValidator(_cidr)]
Moment = Annotated[AwareDatetime, AfterValidator(_whole_seconds)]

# https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
RoleName = Annotated[
    str,
    Shape(
        r"[A-Za-z0-9_+=,.@-]{1,64}",
        "a role name: 1 to 64 letters, digits and _+=,.@-",
        "put a path into path",
    ),
]
RolePath = Annotated[
    str,
    Shape(
        r"(?=.{1,512}$)(?!/aws-)/([A-Za-z0-9_+=,.@-]+/)*",
        'a role path that begins and ends with "/", such as "/crossrole/"; paths that begin with /aws- are AWS\'s own',
        "leave it out for the path /",
    ),
]
RolePathAndName = Annotated[
    str,
    Shape(
        r"([A-Za-z0-9_+=,.@-]+/)*[A-Za-z0-9_+=,.@-]{1,64}",
        'a role name, with its path before it where it has one, such as "DevLambdaRole" or "app/DevLambdaRole"',
        "leave the account and arn: out",
    ),
]
Description = Annotated[
    str,
    Shape(
        r"(?!.*[$#]\{Token)[\t\n\r\x20-\x7e\xa1-\xff]{0,1000}",
        "at most 1,000 Latin-1 characters, without ${Token, which CDK takes for its own",
        "shorten or rephrase it",
    ),
]
# https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
ExternalId = Annotated[
    str,
    Shape(
        r"[A-Za-z0-9_+=,.@:/-]{2,1224}",
        "an external ID: 2 to 1,224 letters, digits and _+=,.@:/-",
        "choose a fresh one, such as a UUID",
    ),
]
AccountName = Annotated[
    str,
    Shape(
        r"(?!(prod|dev)$)[A-Za-z][A-Za-z0-9-]{0,31}",
        "a name of its own, not prod or dev: 1 to 32 letters, digits and hyphens, a letter first",
        'choose one such as "payments"',
    ),
]
OrganizationId = Annotated[
    str,
    Shape(
        r"o-[a-z0-9]{10,32}",
        "an organization id such as o-a1b2c3d4e5",
        "see aws organizations describe-organization",
    ),
]
_KEY = r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]{36,40}"
PolicyArn = Annotated[
    str,
    Shape(
        r"arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[A-Za-z0-9_+=,.@/-]+",
        "the ARN of a managed policy, such as arn:aws:iam::222222222222:policy/Boundary",
        "a boundary is a managed policy of the production account",
    ),
]
TopicArn = Annotated[
    str,
    Shape(
        r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+",
        "the ARN of an SNS topic",
        "aws sns list-topics",
    ),
]
BucketKey = Annotated[
    str,
    Shape(
        rf"new|{_KEY}",
        'the ARN of a KMS key in the bucket\'s region, or "new" to make one',
        "aws kms describe-key --key-id alias/NAME --query KeyMetadata.Arn",
    ),
]
# https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html#id_tags_naming_best_practices
TagKey = Annotated[
    str,
    Shape(
        r"(?![aA][wW][sS]:)[A-Za-z0-9 _.:/=+@-]{1,128}",
        "a tag key of 1 to 128 characters that does not begin with aws:",
        "rename it",
    ),
]
TagValue = Annotated[str, Shape(r"[A-Za-z0-9 _.:/=+@-]{0,256}", "a tag value of at most 256 characters", "shorten it")]
