"""Denials that do not name a policy, by the action that was requested."""

from crossrole.explain.catalogue.model import (
    CALL,
    DEV,
    IAM_GUIDE,
    KEY_OWNER,
    NETWORK,
    ORGANIZATION,
    OWNER,
    PROD,
    PUT_BACK,
    S3_GUIDE,
    STS_API,
    Cause,
    Trouble,
    said,
)
from crossrole.iam.names import REVOCATION_POLICY

_S3_403 = f"{S3_GUIDE}/troubleshoot-403-errors.html"
_CAN = "python -m crossrole can {principal} {action} {resource}"

# The message names no kind of policy, or the caller's own as the one that does not allow it.
_BARE = r"(?!.{0,1300}(?:explicit deny in|because no (?!identity)))"

NOT_DEPLOYED = Cause(
    PROD,
    "the deployed policies of the role differ from cdk.out: the last change was not deployed, someone changed them by "
    "hand, or someone deleted the role, whose sessions still exist for a while",
    "python -m crossrole doctor {grant} --profile {doctor_profile} --prod-profile prod",
    PUT_BACK,
)
_OWN_POLICY = Cause(
    PROD,
    "the role's own policy does not allow {action} there: another prefix, bucket or kind of access than the grant's",
    _CAN,
    "use a key under the grant's prefix, or access.toml, [[grants]] {grant}: widen access, prefix or bucket",
    if_allowed=(NOT_DEPLOYED,),
)
NOT_THE_ROLE = Cause(
    DEV,
    "the caller is not the grant's role: credentials of the dev account are in use",
    "aws sts get-caller-identity --query Arn",
    "assume the role first: `python -m crossrole assume {grant} --profile {caller_profile}`",
    if_allowed=(),
)
_REVOKED = Cause(
    PROD,
    "the session was revoked (crossrole revoke does it), or the grant has expired or is disabled",
    f"aws iam get-role-policy --role-name {{role_name}} --policy-name {REVOCATION_POLICY} --profile prod",
    "assume the role again; access.toml, [[grants]] {grant}: expires, disabled, revoked_before",
)
_BUCKET_POLICY = Cause(
    OWNER,
    "the bucket policy denies it, or another account owns the bucket (a wrong expected owner gets this answer too)",
    "aws s3api get-bucket-policy --bucket {bucket} --query Policy --output text --profile prod",
    "remove the caller from the Deny; no grant can reach a bucket of another account",
)
_KEY = Cause(
    KEY_OWNER,
    "the bucket's key denies the role (S3 often answers that with its own AccessDenied)",
    "aws s3api get-bucket-encryption --bucket {bucket} --profile prod",
    "access.toml: kms_key = that key's ARN, and the role in the key policy",
)
_CONTROLS = Cause(
    ORGANIZATION,
    "an SCP or an RCP denies it; the templates do not hold these",
    "aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventName,AttributeValue={operation} "
    "--max-results 5 --profile prod",
    "ask the organization's administrators",
)
_ENDPOINT = Cause(
    NETWORK,
    "the policy of a VPC endpoint on the way lists other buckets",
    "aws ec2 describe-vpc-endpoints --query 'VpcEndpoints[].[VpcEndpointId,PolicyDocument]' --profile dev",
    "allow {action} on {resource} in it",
)

ENCODED = (
    Trouble(
        "encoded-message",
        "AWS says why in an encoded message, which can be decoded.",
        said(r"Encoded authorization failure message"),
        f"{STS_API}/API_DecodeAuthorizationMessage.html",
        (
            Cause(
                CALL,
                "the decoded message names the action, the resource, the conditions and the statements that matched",
                "aws sts decode-authorization-message --encoded-message MESSAGE --query DecodedMessage --output text "
                "--profile prod",
                "paste what that prints here; it needs sts:DecodeAuthorizationMessage in the account that was called",
            ),
        ),
    ),
)

LISTINGS = (
    Trouble(
        "list-buckets-denied",
        "a bare aws s3 ls lists the buckets of the whole account, which needs a permission of its own.",
        said(
            rf"(?:Access ?Denied|not authorized).{{0,200}}ListBuckets\b{_BARE}",
            rf"not authorized to perform:? s3:ListAllMyBuckets{_BARE}",
        ),
        f"{S3_GUIDE}/security_iam_id-based-policy-examples.html",
        (
            Cause(
                CALL,
                "the bucket was left out: a grant gives one bucket, or one prefix of it",
                "aws s3 ls s3://{bucket}/PREFIX/ --profile {profile}",
                "name the bucket and the prefix, with the slash at its end",
                if_allowed=(),
            ),
            Cause(
                PROD,
                "the role has no s3:ListAllMyBuckets",
                "python -m crossrole can {grant} s3:ListAllMyBuckets '*'",
                "access.toml, [[grants]] {grant}: list_buckets = true; then deploy ProdAccessStack",
                if_allowed=(NOT_DEPLOYED, _REVOKED, _CONTROLS),
            ),
            NOT_THE_ROLE,
        ),
    ),
    Trouble(
        "list-denied",
        "S3 denied the listing.",
        said(
            rf"(?:Access ?Denied|not authorized).{{0,200}}ListObjects(?:V2)?\b{_BARE}",
            rf"not authorized to perform:? s3:ListBucket\b{_BARE}",
        ),
        _S3_403,
        (
            Cause(
                CALL,
                "the listing does not name the grant's prefix, or leaves out the slash at its end",
                "aws s3 ls s3://{bucket}/PREFIX/ --profile {profile}",
                "list under the prefix: --prefix PREFIX/",
            ),
            Cause(
                PROD,
                "the grant does not allow listing",
                "python -m crossrole can {principal} s3:ListBucket {bucket_arn}",
                'access.toml, [[grants]] {grant}: add "list" to access',
                if_allowed=(NOT_DEPLOYED,),
            ),
            NOT_THE_ROLE,
            _REVOKED,
            _BUCKET_POLICY,
            _CONTROLS,
        ),
    ),
)

OBJECTS = (
    Trouble(
        "put-denied",
        "S3 denied the write.",
        said(
            r"(?:Access ?Denied|not authorized).{0,200}(?:PutObject|(?:Create|Complete)MultipartUpload|UploadPart)\b",
            r"PutObject on s3://\S{1,1100}: got AccessDenied",
            r"not authorized to perform:? s3:PutObject",
            r"upload failed: .{1,1500}Access ?Denied",
        ),
        _S3_403,
        (_OWN_POLICY, NOT_THE_ROLE, _REVOKED, _BUCKET_POLICY, _KEY, _CONTROLS, _ENDPOINT),
    ),
    Trouble(
        "get-denied",
        "S3 denied the read.",
        said(
            r"(?:Access ?Denied|not authorized|Forbidden|\(403\)).{0,200}(?:GetObject|HeadObject)\b",
            r"not authorized to perform:? s3:GetObject",
        ),
        _S3_403,
        (
            _OWN_POLICY,
            Cause(
                CALL,
                "the object does not exist: without s3:ListBucket S3 answers 403 instead of 404",
                "aws s3api head-object --bucket {bucket} --key {key} --profile prod",
                "use a key that exists",
            ),
            NOT_THE_ROLE,
            _KEY,
            _REVOKED,
            _BUCKET_POLICY,
            _CONTROLS,
        ),
    ),
)

VAGUE = (
    Trouble(
        "explicitly-denied",
        "a policy explicitly denies it; the message does not say which.",
        said(r"with an explicit deny"),
        f"{IAM_GUIDE}/reference_policies_evaluation-logic_AccessPolicyLanguage_Interplay.html",
        (_REVOKED, _BUCKET_POLICY, _CONTROLS),
    ),
    Trouble(
        "access-denied",
        "AWS denied it, and does not say which policy decided that.",
        said(
            r"Access ?Denied", r"not authorized to perform", r"UnauthorizedOperation", r"\(403\)", r"AuthorizationError"
        ),
        f"{IAM_GUIDE}/troubleshoot_access-denied.html",
        (_OWN_POLICY, NOT_THE_ROLE, _REVOKED, _BUCKET_POLICY, _CONTROLS),
    ),
)
