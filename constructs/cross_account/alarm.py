"""An alarm of the function: it goes off in the first minute at its threshold; a minute without data is no alarm."""

from aws_cdk import aws_cloudwatch as cloudwatch, aws_cloudwatch_actions as cloudwatch_actions, aws_sns as sns
from constructs import Construct


def add_alarm(
    scope: Construct,
    construct_id: str,
    *,
    metric: cloudwatch.IMetric,
    says: str,
    topic: sns.ITopic | None,
    threshold: float = 1,
) -> None:
    """Add an alarm of `metric` at `threshold`, which notifies `topic`."""
    alarm = cloudwatch.Alarm(
        scope,
        construct_id,
        alarm_description=says,
        metric=metric,
        threshold=threshold,
        evaluation_periods=1,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
    )
    if topic:
        alarm.add_alarm_action(cloudwatch_actions.SnsAction(topic))
