"""What to look at, for each error that AWS or the network answers with."""

_NETWORK = (
    "the network: a function in a VPC needs a NAT gateway, or a gateway endpoint for S3 and an interface "
    "endpoint for STS, whose policies must allow this; elsewhere a retry is enough"
)
_BUSY = "nothing if it is rare: AWS asked for fewer requests or failed inside; a retry is enough"
_SIGNATURE = "for a proxy or endpoint that changes signed requests; the credentials and the clock are Lambda's"
_STALE = (
    "whether the role's sessions were revoked, or the role deleted and made again; the next invocation "
    "assumes the role afresh"
)
_REGION = "BUCKET_REGION against the region the bucket is in"

_TIME = (
    "the function's timeout against what it is given to write, and the network; the object may be stored still "
    "where its put was begun, and the same put again is safe"
)
_NOT_AWS = "for a proxy or endpoint that answers in AWS's place; if it is rare, a retry is enough"

_ASSUME_ROLE = {
    "AccessDenied": (
        "that the grant's trust policy in prod names this function's role (and its external ID, if either "
        "side has one), that this role's own policy allows sts:AssumeRole on ROLE_ARN, that ROLE_ARN exists, "
        "and that the grant is neither expired nor disabled; then the SCPs of both accounts"
    ),
    "ValidationError": (
        "DURATION_SECONDS against the role's maximum session duration, which role chaining cuts to one hour"
    ),
    "RegionDisabledException": "that STS is active in the function's region (IAM, account settings)",
    "ExpiredToken": "nothing: the function's own credentials ran out, and a new instance gets new ones",
    "InvalidClientTokenId": "that the function's own role was not deleted and made again since",
    "NoCredentialsError": "that the function runs under its execution role, whose credentials Lambda sets",
}

_PUT_OBJECT = {
    "AccessDenied": (
        "the role's permissions policy and the key against its prefix, whether its sessions were revoked or "
        "the grant expired, BUCKET_OWNER against the bucket's account (a mismatch is answered like this), "
        "the bucket policy, the KMS key policy, and the SCPs of the prod account"
    ),
    "NoSuchBucket": "that the bucket in BUCKET exists: it was deleted, or never deployed",
    "InvalidBucketOwnerAWSAccountID": "BUCKET_OWNER, which must be the 12 digits of the bucket's account",
    "PermanentRedirect": _REGION,
    "TemporaryRedirect": (
        "whether the bucket is a new one, which S3 redirects to for up to a day; a retry is enough, once its name "
        "is known everywhere"
    ),
    "BadDigest": "nothing if it is rare: the body was damaged on its way and not stored; a retry is enough",
    "ConditionalRequestConflict": "nothing: another request changed the key meanwhile; a retry is enough",
    "IllegalLocationConstraintException": _REGION,
    "AuthorizationHeaderMalformed": _REGION,
    "ExpiredToken": _STALE,
    "InvalidToken": _STALE,
    "InvalidAccessKeyId": _STALE,
}

_EITHER = {
    "EndpointConnectionError": _NETWORK,
    "ConnectTimeoutError": _NETWORK,
    "ReadTimeoutError": _NETWORK,
    "ConnectionClosedError": _NETWORK,
    "SSLError": _NETWORK,
    "ProxyConnectionError": _NETWORK,
    "DeadlineExceeded": _TIME,
    "UnusableAnswer": _NOT_AWS,
    # An error without a body, or with a proxy's own page, has the status for a code.
    "500": _BUSY,
    "502": _BUSY,
    "503": _BUSY,
    "504": _BUSY,
    "SlowDown": _BUSY,
    "Throttling": _BUSY,
    "ThrottlingException": _BUSY,
    "RequestTimeout": _BUSY,
    "ServiceUnavailable": _BUSY,
    "InternalError": _BUSY,
    "InternalFailure": _BUSY,
    "SignatureDoesNotMatch": _SIGNATURE,
    "IncompleteSignature": _SIGNATURE,
    "RequestTimeTooSkewed": _SIGNATURE,
}

_KMS = "the bucket's KMS key: that it is enabled, in the bucket's region, and lets the role use it by its policy"

_TABLES = {"AssumeRole": _ASSUME_ROLE, "PutObject": _PUT_OBJECT}


def check_for(operation: str, code: str) -> str:
    """Say what to look at when `operation` fails with `code`, to be read after the word "check"."""
    if code.startswith("KMS."):
        return _KMS
    known = _TABLES[operation] | _EITHER
    return known.get(code, f"{code} among the errors of {operation} in AWS's API reference, and CloudTrail")
