"""The key of a bucket: every request to S3 that it encrypts needs it too."""

from crossrole.explain.catalogue.access_denied import NOT_THE_ROLE
from crossrole.explain.catalogue.model import KEY_OWNER, KMS_GUIDE, PROD, PUT_BACK, S3_GUIDE, Cause, Trouble, said

_POLICY = "aws kms get-key-policy --key-id {kms_key} --query Policy --output text --profile prod"
_STATE = "aws kms describe-key --key-id {kms_key} --query KeyMetadata.KeyState --profile prod"
_STATEMENT = (
    'add to the key policy: `{{"Effect": "Allow", "Principal": {{"AWS": "{principal}"}}, "Action": '
    '["kms:GenerateDataKey", "kms:Decrypt"], "Resource": "*"}}`; cdk.out has it where crossrole makes the key'
)

_NOT_IN_KEY_POLICY = Cause(
    KEY_OWNER, "the key policy does not allow the grant's role to use the key", _POLICY, _STATEMENT
)  # fmt: skip
_NOT_IN_ROLE = Cause(
    PROD,
    "the role's own policy does not allow it (a put needs kms:GenerateDataKey, a read and an upload in parts "
    "kms:Decrypt)",
    "python -m crossrole can {principal} {action} {resource}",
    "access.toml: kms_key = the key's ARN, in [[grants]] {grant} for a bucket that exists already, else in "
    "[[buckets]]; then deploy ProdAccessStack",
    if_allowed=(
        Cause(
            PROD,
            "the role's own policy differs from cdk.out: not deployed since kms_key was set, or changed by hand",
            "python -m crossrole doctor {grant} --profile {doctor_profile} --prod-profile prod",
            PUT_BACK,
        ),
    ),
)
_ELSEWHERE = Cause(
    KEY_OWNER,
    "the key does not exist, is of another region than the bucket, or its ARN is mistyped",
    _STATE,
    "`aws s3api get-bucket-encryption --bucket {bucket} --profile prod` shows the key that the bucket names",
)
_AWS_MANAGED = Cause(
    KEY_OWNER,
    "it is AWS's own key aws/s3: other accounts can never use it",
    "aws kms describe-key --key-id {kms_key} --query KeyMetadata.KeyManager --profile prod",
    "encrypt the bucket with S3's own keys (leave kms_key out), or with a customer key (kms_key)",
)

TROUBLES = (
    Trouble(
        "key-disabled",
        "the key is disabled, or about to be deleted.",
        said(
            r"KMSInvalidState",
            r"KMS\.?DisabledException",
            r"\bDisabledException\b",
            r":key/[\w-]{1,80} is (?:disabled|pending)",
        ),
        f"{KMS_GUIDE}/key-state.html",
        (
            Cause(
                KEY_OWNER,
                "someone disabled it or scheduled its deletion; until then nothing in the bucket can be read",
                _STATE,
                "`aws kms cancel-key-deletion --key-id {kms_key} --profile prod`, then `aws kms enable-key --key-id "
                "{kms_key} --profile prod`",
            ),
        ),
    ),
    Trouble(
        "key-not-found",
        "there is no such key in the region that was asked.",
        said(r"KMS\.?NotFoundException", r"Invalid keyId", r"Key 'arn:aws[\w:/-]{1,200}' does not exist"),
        f"{S3_GUIDE}/UsingKMSEncryption.html",
        (_ELSEWHERE,),
    ),
    Trouble(
        "key-of-another-account",
        "the key is in another account (or region), and its policy does not allow this account.",
        said(
            r"kms:\w{1,40}\b.{0,400}because the resource does not exist in this Region, no resource-based",
            r"ciphertext refers to a customer master key that does not exist",
        ),
        f"{KMS_GUIDE}/key-policy-modifying-external-accounts.html",
        (_NOT_IN_KEY_POLICY, _ELSEWHERE, _AWS_MANAGED),
    ),
    Trouble(
        "key-not-in-own-policy",
        "the role's own policies do not allow the use of the key.",
        said(r"kms:\w{1,40}\b.{0,400}because no identity-based policy allows the kms:"),
        f"{S3_GUIDE}/UsingKMSEncryption.html",
        (_NOT_IN_ROLE, _NOT_IN_KEY_POLICY),
    ),
    Trouble(
        "key-policy-denies",
        "the key policy does not allow it.",
        said(
            r"kms:\w{1,40}\b.{0,400}because no resource-based policy allows the kms:",
            r"kms:\w{1,40}\b.{0,400}explicit deny in a resource-based policy",
        ),
        f"{KMS_GUIDE}/policy-evaluation.html",
        (_NOT_IN_KEY_POLICY, _AWS_MANAGED),
    ),
    Trouble(
        "key-denied",
        "S3 may not use the bucket's key for the caller: the role and the key policy must both allow it.",
        said(
            r"not authorized to perform:? kms:\w{1,40}(?!.{0,700}(?:explicit deny in|because no))",
            r"\(AccessDenied\w{0,9}\) when calling the (?:GenerateDataKey|Decrypt) operation"
            r"(?!.{0,700}(?:explicit deny in|because no))",
            r"\bKMS\.\w{1,60}Exception",
        ),
        f"{S3_GUIDE}/UsingKMSEncryption.html",
        (
            _NOT_IN_ROLE,
            _NOT_IN_KEY_POLICY,
            _AWS_MANAGED,
            NOT_THE_ROLE,
        ),
    ),
)
