"""Buckets: whether one exists, its owner, its region, and how it accepts objects."""

from crossrole.explain.catalogue.model import (
    APP,
    CALL,
    DEV,
    HERE,
    OWNER,
    PROD,
    S3_ERRORS,
    S3_GUIDE,
    Cause,
    Trouble,
    said,
)

_WHERE = "aws s3api head-bucket --bucket {bucket} --query BucketRegion --profile prod"

TROUBLES = (
    Trouble(
        "acls-not-supported",
        "the bucket does not accept ACLs, but the request sends one.",
        said(r"AccessControlListNotSupported", r"The bucket does not allow ACLs"),
        f"{S3_GUIDE}/about-object-ownership.html",
        (
            Cause(
                CALL,
                "--acl (or an x-amz-acl header) is sent; the bucket's owner owns every object anyway",
                "aws s3api get-bucket-ownership-controls --bucket {bucket} --profile prod",
                "leave --acl out; only bucket-owner-full-control is accepted, and it changes nothing",
            ),
        ),
    ),
    Trouble(
        "wrong-bucket-owner-id",
        "the expected owner of the bucket is not an account id.",
        said(r"InvalidBucketOwnerAWSAccountID", r"expected bucket owner parameter must be an AWS account ID"),
        f"{S3_GUIDE}/bucket-owner-condition.html",
        (
            Cause(
                CALL,
                "--expected-bucket-owner is not of 12 digits: a zero at its beginning is lost",
                "aws sts get-caller-identity --query Account --output text --profile prod",
                "put the account's id in quotes, in access.toml too, and deploy the stack again",
            ),
        ),
    ),
    Trouble(
        "wrong-bucket-owner",
        "the bucket may belong to another account than the request expects: S3 then answers a plain AccessDenied.",
        said(
            r"(?:Access ?Denied|\(403\)).{0,60}(?:Object|Bucket|Multipart|Part)\w{0,20} operation"
            r".{0,5}: (?:Access Denied|Forbidden)"
        ),
        f"{S3_GUIDE}/bucket-owner-condition.html",
        (
            Cause(
                OWNER,
                "the bucket belongs to another account: the name was mistyped, or was deleted and taken by someone",
                "aws s3api head-bucket --bucket {bucket} --expected-bucket-owner {account} --profile prod",
                "do not send data there: choose the right bucket in access.toml, and deploy",
            ),
            Cause(
                CALL,
                "the expected owner is the caller's account and not the bucket's",
                "aws sts get-caller-identity --query Account --output text --profile prod",
                "--expected-bucket-owner must be the prod account's id",
            ),
            Cause(
                PROD,
                "the owner is right, but a policy denies the request",
                "python -m crossrole can {principal} {action} {resource}",
                "as that command says",
            ),
        ),
        beside=said(r"expected.bucket.owner"),
    ),
    Trouble(
        "no-such-bucket",
        "there is no bucket of that name anywhere.",
        said(r"NoSuchBucket\b", r"The specified bucket does not exist"),
        S3_ERRORS,
        (
            Cause(
                PROD,
                "it is not deployed yet, or was deleted, or its name is mistyped",
                "aws s3api list-buckets --query 'Buckets[].Name' --profile prod",
                "`cdk deploy ProdAccessStack --profile prod`; access.toml, [[buckets]]: create = true makes it",
            ),
            Cause(
                HERE,
                "endpoint_url points elsewhere, such as to the local accounts",
                "aws configure get endpoint_url --profile {profile}; env | grep AWS_ENDPOINT",
                "take out endpoint_url",
            ),
        ),
    ),
    Trouble(
        "no-such-key",
        "there is no object of that key.",
        said(r"NoSuchKey\b", r"The specified key does not exist", r"\(404\) when calling the HeadObject"),
        S3_ERRORS,
        (
            Cause(
                CALL,
                "the key is mistyped: the case counts, and a slash at its beginning too",
                "aws s3api list-objects-v2 --bucket {bucket} --prefix PREFIX --query 'Contents[].Key' --profile prod",
                "use a key that this lists",
            ),
        ),
    ),
    Trouble(
        "wrong-region",
        "the bucket is in another region than the request was made for.",
        said(
            r"PermanentRedirect",
            r"AuthorizationHeaderMalformed",
            r"authorization header is malformed; the region",
            r"IllegalLocationConstraint",
            r"location constraint is incompatible for the region specific endpoint",
            r"must be addressed using the specified endpoint",
            r"InvalidLocationConstraint",
            r"\((?:301|400)\) when calling the Head(?:Object|Bucket)",
            r"\bTemporaryRedirect\b",
        ),
        S3_ERRORS,
        (
            Cause(
                HERE,
                "the profile, AWS_REGION or the client names another region",
                _WHERE,
                "use the region that this prints: --region {region}, or region = … in the profile",
            ),
            Cause(
                APP,
                "access.toml says another region than an existing bucket is in",
                _WHERE,
                "access.toml, [prod]: region = the bucket's, then make synth and deploy",
            ),
            Cause(
                CALL,
                "a bucket is made without its region's location constraint",
                "aws configure get region --profile {profile}",
                "`aws s3 mb s3://{bucket} --region {region} --profile prod`",
            ),
        ),
    ),
    Trouble(
        "invalid-bucket-name",
        "that is not the name of a bucket.",
        said(r"InvalidBucketName", r"Invalid bucket name", r"The specified bucket is not valid"),
        f"{S3_GUIDE}/bucketnamingrules.html",
        (
            Cause(
                CALL,
                "it has a capital letter, an underscore or a slash, or a variable in it is empty",
                "printf '%s\\n' {bucket} | grep -E '^[a-z0-9][a-z0-9.-]{{1,61}}[a-z0-9]$'",
                "use the name that access.toml has",
            ),
        ),
    ),
    Trouble(
        "conditional-write-lost",
        "the object changed or exists already, but the request requires that it does not.",
        said(r"PreconditionFailed", r"ConditionalRequestConflict"),
        f"{S3_GUIDE}/conditional-requests.html",
        (
            Cause(
                CALL,
                "If-None-Match or If-Match was sent",
                "aws s3api head-object --bucket {bucket} --key {key} --profile prod",
                "read it again, then write",
            ),
        ),
    ),
    Trouble(
        "public-access-blocked",
        "S3 blocks a change that would make the bucket public.",
        said(r"BlockPublicPolicy", r"BlockPublicAcls", r"public policies are (?:blocked|prevented)"),
        f"{S3_GUIDE}/access-control-block-public-access.html",
        (
            Cause(
                DEV,
                "a bucket policy or an ACL gives everyone access; a grant needs neither",
                "aws s3api get-public-access-block --bucket {bucket} --profile prod",
                "leave the block on, and add a grant in access.toml for those who need access",
            ),
        ),
    ),
)
