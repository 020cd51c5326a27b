"""The facts in an error: the caller, the request, and the policy that AWS names as the one that denies."""

from dataclasses import asdict, dataclass, fields, replace

from crossrole.explain import patterns as wordings
from crossrole.explain.patterns import Patterns
from crossrole.iam.arn import account_of, bucket_arn, partition_of
from crossrole.iam.partitions import partition_of_region

# Calls whose permission has another name, or that several services have.
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


@dataclass(frozen=True)
class Facts:
    """The facts that were found; None where the text does not have one."""

    code: str | None = None
    operation: str | None = None
    caller: str | None = None
    action: str | None = None
    resource: str | None = None
    policy_type: str | None = None
    """`identity`, `resource`, `trust`, `scp`, `rcp`, `boundary`, `session` or `endpoint`, as AWS's message names it."""
    policy: str | None = None
    """The ARN of the policy that denies, where AWS's message has it."""
    denied: bool | None = None
    """Whether it is explicitly denied; otherwise implicitly."""
    region: str | None = None
    account: str | None = None
    """The account to deploy to, else the resource's."""
    request_id: str | None = None
    profile: str | None = None
    unique_id: str | None = None
    seconds: str | None = None
    user: str | None = None
    """The name of a user that does not exist."""
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
        """Return the facts for `--json`."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def facts_of(error: str) -> Facts:
    """Return the facts of one error."""
    code = _first(error, wordings.CODES)
    operation = _first(error, wordings.OPERATIONS)
    action = _action(error, operation)
    type_of_policy = wordings.POLICY_TYPE.search(error)
    caller = _first(error, wordings.CALLERS)
    region = _first(error, wordings.REGIONS)
    resource = "*" if action in _ON_NO_RESOURCE else _resource(error, caller, _partition(caller, region))
    return Facts(
        code=code,
        operation=operation,
        caller=caller,
        action=action,
        resource=resource,
        policy_type=_POLICY_TYPES[type_of_policy[2].lower()] if type_of_policy else None,
        policy=type_of_policy[3].rstrip(".") if type_of_policy and type_of_policy[3] else None,
        denied=bool(type_of_policy[1]) if type_of_policy else ("explicit deny" in error.lower() or None),
        region=region,
        account=_first(error, wordings.ACCOUNTS)
        or (account_of(resource) or None if resource and resource != "*" else None),
        request_id=_first(error, wordings.REQUEST_IDS),
        profile=_first(error, wordings.PROFILES),
        unique_id=_first(error, wordings.UNIQUE_IDS),
        seconds=_first(error, wordings.SECONDS),
        user=_first(error, wordings.USERS),
        stack=_first(error, wordings.STACKS),
    )


def completed(facts: Facts, whole: str) -> Facts:
    """Return an error's facts, completed from the whole text where that has only one value."""
    known = {
        name: value for name in ("caller", "region", "request_id") if (value := _only(whole, wordings.WHOLE[name]))
    }
    operation = _only(whole, wordings.OPERATIONS)
    if facts.operation is None and facts.action is None and operation:
        known["operation"] = operation
        known |= {"action": _ACTIONS[operation]} if operation in _ACTIONS else {}
    if facts.resource is None and (place := _place(whole)):
        known["resource"] = bucket_arn(_partition(facts.caller or known.get("caller"), facts.region), place)
    # The command that was typed names the role where the answer does not.
    if (
        facts.resource is None
        and (facts.action or "").startswith("sts:")
        and (role := _only(whole, wordings.ROLE_ARNS))
    ):
        known["resource"] = role
    missing = {each.name for each in fields(facts) if getattr(facts, each.name) is None}
    return replace(facts, **{name: value for name, value in known.items() if name in missing})  # type: ignore[arg-type]


def _account(resource: str | None) -> str | None:
    return (account_of(resource) or None) if resource and resource != "*" else None


def _action(error: str, operation: str | None) -> str | None:
    named = _first(error, wordings.NAMED_ACTIONS)
    if named:
        return named
    if operation in _ACTIONS:
        return _ACTIONS[operation]
    service = _first(error, wordings.EVENT_SOURCES)
    return f"{service}:{operation}" if service and operation else None


def _partition(caller: str | None, region: str | None) -> str:
    """Return the partition of a bucket that a text names without an ARN."""
    if caller and caller.startswith("arn:"):
        return partition_of(caller)
    return partition_of_region(region) if region else "aws"


def _resource(error: str, caller: str | None, partition: str) -> str | None:
    found = _first(error, wordings.RESOURCES)
    if found:
        return found.rstrip(".;")
    url = _first(error, wordings.S3_URLS)
    if url:
        return bucket_arn(partition, url.rstrip(".,:;"))
    bucket, key = _first(error, wordings.BUCKETS), _first(error, wordings.KEYS)
    if bucket:
        return bucket_arn(partition, f"{bucket}/{key}" if key else bucket)
    others = [each for each in wordings.ANY_RESOURCE.findall(error) if each != caller and ":assumed-role/" not in each]
    return others[0].rstrip(".;:)") if others else None


def _place(whole: str) -> str | None:
    """Return the one bucket that a text names, with the one key."""
    url = _only(whole, wordings.S3_URLS)
    if url:
        return url
    bucket, key = _only(whole, wordings.BUCKETS), _only(whole, wordings.KEYS)
    return f"{bucket}/{key}" if bucket and key else bucket


def _first(text: str, patterns: Patterns) -> str | None:
    for pattern in patterns:
        found = pattern.search(text)
        if found:
            return next((group for group in found.groups() if group), None)
    return None


def _only(text: str, patterns: Patterns) -> str | None:
    for pattern in patterns:
        found = {next(filter(None, match.groups()), "") for match in pattern.finditer(text)}
        if found:
            return found.pop() if len(found) == 1 else None
    return None
