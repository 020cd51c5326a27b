"""What the dev account runs: the function that writes through a grant."""

from aws_cdk import CfnOutput, Environment as CdkEnvironment, Stack
from constructs import Construct

from access.environment import Environment
from access.grant import Grant, Place
from access.model import Access, Writer
from access.policies.caller import assume_role_statement
from cross_account.writer_function import WriterFunction
from crossrole.iam.quotas import ROLE_CHAINING_LIMIT


class DevLambdaStack(Stack):
    """The function, under the role name that the grant trusts. It imports nothing from production's stack."""

    def __init__(self, scope: Construct, construct_id: str, *, access: Access, writer: Writer, grant: Grant) -> None:
        # access.toml's rules see to it that there is exactly one.
        (written,) = [place for place in grant.all_places if place.writes]
        super().__init__(
            scope,
            construct_id,
            env=CdkEnvironment(account=access.dev.account, region=access.dev.region),
            description=f"crossrole: the function that writes to {written.bucket} in {access.prod.account}",
            tags=access.all_tags,
        )
        writer_function = WriterFunction(
            self,
            "Writer",
            role_name=writer.role_name,
            role_path=writer.role_path,
            assume_role=assume_role_statement(access.prod, *access.writer_grants(writer)),
            environment=_settings(grant, written, access.prod),
            alarm_topic=writer.alarm_topic,
            memory_size=writer.memory_size,
            timeout=writer.timeout,
            reserved_concurrency=writer.reserved_concurrency,
            snap_start=writer.snap_start,
            queued=writer.queue,
        )
        # With SnapStart the alias, which is invoked by either just as a function is.
        outputs = {
            "FunctionName": writer_function.invoked.function_name,
            "FunctionArn": writer_function.invoked.function_arn,
            "FunctionRoleArn": writer_function.role.role_arn,
            "LogGroupName": writer_function.log_group.log_group_name,
            "FailureQueueUrl": writer_function.failures.queue_url,
        }
        if source := writer_function.source:
            outputs["QueueUrl"] = source.queue.queue_url
            outputs["QueueArn"] = source.queue.queue_arn
            outputs["DeadLetterQueueUrl"] = source.dead_letters.queue_url
        for output, value in outputs.items():
            CfnOutput(self, output, value=value)


def _settings(grant: Grant, written: Place, prod: Environment) -> dict[str, str]:
    """Return what the function reads from its environment; none of it is a secret."""
    settings = {
        "ROLE_ARN": prod.role_arn(grant.path_and_name),
        "DURATION_SECONDS": str(min(grant.max_session, ROLE_CHAINING_LIMIT)),
        "BUCKET": written.bucket,
        "BUCKET_OWNER": prod.account,
        "BUCKET_REGION": prod.region,
        "PREFIX": written.prefix,
    }
    # An external ID tells callers apart; AWS does not treat it as a secret.
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html
    return settings | ({"EXTERNAL_ID": grant.external_id} if grant.external_id else {})
