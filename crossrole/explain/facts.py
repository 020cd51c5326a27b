"""What an error says of itself: who called, what was asked for, and which policy AWS names as the one that refuses."""

import re
from dataclasses import asdict, dataclass, fields, replace

from crossrole.arn import account_of

_ARN = r"arn:aws[a-z-]{0,10}:"
_PRINCIPAL = rf"{_ARN}(?:iam|sts)::\d{{12}}:(?:user|role|assumed-role|federated-user|root)(?:/[\w+=,.@/-]{{1,600}})?"
_RESOURCE = rf"{_ARN}[a-z0-9-]{{2,40}}:[a-z0-9-]{{0,30}}:(?:\d{{12}})?:[^\s\"'<>,]{{1,1100}}"
_REGION = r"(?:af|ap|ca|cn|eu|il|me|mx|sa|us)-(?:gov-)?[a-z]{4,9}-\d"

# The calls whose permission is named otherwise, or that several services could have.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
_ACTIONS = {
    **dict.fromkeys(("PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"), "s3:PutObject"),
    **dict.fromkeys(("GetObject", "HeadObject"), "s3:GetObject"),
    **dict.fromkeys(("ListObjects", "ListObjectsV2", "HeadBucket"), "s3:ListBucket"),
    "ListBuckets": "s3:ListAllMyBuckets",
    **dict.fromkeys(("DeleteObject", "DeleteObjects"), "s3:DeleteObject"),
    "GetBucketLocation": "s3:GetBucketLocation",
    "PutObjectAcl": "s3:PutObjectAcl",
    "PutObjectTagging": "s3:PutObjectTagging",
    "AssumeRole": "sts:AssumeRole",
    "GenerateDataKey": "kms:GenerateDataKey",
    "Decrypt": "kms:Decrypt",
}
_ON_NO_RESOURCE = {"s3:ListAllMyBuckets"}

# The words of https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
_POLICY_TYPES = {
    "identity-based": "identity",
    "resource-based": "resource",
    "role trust": "trust",
    "service control": "scp",
    "resource control": "rcp",
    "permissions boundary": "boundary",
    "session": "session",
    "sessions": "session",
    "vpc endpoint": "endpoint",
}
_POLICY_TYPE = re.compile(
    r"(?:because no|(with an explicit deny) in (?:an?|the)) "
    r"(identity-based|resource-based|role trust|service control|resource control|permissions boundary|sessions?|"
    rf"vpc endpoint)(?: polic(?:y|ies))?(?:: ?({_RESOURCE}))?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Facts:
    """What was found; None where the text does not say it."""

    code: str | None = None
    operation: str | None = None
    caller: str | None = None
    action: str | None = None
    resource: str | None = None
    policy_type: str | None = None
    """`identity`, `resource`, `trust`, `scp`, `rcp`, `boundary`, `session` or `endpoint`, as AWS's message names it."""
    policy: str | None = None
    """The ARN of the policy that refuses, where AWS's message has it."""
    denied: bool | None = None
    """Whether a statement refuses; otherwise none allows."""
    region: str | None = None
    account: str | None = None
    """The account that is meant: the one to be deployed to, else the resource's."""
    request_id: str | None = None
    profile: str | None = None
    unique_id: str | None = None
    seconds: str | None = None
    user: str | None = None
    """The name of a user who is not there."""
    stack: str | None = None

    @property
    def bucket(self) -> str | None:
        """The bucket's name."""
        if self.resource and ":s3:::" in self.resource:
            return self.resource.partition(":s3:::")[2].partition("/")[0]
        return None

    @property
    def through_s3(self) -> bool:
        """Whether S3 was called, which then asks KMS by itself."""
        return _ACTIONS.get(self.operation or "", "").startswith("s3:")

    @property
    def role(self) -> str | None:
        """The ARN of the role that was to be assumed, else of the role whose session called."""
        if self.resource and ":role/" in self.resource:
            return self.resource
        return self.principal if self.principal and ":role/" in self.principal else None

    @property
    def principal(self) -> str | None:
        """The caller as a policy names it: for a role's session the role, whose path the session's ARN leaves out."""
        if self.caller and ":assumed-role/" in self.caller:
            head, _, session = self.caller.partition(":assumed-role/")
            return f"{head.replace(':sts:', ':iam:')}:role/{session.partition('/')[0]}"
        return self.caller

    def as_json(self) -> dict[str, str | bool]:
        """Return what was found, for `--json`."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def facts_of(error: str) -> Facts:
    """Return what one error says."""
    code = _first(error, _CODES)
    operation = _first(error, _OPERATIONS)
    action = _action(error, operation)
    type_of_policy = _POLICY_TYPE.search(error)
    caller = _first(error, _CALLERS)
    resource = "*" if action in _ON_NO_RESOURCE else _resource(error, caller)
    return Facts(
        code=code,
        operation=operation,
        caller=caller,
        action=action,
        resource=resource,
        policy_type=_POLICY_TYPES[type_of_policy[2].lower()] if type_of_policy else None,
        policy=type_of_policy[3].rstrip(".") if type_of_policy and type_of_policy[3] else None,
        denied=bool(type_of_policy[1]) if type_of_policy else ("explicit deny" in error.lower() or None),
        region=_first(error, _REGIONS),
        account=_first(error, _ACCOUNTS) or (account_of(resource) or None if resource and resource != "*" else None),
        request_id=_first(error, _REQUEST_IDS),
        profile=_first(error, _PROFILES),
        unique_id=_first(error, _UNIQUE_IDS),
        seconds=_first(error, _SECONDS),
        user=_first(error, _USERS),
        stack=_first(error, _STACKS),
    )


def completed(facts: Facts, whole: str) -> Facts:
    """Return an error's facts with what it leaves out and the whole text says in one way only."""
    known = {name: value for name in ("caller", "region", "request_id") if (value := _only(whole, _WHOLE[name]))}
    operation = _only(whole, _OPERATIONS)
    if facts.operation is None and facts.action is None and operation:
        known["operation"] = operation
        known |= {"action": _ACTIONS[operation]} if operation in _ACTIONS else {}
    if facts.resource is None and (place := _place(whole)):
        known["resource"] = f"arn:aws:s3:::{place}"
    # The command that was typed names the role where the answer does not.
    if facts.resource is None and (facts.action or "").startswith("sts:") and (role := _only(whole, _ROLE_ARNS)):
        known["resource"] = role
    missing = {each.name for each in fields(facts) if getattr(facts, each.name) is None}
    return replace(facts, **{name: value for name, value in known.items() if name in missing})  # type: ignore[arg-type]


def _action(error: str, operation: str | None) -> str | None:
    named = _first(error, _NAMED_ACTIONS)
    if named:
        return named
    if operation in _ACTIONS:
        return _ACTIONS[operation]
    service = _first(error, _EVENT_SOURCES)
    return f"{service}:{operation}" if service and operation else None


def _resource(error: str, caller: str | None) -> str | None:
    found = _first(error, _RESOURCES)
    if found:
        return found.rstrip(".;")
    url = _first(error, _S3_URLS)
    if url:
        return f"arn:aws:s3:::{url.rstrip('.,:;')}"
    bucket, key = _first(error, _BUCKETS), _first(error, _KEYS)
    if bucket:
        return f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"
    others = [each for each in _ANY_RESOURCE.findall(error) if each != caller and ":assumed-role/" not in each]
    return others[0].rstrip(".;:)") if others else None


def _place(whole: str) -> str | None:
    """Return the one bucket that a text names, with the one key."""
    url = _only(whole, _S3_URLS)
    if url:
        return url
    bucket, key = _only(whole, _BUCKETS), _only(whole, _KEYS)
    return f"{bucket}/{key}" if bucket and key else bucket


def _first(text: str, patterns: tuple["re.Pattern[str]", ...]) -> str | None:
    for pattern in patterns:
        found = pattern.search(text)
        if found:
            return next((group for group in found.groups() if group), None)
    return None


def _only(text: str, patterns: tuple["re.Pattern[str]", ...]) -> str | None:
    for pattern in patterns:
        found = {next(filter(None, match.groups()), "") for match in pattern.finditer(text)}
        if found:
            return found.pop() if len(found) == 1 else None
    return None


def _compiled(*patterns: str) -> tuple["re.Pattern[str]", ...]:
    return tuple(re.compile(pattern) for pattern in patterns)


_CODES = _compiled(
    r"An error occurred \(([\w.]{2,80})\)",
    r"\"(?:errorCode|code)\": ?\"([\w.]{2,80})\"",
    r": got ([\w.]{2,80}) \(",
    r"<Code>([\w.]{2,80})</Code>",
    r"(?i:error code|status code: \d{3}, code|code): ?([A-Z][\w.]{2,80})",
    r"\"(?:errorType|error)\": ?\"([A-Z]\w{2,80})\"",
    r"(?:^|[\s.(])([A-Z]\w{2,60}(?:Exception|Error|Denied|Malformed|Redirect|Found|Policy|Document))\b(?=[:(]|$| )",
)
_OPERATIONS = _compiled(
    r"when calling the (\w{2,60}) operation",
    r"\"(?:eventName|operation)\": ?\"(\w{2,60})\"",
    r"\b([A-Z]\w{2,60}) on (?:s3://|arn:)\S{1,1100}: got ",
)
_EVENT_SOURCES = _compiled(r"\"eventSource\": ?\"([a-z0-9-]{2,30})\.amazonaws\.com\"")
_NAMED_ACTIONS = _compiled(
    r"(?i:not authorized to perform|is not authorized to perform the operation):? \(?([a-z0-9-]{2,30}:[A-Z]\w{1,80})"
)
_CALLERS = _compiled(
    rf"User: ({_PRINCIPAL})",
    rf"({_PRINCIPAL}) is not authorized",
    rf"\"userIdentity\": ?\{{.{{0,300}}?\"arn\": ?\"({_PRINCIPAL})\"",
    rf"\"arn\": ?\"({_PRINCIPAL})\"",
    rf"(?i:caller|principal|user):? ({_PRINCIPAL})",
)
_RESOURCES = _compiled(
    rf"on resource: ?(?:\"({_ARN}[^\"]{{1,1100}})\"|({_RESOURCE}|\*))",
    rf"\b[A-Z]\w{{2,60}} on ({_ARN}\S{{1,1100}}?): got ",
    rf"\"roleArn\": ?\"({_RESOURCE})\"",
    rf"\"requestParameters\": ?\{{.{{0,400}}?\"keyId\": ?\"({_RESOURCE})\"",
)
_ROLE_ARNS = _compiled(rf"(?:--role-arn[ =]|role_arn ?= ?)({_RESOURCE})")
_ANY_RESOURCE = re.compile(_RESOURCE)
_S3_URLS = _compiled(
    r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:/[^\s\"'<>]{0,1024}?)?)(?=: got |[\s\"'<>]|$)",
)
_BUCKETS = _compiled(
    r"\"bucketName\": ?\"([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\"",
    r"<BucketName>([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])</BucketName>",
    r"https://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\.s3[.-]",
    r"--bucket[ =]([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\b",
)
_KEYS = _compiled(r"\"key\": ?\"([^\"]{1,1024})\"", r"<Key>([^<]{1,1024})</Key>", r"--key[ =]([^\s\"']{1,1024})")
_REGIONS = _compiled(
    rf"expecting '({_REGION})'",
    rf"\"(?:awsRegion|region)\": ?\"({_REGION})\"",
    rf"the ({_REGION}) location constraint",
    rf"\b(?:s3|sts|kms|iam|cloudformation)[.-]({_REGION})\.amazonaws",
    rf"\b(?:in|region|for|aws://\d{{12}}/) ?({_REGION})\b",
)
_ACCOUNTS = _compiled(r"AWS calls for account (\d{12})", r"for account:? ?(\d{12})", r"aws://(\d{12})/")
_REQUEST_IDS = _compiled(
    r"(?i)\"?(?:request ?id|awsRequestId|requestID)\"?[:=]? ?\"?([0-9a-f]{8}-[0-9a-f-]{20,30}|[A-Z0-9]{16})\b"
)
_PROFILES = _compiled(r"config profile \(([\w.@+=, -]{1,64})\)", r"--profile ([\w.@+=-]{1,64})")
_UNIQUE_IDS = _compiled(r"\b(A(?:RO|ID)A[A-Z0-9]{12,32})\b")
_SECONDS = _compiled(r"(?i)durationSeconds\"?[:=]? ?'?\"?(\d{3,6})")
_USERS = _compiled(r"The user with name ([\w+=,.@-]{1,64}) cannot be found")
_STACKS = _compiled(
    r":stack/([A-Za-z][A-Za-z0-9-]{0,127})/",
    r"\b((?:ProdAccess|DevLambda|DevUsers)Stack)\b",
    r"❌ {0,3}([A-Za-z][A-Za-z0-9-]{0,127}) failed",
)
_WHOLE = {"caller": _CALLERS[:4], "region": _REGIONS, "request_id": _REQUEST_IDS}
