"""The function's own error types, as docs/writer.md lists them."""

from crossrole.explain.catalogue.model import APP, CALL, DEV, PROD, Cause, Trouble, said

_LAMBDA = "https://docs.aws.amazon.com/lambda/latest/dg"
_CONFIGURATION = "aws lambda get-function-configuration --function-name FUNCTION --profile dev"
_LOG = "aws logs tail /aws/lambda/FUNCTION --since 1h --filter-pattern ERROR --profile dev"

EVENTS = (
    Trouble(
        "writer-invalid-event",
        "the function got an event that is invalid; nothing was written for it.",
        said(r"\bInvalidEvent\b"),
        f"{_LAMBDA}/python-exceptions.html",
        (
            Cause(
                CALL,
                "a field is missing or of another form; often a key that does not begin with the grant's prefix",
                _LOG,
                "send the field as the message says it is expected (docs/writer.md); a retry of the same event fails "
                "again",
            ),
            Cause(
                APP,
                "the grant's prefix was changed, but the senders were not",
                "grep -n prefix access.toml",
                "access.toml, [[grants]] {grant}: prefix, or the senders' keys",
            ),
        ),
    ),
    Trouble(
        "writer-misconfigured",
        "the function's environment variables are not the ones that the stack sets.",
        said(r"\bMisconfigured\b"),
        f"{_LAMBDA}/configuration-envvars.html",
        (
            Cause(
                DEV,
                "someone changed the function's configuration by hand",
                f"{_CONFIGURATION} --query Environment",
                "`cdk deploy DevLambdaStack --profile dev --force`",
            ),
        ),
    ),
)

CALLS = (
    Trouble(
        "writer-assume-role-failed",
        "the function got no session of the grant's role, so nothing was written.",
        said(r"\bAssumeRoleFailed\b", r"AssumeRole on arn:\S{1,600}: got "),
        "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html",
        (
            Cause(
                DEV,
                "AWS's own code in the message says why",
                _LOG,
                "look at what the message names after check; then paste its whole line here",
            ),
            Cause(
                PROD,
                "the deployed chain from the function's role to the grant differs from cdk.out",
                "python -m crossrole doctor {grant} --profile {doctor_profile} --prod-profile prod",
                "`cdk deploy ProdAccessStack --profile prod` and `cdk deploy DevLambdaStack --profile dev`",
            ),
        ),
    ),
    Trouble(
        "writer-put-failed",
        "S3 did not confirm the object; after a timeout it may exist.",
        said(r"\bPutFailed\b", r"PutObject on s3://\S{1,1100}: got "),
        "https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html",
        (
            Cause(
                PROD,
                "AWS's own code in the message says why",
                _LOG,
                "look at what the message names after check; the same put again is safe",
            ),
        ),
    ),
    Trouble(
        "writer-batch-failed",
        "at least one object of a batch failed; the message has every object's own result.",
        said(r"\bBatchFailed\b"),
        f"{_LAMBDA}/python-exceptions.html",
        (
            Cause(
                CALL,
                "each failed object has an error of its own in the message",
                _LOG,
                "paste the whole message here; objects that were written need not be put again",
            ),
        ),
    ),
    Trouble(
        "function-timed-out",
        "Lambda ended the function before it answered.",
        said(r"Task timed out after", r"Sandbox\.Timedout", r"Runtime\.ExitError"),
        f"{_LAMBDA}/troubleshooting-invocation.html",
        (
            Cause(
                DEV,
                "a call to STS or S3 got no answer: the VPC has no route to them",
                f"{_CONFIGURATION} --query '[Timeout,VpcConfig]'",
                "endpoints for S3 and STS, or a NAT gateway; an object of a batch that was written stays written",
            ),
        ),
    ),
)
