"""The yardstick of bench/synth.py: an app with the resources of the committed access.toml, written plainly.

No file is read, no rule is held, no check is attached. `python bench/plain_app.py FOLDER` writes the templates.
"""

import sys
from pathlib import Path

from aws_cdk import (
    App,
    CfnOutput,
    Duration,
    Environment,
    RemovalPolicy,
    Stack,
    aws_cloudwatch as cloudwatch,
    aws_iam as iam,
    aws_lambda as lambda_,
    aws_lambda_destinations as destinations,
    aws_logs as logs,
    aws_s3 as s3,
    aws_sqs as sqs,
)

LAMBDA = Path(__file__).resolve().parents[1] / "lambda"
ROLE_ARN = "arn:aws:iam::222222222222:role/DevAccountAccessS3Role"


def statement(**parts: object) -> dict[str, object]:
    """Return a policy of one statement that allows."""
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow"} | parts]}


app = App(outdir=sys.argv[1])

prod = Stack(app, "ProdAccessStack", env=Environment(account="222222222222", region="eu-west-1"))
s3.Bucket(
    prod,
    "Bucket",
    bucket_name="reports-222222222222",
    block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
    object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
    versioned=True,
    encryption=s3.BucketEncryption.S3_MANAGED,
    enforce_ssl=True,
    minimum_tls_version=1.2,
    lifecycle_rules=[
        s3.LifecycleRule(id="AbortIncompleteUploads", abort_incomplete_multipart_upload_after=Duration.days(7))
    ],
    removal_policy=RemovalPolicy.RETAIN,
)
role = iam.CfnRole(
    prod,
    "Role",
    role_name="DevAccountAccessS3Role",
    description="the nightly export writes its reports",
    assume_role_policy_document=statement(
        Principal={"AWS": "arn:aws:iam::111111111111:root"},
        Action="sts:AssumeRole",
        Condition={"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::111111111111:role/DevLambdaRole"}},
    ),
    max_session_duration=3600,
    policies=[
        iam.CfnRole.PolicyProperty(
            policy_name="CrossAccountS3Access",
            policy_document=statement(
                Action=["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
                Resource="arn:aws:s3:::reports-222222222222/dev/*",
                Condition={"StringEquals": {"aws:ResourceAccount": "222222222222"}},
            ),
        )
    ],
)
CfnOutput(prod, "RoleArn", value=role.attr_arn)
CfnOutput(prod, "AssumeRoleCommand", value=f"aws sts assume-role --role-arn {ROLE_ARN} --role-session-name me")

dev = Stack(app, "DevLambdaStack", env=Environment(account="111111111111", region="eu-west-1"))
log = logs.LogGroup(dev, "Log", retention=logs.RetentionDays.THREE_MONTHS, removal_policy=RemovalPolicy.DESTROY)
failures = sqs.Queue(
    dev, "Failures", encryption=sqs.QueueEncryption.SQS_MANAGED, enforce_ssl=True, retention_period=Duration.days(14)
)
own = iam.Role(
    dev,
    "Role",
    role_name="DevLambdaRole",
    assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
    inline_policies={
        "Writer": iam.PolicyDocument(
            statements=[
                iam.PolicyStatement(actions=["sts:AssumeRole"], resources=[ROLE_ARN]),
                iam.PolicyStatement(
                    actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[log.log_group_arn]
                ),
                iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[failures.queue_arn]),
            ]
        )
    },
)
traces = iam.Policy(
    dev,
    "Traces",
    statements=[iam.PolicyStatement(actions=["xray:PutTraceSegments", "xray:PutTelemetryRecords"], resources=["*"])],
    roles=[own],
)
function = lambda_.Function(
    dev,
    "Function",
    runtime=lambda_.Runtime.PYTHON_3_14,
    architecture=lambda_.Architecture.ARM_64,
    code=lambda_.Code.from_asset(str(LAMBDA), exclude=["**/__pycache__", "**/*.pyc"]),
    handler="s3_writer.handler.handler",
    role=own.without_policy_updates(),
    environment={"ROLE_ARN": ROLE_ARN, "BUCKET": "reports-222222222222", "PREFIX": "dev/"},
    timeout=Duration.seconds(60),
    memory_size=512,
    tracing=lambda_.Tracing.ACTIVE,
    logging_format=lambda_.LoggingFormat.JSON,
    log_group=log,
    on_failure=destinations.SqsDestination(failures),
    retry_attempts=2,
)
function.node.add_dependency(traces)
for name, metric in (
    ("Errors", function.metric_errors(period=Duration.minutes(1))),
    ("LostEvents", function.metric("DestinationDeliveryFailures", period=Duration.minutes(1), statistic="Sum")),
):
    cloudwatch.Alarm(
        dev,
        name,
        metric=metric,
        threshold=1,
        evaluation_periods=1,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
    )
for name, value in (
    ("FunctionName", function.function_name),
    ("FunctionArn", function.function_arn),
    ("FunctionRoleArn", own.role_arn),
    ("LogGroupName", log.log_group_name),
    ("FailureQueueUrl", failures.queue_url),
):
    CfnOutput(dev, name, value=value)
app.synth()
