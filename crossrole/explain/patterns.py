"""The patterns of the facts in texts of AWS, its tools and the function."""

import re

Patterns = tuple[re.Pattern[str], ...]

_ARN = r"arn:aws[a-z-]{0,10}:"
_PRINCIPAL = rf"{_ARN}(?:iam|sts)::\d{{12}}:(?:user|role|assumed-role|federated-user|root)(?:/[\w+=,.@/-]{{1,600}})?"
_RESOURCE = rf"{_ARN}[a-z0-9-]{{2,40}}:[a-z0-9-]{{0,30}}:(?:\d{{12}})?:[^\s\"'<>,]{{1,1100}}"
_REGION = r"(?:af|ap|ca|cn|eu|il|me|mx|sa|us)-(?:gov-)?[a-z]{4,9}-\d"


def _compiled(*patterns: str) -> Patterns:
    return tuple(re.compile(pattern) for pattern in patterns)


# The words of https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
POLICY_TYPE = re.compile(
    r"(?:because no|(with an explicit deny) in (?:an?|the)) "
    r"(identity-based|resource-based|role trust|service control|resource control|permissions boundary|sessions?|"
    rf"vpc endpoint)(?: polic(?:y|ies))?(?:: ?({_RESOURCE}))?",
    re.IGNORECASE,
)
CODES = _compiled(
    r"An error occurred \(([\w.]{2,80})\)",
    r"\"(?:errorCode|code)\": ?\"([\w.]{2,80})\"",
    r": got ([\w.]{2,80}) \(",
    r"<Code>([\w.]{2,80})</Code>",
    r"(?i:error code|status code: \d{3}, code|code): ?([A-Z][\w.]{2,80})",
    r"\"(?:errorType|error)\": ?\"([A-Z]\w{2,80})\"",
    r"(?:^|[\s.(])([A-Z]\w{2,60}(?:Exception|Error|Denied|Malformed|Redirect|Found|Policy|Document))\b(?=[:(]|$| )",
)
OPERATIONS = _compiled(
    r"when calling the (\w{2,60}) operation",
    r"\"(?:eventName|operation)\": ?\"(\w{2,60})\"",
    r"\b([A-Z]\w{2,60}) on (?:s3://|arn:)\S{1,1100}: got ",
)
EVENT_SOURCES = _compiled(r"\"eventSource\": ?\"([a-z0-9-]{2,30})\.amazonaws\.com\"")
NAMED_ACTIONS = _compiled(
    r"(?i:not authorized to perform|is not authorized to perform the operation):? \(?([a-z0-9-]{2,30}:[A-Z]\w{1,80})"
)
CALLERS = _compiled(
    rf"User: ({_PRINCIPAL})",
    rf"({_PRINCIPAL}) is not authorized",
    rf"\"userIdentity\": ?\{{.{{0,300}}?\"arn\": ?\"({_PRINCIPAL})\"",
    rf"\"arn\": ?\"({_PRINCIPAL})\"",
    rf"(?i:caller|principal|user):? ({_PRINCIPAL})",
)
RESOURCES = _compiled(
    rf"on resource: ?(?:\"({_ARN}[^\"]{{1,1100}})\"|({_RESOURCE}|\*))",
    rf"\b[A-Z]\w{{2,60}} on ({_ARN}\S{{1,1100}}?): got ",
    rf"\"roleArn\": ?\"({_RESOURCE})\"",
    rf"\"requestParameters\": ?\{{.{{0,400}}?\"keyId\": ?\"({_RESOURCE})\"",
)
ROLE_ARNS = _compiled(rf"(?:--role-arn[ =]|role_arn ?= ?)({_RESOURCE})")
ANY_RESOURCE = re.compile(_RESOURCE)
S3_URLS = _compiled(
    r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:/[^\s\"'<>]{0,1024}?)?)(?=: got |[\s\"'<>]|$)",
)
BUCKETS = _compiled(
    r"\"bucketName\": ?\"([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\"",
    r"<BucketName>([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])</BucketName>",
    r"https://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\.s3[.-]",
    r"--bucket[ =]([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\b",
)
KEYS = _compiled(r"\"key\": ?\"([^\"]{1,1024})\"", r"<Key>([^<]{1,1024})</Key>", r"--key[ =]([^\s\"']{1,1024})")
REGIONS = _compiled(
    rf"expecting '({_REGION})'",
    rf"\"(?:awsRegion|region)\": ?\"({_REGION})\"",
    rf"the ({_REGION}) location constraint",
    rf"\b(?:s3|sts|kms|iam|cloudformation)[.-]({_REGION})\.amazonaws",
    rf"\b(?:in|region|for|aws://\d{{12}}/) ?({_REGION})\b",
)
ACCOUNTS = _compiled(r"AWS calls for account (\d{12})", r"for account:? ?(\d{12})", r"aws://(\d{12})/")
REQUEST_IDS = _compiled(
    r"(?i)\"?(?:request ?id|awsRequestId|requestID)\"?[:=]? ?\"?([0-9a-f]{8}-[0-9a-f-]{20,30}|[A-Z0-9]{16})\b"
)
PROFILES = _compiled(r"config profile \(([\w.@+=, -]{1,64})\)", r"--profile ([\w.@+=-]{1,64})")
UNIQUE_IDS = _compiled(r"\b(A(?:RO|ID)A[A-Z0-9]{12,32})\b")
SECONDS = _compiled(r"(?i)durationSeconds\"?[:=]? ?'?\"?(\d{3,6})")
USERS = _compiled(r"The user with name ([\w+=,.@-]{1,64}) cannot be found")
STACKS = _compiled(
    r":stack/([A-Za-z][A-Za-z0-9-]{0,127})/",
    r"\b((?:ProdAccess|DevLambda|DevUsers)Stack)\b",
    r"❌ {0,3}([A-Za-z][A-Za-z0-9-]{0,127}) failed",
)
WHOLE = {"caller": CALLERS[:4], "region": REGIONS, "request_id": REQUEST_IDS}
