"""What AWS, its CLI, the CDK and the function really say, beside the trouble that it is and where the wording is from."""

IAM = "https://docs.aws.amazon.com/IAM/latest/UserGuide"
DENIED = f"{IAM}/troubleshoot_access-denied.html"
S3_ERRORS = "https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"
S3_403 = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html"
STS_ERRORS = "https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html"
BOTOCORE = "https://github.com/boto/botocore/blob/develop/botocore/exceptions.py"
CDK_CLI = "https://github.com/aws/aws-cdk-cli"
WRITER = "lambda/s3_writer/errors.py"

USER = "arn:aws:iam::111111111111:user/alice"
SESSION = "arn:aws:sts::222222222222:assumed-role/DevAccountAccessS3Role/writer@0123456789abcdef0123456789abcdef"
FUNCTION = "arn:aws:sts::111111111111:assumed-role/DevLambdaRole/writer"
ROLE = "arn:aws:iam::222222222222:role/DevAccountAccessS3Role"
OBJECT = "arn:aws:s3:::reports-222222222222/dev/report.csv"
KEY = "arn:aws:kms:eu-west-1:222222222222:key/11111111-2222-3333-4444-555555555555"

PUT = "An error occurred (AccessDenied) when calling the PutObject operation:"
ASSUME = "An error occurred (AccessDenied) when calling the AssumeRole operation:"
NO_PUT = f'{PUT} User: {SESSION} is not authorized to perform: s3:PutObject on resource: "{OBJECT}"'
NO_ASSUME = f"{ASSUME} User: {FUNCTION} is not authorized to perform: sts:AssumeRole on resource: {ROLE}"
NO_KEY = f"{PUT} User: {SESSION} is not authorized to perform: kms:GenerateDataKey on resource: {KEY}"


def _writer(error: str, message: str, **more: str) -> str:
    details = "".join(f', "{name}": "{value}"' for name, value in more.items())
    return (
        '{"timestamp": "2026-11-24T02:00:00+00:00", "level": "ERROR", '
        f'"message": "{message}", "requestId": "11111111-2222-3333-4444-555555555555", "error": "{error}"{details}, '
        '"check": "something else that is AccessDenied or InvalidEvent"}'
    )


TEXTS: list[tuple[str, str, str]] = [
    # --- sts
    ("assume-role-refused", NO_ASSUME, f"{IAM}/troubleshoot_roles.html"),
    (
        "assume-role-refused",
        "AccessDenied: Not authorized to perform sts:AssumeRole\n    at Request.extractError (protocol/query.js:40:29)",
        "https://github.com/serverless/serverless/issues/3040",
    ),
    ("assume-role-not-in-own-policy", f"{NO_ASSUME} because no identity-based policy allows the sts:AssumeRole action", DENIED),
    ("assume-role-not-trusted", f"{NO_ASSUME} because no role trust policy allows the sts:AssumeRole action", DENIED),
    ("assume-role-not-trusted", f"{NO_ASSUME} because no resource-based policy allows the sts:AssumeRole action", DENIED),
    ("assume-role-trust-denies", f"{NO_ASSUME} with an explicit deny in the role trust policy", DENIED),
    (
        "tag-session-refused",
        "##[error]User: arn:aws:iam::111111111111:user/deployer is not authorized to perform: sts:TagSession on "
        "resource: arn:aws:iam::222222222222:role/devops",
        "https://github.com/aws-actions/configure-aws-credentials/issues/54",
    ),
    (
        "source-identity-refused",
        f"{ASSUME} User: {FUNCTION} is not authorized to perform: sts:SetSourceIdentity on resource: {ROLE}",
        "https://github.com/noqdev/iambic/issues/357",
    ),
    (
        "root-may-not-assume",
        f"{ASSUME} Roles may not be assumed by root accounts.",
        "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html",
    ),
    (
        "chaining-over-an-hour",
        "An error occurred (ValidationError) when calling the AssumeRole operation: The requested DurationSeconds "
        "exceeds the 1 hour session limit for roles assumed by role chaining.",
        f"{IAM}/id_roles.html",
    ),
    (
        "over-max-session",
        "An error occurred (ValidationError) when calling the AssumeRole operation: The requested DurationSeconds "
        "exceeds the MaxSessionDuration set for this role.",
        f"{IAM}/id_roles_update-role-settings.html",
    ),
    (
        "session-name-refused",
        "botocore.exceptions.ClientError: An error occurred (ValidationError) when calling the AssumeRole operation: 1 "
        "validation error detected: Value 'PowerUser/hjacobs' at 'roleSessionName' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: [\w+=,.@-]*",
        "https://github.com/zalando-stups/aws-credentials-service/issues/7",
    ),
    (
        "session-name-refused",
        "'roleSessionName' failed to satisfy constraint: Member must have length less than or equal to 64.",
        "https://github.com/youyo/awslogin/pull/20",
    ),
    (
        "sts-region-off",
        "operation error STS: AssumeRole, https response error StatusCode: 403, RequestID: "
        "a3556be4-6ace-479e-acd8-db5a74762c7c, RegionDisabledException: STS is not activated in this region for "
        "account:123456789012. Your account administrator can activate STS in this region using the IAM Console.",
        "https://github.com/turbot/steampipe-plugin-aws/issues/1510",
    ),
    (
        "external-id-malformed",
        "An error occurred (ValidationError) when calling the AssumeRole operation: 1 validation error detected: Value "
        "'' at 'externalId' failed to satisfy constraint: Member must have length greater than or equal to 2",
        "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html",
    ),
    (
        "web-identity-refused",
        "An error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation: Not authorized to "
        "perform sts:AssumeRoleWithWebIdentity",
        "https://github.com/aws/aws-sdk-js-v3/issues/6225",
    ),
    # --- iam
    (
        "invalid-principal",
        "An error occurred (MalformedPolicyDocument) when calling the CreateRole operation: Invalid principal in "
        'policy: "AWS":"arn:aws:iam::111111111111:role/DevLambdaRole"',
        f"{IAM}/troubleshoot_roles.html",
    ),
    (
        "stale-unique-id",
        '{"Effect": "Allow", "Principal": {"AWS": "AROACKCEVSQ6C2EXAMPLE"}, "Action": "sts:AssumeRole"}',
        f"{IAM}/reference_policies_elements_principal.html",
    ),
    (
        "trust-policy-too-long",
        "LimitExceeded: Cannot exceed quota for ACLSizePerRole: 2048\n\tstatus code: 409, request id: "
        "822236a2-097b-40fc-ae6e-d4be18af09d3",
        "https://github.com/kubeflow/kubeflow/issues/6687",
    ),
    (
        "policy-too-long",
        "Maximum policy size of 10240 bytes exceeded for role amplify-reactapp-test (Service: Iam, Status Code: 409)",
        "https://github.com/aws-amplify/amplify-backend/issues/2615",
    ),
    (
        "policy-too-long",
        "LimitExceeded: Cannot exceed quota for PolicySize: 6144",
        "https://github.com/ministryofjustice/cloud-platform-environments/pull/14473",
    ),
    (
        "malformed-policy",
        "An error occurred (MalformedPolicyDocument) when calling the PutRolePolicy operation: Syntax errors in policy.",
        f"{IAM}/troubleshoot_policies.html",
    ),
    (
        "malformed-policy",
        "An error occurred (MalformedPolicyDocument) when calling the CreatePolicy operation: This policy contains "
        "invalid Json",
        f"{IAM}/troubleshoot_policies.html",
    ),
    (
        "already-exists",
        'Resource handler returned message: "Resource of type \'AWS::IAM::Role\' with identifier '
        "'DevAccountAccessS3Role' already exists.\" (HandlerErrorCode: AlreadyExists)",
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html",
    ),
    (
        "already-exists",
        "reports-222222222222 already exists in stack arn:aws:cloudformation:eu-west-1:222222222222:stack/Other/1",
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html",
    ),
    (
        "already-exists",
        "An error occurred (EntityAlreadyExists) when calling the CreateRole operation: Role with name "
        "DevAccountAccessS3Role already exists.",
        f"{IAM}/troubleshoot.html",
    ),
    (
        "limit-exceeded",
        "LimitExceeded: Cannot exceed quota for PoliciesPerRole: 15",
        "https://github.com/ministryofjustice/cloud-platform-environments/pull/14118",
    ),
    (
        "no-such-entity",
        "An error occurred (NoSuchEntity) when calling the GetRole operation: The role with name "
        "DevAccountAccessS3Role cannot be found.",
        f"{IAM}/troubleshoot.html",
    ),
    # --- credentials
    (
        "clock-skew",
        "An error occurred (RequestTimeTooSkewed) when calling the PutObject operation: The difference between the "
        "request time and the current time is too large.",
        S3_ERRORS,
    ),
    (
        "clock-skew",
        "An error occurred (SignatureDoesNotMatch) when calling the GetCallerIdentity operation: Signature expired: "
        "20261124T010000Z is now earlier than 20261124T014500Z (20261124T020000Z - 15 min.)",
        f"{IAM}/reference_sigv-troubleshooting.html",
    ),
    (
        "expired-token",
        "An error occurred (ExpiredToken) when calling the AssumeRole operation: The security token included in the "
        "request is expired",
        STS_ERRORS,
    ),
    ("expired-token", "An error occurred (ExpiredToken) when calling the PutObject operation: The provided token has expired.", S3_ERRORS),
    (
        "sso-expired",
        "The SSO session associated with this profile has expired or is otherwise invalid. To refresh this SSO "
        "session run aws sso login with the corresponding profile.",
        BOTOCORE,
    ),
    ("sso-expired", "Error when retrieving token from sso: Token has expired and refresh failed", BOTOCORE),
    (
        "invalid-client-token",
        "An error occurred (InvalidClientTokenId) when calling the GetCallerIdentity operation: The security token "
        "included in the request is invalid.",
        STS_ERRORS,
    ),
    (
        "invalid-client-token",
        "An error occurred (InvalidAccessKeyId) when calling the ListBuckets operation: The AWS Access Key Id you "
        "provided does not exist in our records.",
        S3_ERRORS,
    ),
    (
        "signature-mismatch",
        "An error occurred (SignatureDoesNotMatch) when calling the ListBuckets operation: The request signature we "
        "calculated does not match the signature you provided. Check your key and signing method.",
        S3_ERRORS,
    ),
    (
        "mfa-code-refused",
        f"{ASSUME} MultiFactorAuthentication failed with invalid MFA one time pass code. ",
        f"{IAM}/troubleshoot_mfa.html",
    ),
    ("no-credentials", 'Unable to locate credentials. You can configure credentials by running "aws configure".', BOTOCORE),
    ("no-profile", "The config profile (prodd) could not be found", BOTOCORE),
    # --- network
    (
        "tls-not-trusted",
        "SSL validation failed for https://sts.eu-west-1.amazonaws.com/ [SSL: CERTIFICATE_VERIFY_FAILED] certificate "
        "verify failed: self-signed certificate in certificate chain (_ssl.c:1006)",
        BOTOCORE,
    ),
    ("no-connection", 'Could not connect to the endpoint URL: "https://sts.eu-wst-1.amazonaws.com/"', BOTOCORE),
    ("throttled", "An error occurred (ThrottlingException) when calling the AssumeRole operation: Rate exceeded", STS_ERRORS),
    ("throttled", "An error occurred (SlowDown) when calling the PutObject operation: Please reduce your request rate.", S3_ERRORS),
    ("no-region", "You must specify a region. You can also configure your region by running \"aws configure\".", BOTOCORE),
    (
        "aws-failed",
        "An error occurred (InternalError) when calling the PutObject operation (reached max retries: 4): We "
        "encountered an internal error. Please try again.",
        S3_ERRORS,
    ),
    # --- s3
    (
        "acls-not-supported",
        "An error occurred (AccessControlListNotSupported) when calling the PutObject operation: The bucket does not "
        "allow ACLs",
        "https://github.com/ansible-collections/amazon.aws/pull/1502",
    ),
    (
        "wrong-bucket-owner-id",
        "An error occurred (InvalidBucketOwnerAWSAccountID) when calling the PutObject operation: The value of the "
        "expected bucket owner parameter must be an AWS account ID",
        S3_ERRORS,
    ),
    (
        "wrong-bucket-owner",
        "$ aws s3api put-object --bucket reports-222222222222 --key dev/x --body x --expected-bucket-owner "
        f"333333333333\n\n{PUT} Access Denied",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html",
    ),
    (
        "no-such-bucket",
        "An error occurred (NoSuchBucket) when calling the PutObject operation: The specified bucket does not exist",
        S3_ERRORS,
    ),
    ("no-such-key", "An error occurred (NoSuchKey) when calling the GetObject operation: The specified key does not exist.", S3_ERRORS),
    (
        "wrong-region",
        "An error occurred (PermanentRedirect) when calling the PutObject operation: The bucket you are attempting to "
        "access must be addressed using the specified endpoint. Please send all future requests to this endpoint.",
        S3_ERRORS,
    ),
    (
        "wrong-region",
        "An error occurred (AuthorizationHeaderMalformed) when calling the PutObject operation: The authorization "
        "header is malformed; the region 'us-east-1' is wrong; expecting 'eu-central-1'",
        "https://github.com/TTLabs/EvaporateJS/issues/364",
    ),
    (
        "wrong-region",
        "An error occurred (IllegalLocationConstraintException) when calling the CreateBucket operation: The "
        "unspecified location constraint is incompatible for the region specific endpoint this request was sent to.",
        "https://github.com/tweag/aws-secrets/issues/22",
    ),
    ("wrong-region", "An error occurred (301) when calling the HeadObject operation: Moved Permanently", S3_ERRORS),
    ("wrong-region", "An error occurred (400) when calling the HeadObject operation: Bad Request", S3_ERRORS),
    (
        "invalid-bucket-name",
        'Invalid bucket name "reports/dev": Bucket name must match the regex "^[a-zA-Z0-9.\\-_]{1,255}$"',
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html",
    ),
    (
        "conditional-write-lost",
        "An error occurred (PreconditionFailed) when calling the PutObject operation: At least one of the "
        "pre-conditions you specified did not hold",
        S3_ERRORS,
    ),
    (
        "public-access-blocked",
        f"An error occurred (AccessDenied) when calling the PutBucketPolicy operation: User: {USER} is not authorized "
        'to perform: s3:PutBucketPolicy on resource: "arn:aws:s3:::reports-222222222222" because public policies are '
        "blocked by the BlockPublicPolicy block public access setting.",
        S3_403,
    ),
    # --- kms
    ("key-disabled", f"An error occurred (KMS.DisabledException) when calling the PutObject operation: {KEY} is disabled.", "https://github.com/localstack/localstack/issues/8422"),
    (
        "key-disabled",
        f"An error occurred (KMS.KMSInvalidStateException) when calling the GetObject operation: {KEY} is pending "
        "deletion.",
        "https://github.com/localstack/localstack/pull/8423",
    ),
    ("key-not-found", f"An error occurred (KMS.NotFoundException) when calling the PutObject operation: Key '{KEY}' does not exist", "https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKey.html"),
    (
        "key-of-another-account",
        f"{NO_KEY} because the resource does not exist in this Region, no resource-based policies allow access, or a "
        "resource-based policy explicitly denies access",
        "https://docs.aws.amazon.com/kms/latest/developerguide/policy-evaluation.html",
    ),
    (
        "key-of-another-account",
        "AccessDeniedException: The ciphertext refers to a customer master key that does not exist, does not exist in "
        "this region, or you are not allowed to access.",
        "https://github.com/aceew/aws-lambda-env-vars/issues/7",
    ),
    ("key-not-in-own-policy", f"{NO_KEY} because no identity-based policy allows the kms:GenerateDataKey action", DENIED),
    ("key-policy-refuses", f"{NO_KEY} because no resource-based policy allows the kms:GenerateDataKey action", DENIED),
    ("key-policy-refuses", f"{NO_KEY} with an explicit deny in a resource-based policy", DENIED),
    (
        "key-refused",
        "An error occurred (AccessDeniedException) when calling the Decrypt operation: User: "
        f"{SESSION} is not authorized to perform: kms:Decrypt on resource: {KEY}",
        "https://docs.aws.amazon.com/kms/latest/developerguide/policy-evaluation.html",
    ),
    # --- cdk
    (
        "not-bootstrapped",
        "❌ Deployment failed: Error: ProdAccessStack: SSM parameter /cdk-bootstrap/hnb659fds/version not found. Has "
        "the environment been bootstrapped? Please run 'cdk bootstrap' (see "
        "https://docs.aws.amazon.com/cdk/latest/guide/bootstrapping.html)",
        "https://github.com/cdklabs/cdk-stacksets/issues/327",
    ),
    (
        "not-bootstrapped",
        "This stack uses assets, so the toolkit stack must be deployed to the environment (Run \"cdk bootstrap "
        'aws://222222222222/eu-west-1")',
        CDK_CLI,
    ),
    (
        "cdk-wrong-account",
        "Need to perform AWS calls for account 222222222222, but the current credentials are for 111111111111",
        "https://github.com/aws/aws-cdk/issues/28690",
    ),
    (
        "cdk-wrong-account",
        "Need to perform AWS calls for account 222222222222, but no credentials have been configured",
        "https://github.com/aws/aws-cdk/issues/20935",
    ),
    (
        "cdk-role-not-assumed",
        "current credentials could not be used to assume "
        "'arn:aws:iam::222222222222:role/cdk-hnb659fds-deploy-role-222222222222-eu-west-1', but are for the right "
        "account. Proceeding anyway.",
        "https://github.com/cdklabs/cdk-stacksets/issues/327",
    ),
    (
        "cross-environment",
        "ValidationError: Cannot use resource 'DevLambdaStack/Role' in a cross-environment fashion, the resource's "
        "physical name must be explicit set or use `PhysicalName.GENERATE_IF_NEEDED`",
        "https://github.com/aws/aws-cdk/blob/main/packages/aws-cdk-lib/core/lib/resource.ts",
    ),
    (
        "export-in-use",
        "Export ProdAccessStack:ExportsOutputRefBucket83908E7781C90AC0 cannot be deleted as it is in use by "
        "DevLambdaStack",
        "https://github.com/rlister/stax/issues/40",
    ),
    (
        "export-in-use",
        "Delete canceled. Cannot delete export ProdAccessStack:ExportsOutputFnGetAttAlias as it is in use by "
        "DevLambdaStack",
        "https://github.com/awslabs/generative-ai-cdk-constructs/issues/959",
    ),
    (
        "stack-stuck",
        "ValidationError: Stack:arn:aws:cloudformation:eu-west-1:222222222222:stack/ProdAccessStack/1 is in "
        "ROLLBACK_COMPLETE state and can not be updated.",
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html",
    ),
    ("no-such-stack", "No stacks match the name(s) ProdStack", CDK_CLI),
    (
        "cdk-too-old",
        "Cloud assembly schema version mismatch: Maximum schema version supported is 43.x.x, but found 55.0.0. Please "
        "upgrade your CLI in order to interact with this app.",
        CDK_CLI,
    ),
    # --- the message names the kind of policy
    ("own-policy-lacks", f"{NO_PUT} because no identity-based policy allows the s3:PutObject action", S3_403),
    ("own-policy-denies", f"{NO_PUT} with an explicit deny in an identity-based policy", S3_403),
    ("bucket-policy-refuses", f"{NO_PUT} with an explicit deny in a resource-based policy", S3_403),
    ("bucket-policy-refuses", f"{NO_PUT} because no resource-based policy allows the s3:PutObject action", S3_403),
    ("boundary-refuses", f"{NO_PUT} because no permissions boundary allows the s3:PutObject action", S3_403),
    ("boundary-refuses", f"{NO_PUT} with an explicit deny in a permissions boundary", S3_403),
    ("session-policy-refuses", f"{NO_PUT} because no session policy allows the s3:PutObject action", S3_403),
    ("session-policy-refuses", f"{NO_PUT} with an explicit deny in a session policy", S3_403),
    ("scp-refuses", f"{NO_PUT} with an explicit deny in a service control policy", S3_403),
    ("scp-refuses", f"{NO_PUT} because no service control policy allows the s3:PutObject action", S3_403),
    (
        "scp-refuses",
        "An error occurred (AccessDenied) when calling the ListRoles operation: User: "
        "arn:aws:iam::123456789012:user/Matt is not authorized to perform: iam:ListRoles on resource: "
        "arn:aws:iam::123456789012:role/* with an explicit deny in a service control policy: "
        "arn:aws:organizations::987654321098:policy/o-qv5af4abcd/service_control_policy/p-2kgnabcd",
        "https://aws.amazon.com/blogs/security/enhanced-access-denied-error-messages-with-policy-arns",
    ),
    ("scp-refuses", f"{NO_ASSUME} with an explicit deny in a service control policy", DENIED),
    ("scp-refuses", f"{NO_KEY} with an explicit deny in a service control policy", DENIED),
    ("rcp-refuses", f"{NO_PUT} with an explicit deny in a resource control policy", S3_403),
    ("vpc-endpoint-refuses", f"{NO_PUT} because no VPC endpoint policy allows the s3:PutObject action", S3_403),
    ("vpc-endpoint-refuses", f"{NO_PUT} with an explicit deny in a VPC endpoint policy", S3_403),
    (
        "session-revoked",
        f"{NO_PUT} with an explicit deny in an identity-based policy: "
        "arn:aws:iam::222222222222:policy/AWSRevokeOlderSessions",
        f"{IAM}/id_roles_use_revoke-sessions.html",
    ),
    # --- it does not
    (
        "encoded-message",
        "An error occurred (UnauthorizedOperation) when calling the CreateVpcEndpoint operation: You are not "
        "authorized to perform this operation. Encoded authorization failure message: "
        "4GIOHlTkIaWHQD0Q0m6XSnuUMCm9abcdefghijklmnopqrstuvwxyz",
        "https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html",
    ),
    ("list-buckets-refused", "An error occurred (AccessDenied) when calling the ListBuckets operation: Access Denied", S3_403),
    (
        "list-buckets-refused",
        f"An error occurred (AccessDenied) when calling the ListBuckets operation: User: {SESSION} is not authorized "
        "to perform: s3:ListAllMyBuckets",
        S3_403,
    ),
    ("put-refused", f"{PUT} Access Denied", S3_403),
    (
        "put-refused",
        "upload failed: ./report.csv to s3://reports-222222222222/dev/report.csv "
        "An error occurred (AccessDenied) when calling the CreateMultipartUpload operation: Access Denied",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html",
    ),
    ("list-refused", "An error occurred (AccessDenied) when calling the ListObjectsV2 operation: Access Denied", S3_403),
    ("get-refused", "fatal error: An error occurred (403) when calling the HeadObject operation: Forbidden", S3_403),
    ("get-refused", "An error occurred (AccessDenied) when calling the GetObject operation: Access Denied", S3_403),
    (
        "explicitly-denied",
        "An error occurred (AccessDenied) when calling the RunInstances operation: User: "
        "arn:aws:iam::444455556666:user/ExampleUser is not authorized to perform: ec2:RunInstances on resource: "
        "arn:aws:ec2:us-east-1:444455556666:volume/* with an explicit deny",
        "https://repost.aws/knowledge-center/iam-explicit-deny-errors",
    ),
    ("access-denied", "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>", S3_ERRORS),
    # --- the function
    (
        "writer-invalid-event",
        _writer("InvalidEvent", "key: got 'other/x', expected a key that begins with 'dev/'", field="key"),
        WRITER,
    ),
    ("writer-misconfigured", '{"errorMessage": "environment variables: BUCKET_OWNER: missing", "errorType": "Misconfigured"}', WRITER),
    (
        "writer-assume-role-failed",
        _writer("AssumeRoleFailed", f"AssumeRole on {ROLE}: got Unknown (no message), expected success"),
        WRITER,
    ),
    (
        "writer-put-failed",
        _writer("PutFailed", "PutObject on s3://reports-222222222222/dev/x: got Unknown (no message), expected success"),
        WRITER,
    ),
    ("writer-batch-failed", '{"errorMessage": "{\\"objects\\": []}", "errorType": "BatchFailed"}', WRITER),
    ("function-timed-out", "2026-11-24T02:00:00.000Z 1111 Task timed out after 30.00 seconds", "https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html"),
]  # fmt: skip
