"""The Lambda function that writes through a grant, in the dev account."""

from aws_cdk import (
    Duration,
    RemovalPolicy,
    aws_cloudwatch as cloudwatch,
    aws_cloudwatch_actions as cloudwatch_actions,
    aws_iam as iam,
    aws_lambda as lambda_,
    aws_lambda_destinations as destinations,
    aws_logs as logs,
    aws_sns as sns,
    aws_sqs as sqs,
)
from constructs import Construct

from cross_account.acknowledge import acknowledge
from cross_account.policy import Statement, allow, document
from cross_account.writer_package import packaged

_SEND_TRACES = allow("SendTraces", action=["xray:PutTraceSegments", "xray:PutTelemetryRecords"], resource=["*"])


class WriterFunction(Construct):
    """The function, its own role under the name that the grant trusts, its log, failure queue and alarms."""

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
    ) -> None:
        super().__init__(scope, construct_id)
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
            acknowledge(self.failures, finding, reason="it is the dead-letter end itself: failed events wait here")
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
            timeout=Duration.seconds(60),
            memory_size=512,
            tracing=lambda_.Tracing.ACTIVE,
            logging_format=lambda_.LoggingFormat.JSON,
            log_group=self.log_group,
            on_failure=destinations.SqsDestination(self.failures),
            retry_attempts=2,
        )
        acknowledge(
            self.function,
            "Serverless-LambdaDLQ",
            reason="the on-failure destination gets each failed asynchronous event, with the error beside it",
        )
        # Lambda checks at once that the role may send traces, too.
        self.function.node.add_dependency(traces)
        self._add_alarms(alarm_topic)

    def _statements(self, assume_role: Statement) -> list[Statement]:
        return [
            assume_role,
            allow(
                "WriteOwnLog",
                action=["logs:CreateLogStream", "logs:PutLogEvents"],
                resource=[self.log_group.log_group_arn],
            ),
            allow("SendFailures", action=["sqs:SendMessage"], resource=[self.failures.queue_arn]),
        ]

    def _add_alarms(self, topic: str | None) -> None:
        errors = "The function raised an error: its log has one JSON line with what to check"
        lost = "An event failed for good and could not be kept in the failure queue"
        to_topic = sns.Topic.from_topic_arn(self, "AlarmTopic", topic) if topic else None
        for construct_id, metric, description in (
            ("Errors", self.function.metric_errors(period=Duration.minutes(1)), errors),
            (
                "LostEvents",
                self.function.metric("DestinationDeliveryFailures", period=Duration.minutes(1), statistic="Sum"),
                lost,
            ),
        ):
            alarm = cloudwatch.Alarm(
                self,
                construct_id,
                alarm_description=description,
                metric=metric,
                threshold=1,
                evaluation_periods=1,
                comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
                treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            )
            if to_topic:
                alarm.add_alarm_action(cloudwatch_actions.SnsAction(to_topic))
