"""The Lambda function that writes through a grant, in the dev account."""

from aws_cdk import (
    Annotations,
    Duration,
    RemovalPolicy,
    aws_iam as iam,
    aws_lambda as lambda_,
    aws_lambda_destinations as destinations,
    aws_logs as logs,
    aws_sns as sns,
    aws_sqs as sqs,
)
from constructs import Construct

from access.policies.document import Statement, allow, document
from cross_account.acknowledge import acknowledge
from cross_account.alarm import add_alarm
from cross_account.writer_package import packaged
from cross_account.writer_queue import WriterQueue

_RETRIES = 2
_SEND_TRACES = allow("SendTraces", action=["xray:PutTraceSegments", "xray:PutTelemetryRecords"], resource=["*"])


class WriterFunction(Construct):
    """The function, its own role under the name that the grant trusts, its log, failure queue and alarms.

    `memory_size` is in MB, `timeout` in seconds. `invoked` is to be invoked: the function or, with
    `snap_start`, the alias of its published version, as a snapshot is of that. With `queued` it has a queue, `source`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        role_name: str,
        role_path: str,
        assume_role: Statement,
        environment: dict[str, str],
        alarm_topic: str | None,
        memory_size: int,
        timeout: int,
        reserved_concurrency: int | None,
        snap_start: bool,
        queued: bool,
    ) -> None:
        super().__init__(scope, construct_id)
        topic = sns.Topic.from_topic_arn(self, "AlarmTopic", alarm_topic) if alarm_topic else None
        limit = Duration.seconds(timeout)
        self.log_group = logs.LogGroup(
            self, "Log", retention=logs.RetentionDays.THREE_MONTHS, removal_policy=RemovalPolicy.DESTROY
        )
        self.failures = sqs.Queue(
            self,
            "Failures",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
        )
        for finding in ("AwsSolutions-SQS3", "Serverless-SQSRedrivePolicy"):
            acknowledge(self.failures, finding, reason="it is itself the dead-letter queue: failed events wait here")
        self.source = WriterQueue(self, "Source", timeout=limit, alarm_topic=topic) if queued else None
        self.role = iam.Role(
            self,
            "Role",
            role_name=role_name,
            path=role_path,
            description="The function that writes through a grant, which trusts it by this name",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            # In the role itself: Lambda checks at once that the role may send to the failure queue.
            inline_policies={"Writer": iam.PolicyDocument.from_json(document(self._statements(assume_role)))},
        )
        # In a policy of its own, so that a wildcard in the role's other statements is not acknowledged with it.
        traces = iam.Policy(
            self, "Traces", document=iam.PolicyDocument.from_json(document([_SEND_TRACES])), roles=[self.role]
        )
        acknowledge(
            traces,
            "AwsSolutions-IAM5[Resource::*]",
            reason="active tracing: xray:PutTraceSegments and xray:PutTelemetryRecords take no narrower resource",
        )
        self.function = lambda_.Function(
            self,
            "Function",
            description="Writes objects into the production bucket through the grant's role",
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            code=lambda_.Code.from_asset(str(packaged())),
            handler="s3_writer.handler.handler",
            role=self.role.without_policy_updates(),
            environment=environment,
            timeout=limit,
            memory_size=memory_size,
            reserved_concurrent_executions=reserved_concurrency,
            snap_start=lambda_.SnapStartConf.ON_PUBLISHED_VERSIONS if snap_start else None,
            tracing=lambda_.Tracing.ACTIVE,
            logging_format=lambda_.LoggingFormat.JSON,
            log_group=self.log_group,
            on_failure=destinations.SqsDestination(self.failures),
            retry_attempts=_RETRIES,
        )
        acknowledge(
            self.function,
            "Serverless-LambdaDLQ",
            reason="the on-failure destination gets each failed asynchronous event, with the error beside it",
        )
        # Lambda checks at once that the role may send traces, too.
        self.function.node.add_dependency(traces)
        self.invoked = self._published() if snap_start else self.function
        if self.source:
            self.source.feed(self.invoked, reserved_concurrency=reserved_concurrency)
        self._add_alarms(topic)

    def _published(self) -> lambda_.Alias:
        """Return the alias of the function's newest version; the next deploy replaces a version and its snapshot."""
        Annotations.of(self.function).acknowledge_warning(
            "@aws-cdk/aws-lambda:snapStartRequirePublish", "the alias below is of a published version"
        )
        return lambda_.Alias(
            self,
            "Alias",
            alias_name="live",
            version=self.function.current_version,
            # The function's own settings hold only for its unpublished code.
            on_failure=destinations.SqsDestination(self.failures),
            retry_attempts=_RETRIES,
        )

    def _statements(self, assume_role: Statement) -> list[Statement]:
        return [
            assume_role,
            allow(
                "WriteOwnLog",
                action=["logs:CreateLogStream", "logs:PutLogEvents"],
                resource=[self.log_group.log_group_arn],
            ),
            allow("SendFailures", action=["sqs:SendMessage"], resource=[self.failures.queue_arn]),
            *([self.source.statement] if self.source else []),
        ]

    def _add_alarms(self, topic: sns.ITopic | None) -> None:
        minute = Duration.minutes(1)
        add_alarm(
            self,
            "Errors",
            metric=self.function.metric_errors(period=minute),
            says="The function raised an error: its log has one JSON line with what to check",
            topic=topic,
        )
        add_alarm(
            self,
            "LostEvents",
            metric=self.function.metric("DestinationDeliveryFailures", period=minute, statistic="Sum"),
            says="An event failed for good and could not be kept in the failure queue",
            topic=topic,
        )
