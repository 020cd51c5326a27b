"""The SQS queue that feeds the function, and its dead-letter queue."""

from aws_cdk import Duration, aws_lambda as lambda_, aws_sns as sns, aws_sqs as sqs
from constructs import Construct

from access.policies.document import Statement, allow
from cross_account.acknowledge import acknowledge
from cross_account.alarm import add_alarm

# AWS: "at least six times" the function's timeout, so that a batch which was throttled can be tried again in time; and
# at least 5 receives, as each throttled attempt is one.
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
_TIMEOUTS = 6
_RECEIVES = 5
# Lambda's own default, and all that it takes without waiting for more to come.
_MESSAGES = 10
# The most that a mapping can be held to at once; the least is 2, and access.toml can't ask for fewer.
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
_MOST_CONCURRENCY = 1000


class WriterQueue(Construct):
    """A queue whose messages the function takes; a failed message comes back alone and ends up in `dead_letters`."""

    def __init__(
        self, scope: Construct, construct_id: str, *, timeout: Duration, alarm_topic: sns.ITopic | None
    ) -> None:
        super().__init__(scope, construct_id)
        visibility = Duration.seconds(_TIMEOUTS * timeout.to_seconds())
        self.dead_letters = sqs.Queue(
            self,
            "DeadLetters",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            # Counted from when the message was first sent, so longer than in the queue itself.
            retention_period=Duration.days(14),
        )
        acknowledge(
            self.dead_letters,
            "Serverless-SQSRedrivePolicy",
            reason="it is itself the dead-letter queue: failed messages wait here",
        )
        self.queue = sqs.Queue(
            self,
            "Queue",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            visibility_timeout=visibility,
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=_RECEIVES),
        )
        minute = Duration.minutes(1)
        add_alarm(
            self,
            "Age",
            # A message that was received three times no longer counts in the age: only one not taken gets so old.
            # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
            metric=self.queue.metric_approximate_age_of_oldest_message(period=minute),
            threshold=3 * visibility.to_seconds(),
            says="Messages wait longer than three attempts take: the function is throttled, or too many messages come",
            topic=alarm_topic,
        )
        add_alarm(
            self,
            "Dead",
            metric=self.dead_letters.metric_approximate_number_of_messages_visible(period=minute),
            says="A message failed and waits in the dead-letter queue: the function's log has its messageId",
            topic=alarm_topic,
        )

    @property
    def statement(self) -> Statement:
        """What the function's role needs, for Lambda to take messages in its name."""
        return allow(
            "TakeMessages",
            action=["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"],
            resource=[self.queue.queue_arn],
        )

    def feed(self, function: lambda_.IFunction, *, reserved_concurrency: int | None) -> None:
        """Let Lambda invoke `function` with the messages, no more at once than it has reserved.

        With the reservation alone, a message's receives would run out while the function is throttled.
        """
        mapping = lambda_.EventSourceMapping(
            self,
            "Mapping",
            target=function,
            event_source_arn=self.queue.queue_arn,
            batch_size=_MESSAGES,
            report_batch_item_failures=True,
            max_concurrency=min(reserved_concurrency, _MOST_CONCURRENCY) if reserved_concurrency else None,
        )
        acknowledge(
            mapping,
            "Serverless-LambdaEventSourceMappingDestination",
            reason="a queue's mapping takes no destination: the queue's own dead-letter queue gets what failed",
        )
