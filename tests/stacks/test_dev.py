"""The dev account: the function, and the users' policies."""

from pathlib import Path
from typing import Any

from tests.synthesis import Assembly, synthesize

STACK = "DevLambdaStack"


def only(assembly: Assembly, resource_type: str, stack: str = STACK) -> dict[str, Any]:
    """Return the properties of the stack's one resource of a type."""
    (resource,) = assembly.resources(stack, resource_type).values()
    return dict(resource["Properties"])


def test_the_functions_role_may_do_four_things(default: Assembly) -> None:
    """AssumeRole on exactly the grant's role, its own log, its failure queue, and traces; no managed policy."""
    role = only(default, "AWS::IAM::Role")
    expected = [
        {
            "Sid": "AssumeGrantRole",
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Resource": "arn:aws:iam::222222222222:role/DevAccountAccessS3Role",
        },
        {
            "Sid": "WriteOwnLog",
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": {"Fn::GetAtt": ["WriterLog9C2A8072", "Arn"]},
        },
        {
            "Sid": "SendFailures",
            "Effect": "Allow",
            "Action": "sqs:SendMessage",
            "Resource": {"Fn::GetAtt": ["WriterFailures1875B586", "Arn"]},
        },
    ]
    traces = {
        "Sid": "SendTraces",
        "Effect": "Allow",
        "Action": ["xray:PutTelemetryRecords", "xray:PutTraceSegments"],
        "Resource": "*",
    }

    assert [expected] == [policy["PolicyDocument"]["Statement"] for policy in role["Policies"]]
    assert [traces] == only(default, "AWS::IAM::Policy")["PolicyDocument"]["Statement"]
    assert "ManagedPolicyArns" not in role


def test_the_role_has_the_name_that_the_grant_trusts(default: Assembly, kinds: Assembly) -> None:
    """The trust policy and the role meet by name, without one stack importing from the other."""
    for assembly, grant in ((default, "DevAccountAccessS3Role"), (kinds, "ExternalId")):
        role = only(assembly, "AWS::IAM::Role")
        arn = f"arn:aws:iam::111111111111:role{role['Path']}{role['RoleName']}"

        assert arn == assembly.trust(grant)[0]["Condition"]["ArnEquals"]["aws:PrincipalArn"]


def test_only_lambda_assumes_the_functions_role(default: Assembly) -> None:
    """Nobody else gets the function's credentials."""
    expected = [{"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}}]

    assert expected == only(default, "AWS::IAM::Role")["AssumeRolePolicyDocument"]["Statement"]


def test_the_function(default: Assembly) -> None:
    """It is arm64, on the newest Python, traced, logs JSON to its own group, and holds no secret."""
    function = only(default, "AWS::Lambda::Function")
    del function["Code"]
    expected = {
        "Architectures": ["arm64"],
        "Description": "Writes objects into the production bucket through the grant's role",
        "Environment": {
            "Variables": {
                "ROLE_ARN": "arn:aws:iam::222222222222:role/DevAccountAccessS3Role",
                "DURATION_SECONDS": "3600",
                "BUCKET": "reports-222222222222",
                "BUCKET_OWNER": "222222222222",
                "BUCKET_REGION": "eu-west-1",
                "PREFIX": "dev/",
            }
        },
        "Handler": "s3_writer.handler.handler",
        "LoggingConfig": {"LogFormat": "JSON", "LogGroup": {"Ref": "WriterLog9C2A8072"}},
        "MemorySize": 512,
        "Role": {"Fn::GetAtt": ["WriterRole7A2A3899", "Arn"]},
        "Runtime": "python3.14",
        "Timeout": 60,
        "TracingConfig": {"Mode": "Active"},
    }

    assert expected == function


def test_the_function_sends_the_grants_external_id(kinds: Assembly) -> None:
    """The function's external ID comes from the same file as the trust policy's."""
    variables = only(kinds, "AWS::Lambda::Function")["Environment"]["Variables"]

    assert variables["EXTERNAL_ID"] == "export:2026/nightly"


def test_a_longer_session_is_cut_to_what_chaining_allows(access: dict[str, Any], tmp_path: Path) -> None:
    """A grant for people may last longer; the function asks for an hour, and for the bucket's own region."""
    access["dev"]["region"] = "us-east-1"
    access["grants"][0] |= {"principals": ["111111111111"], "max_session": 43200}
    access["writer"] = {"grant": "Grant", "role": "path/App"}
    variables = only(synthesize(access, tmp_path), "AWS::Lambda::Function")["Environment"]["Variables"]

    assert "3600" == variables["DURATION_SECONDS"]
    assert "eu-west-1" == variables["BUCKET_REGION"]


def test_the_failure_queue_wants_tls(default: Assembly) -> None:
    """What failed holds what was sent: nobody reads it in the clear."""
    (statement,) = only(default, "AWS::SQS::QueuePolicy")["PolicyDocument"]["Statement"]

    assert ("Deny", "sqs:*", {"Bool": {"aws:SecureTransport": "false"}}) == tuple(
        statement[key] for key in ("Effect", "Action", "Condition")
    )


def test_a_failed_asynchronous_event_is_kept(default: Assembly) -> None:
    """After two retries the event goes to an encrypted queue that keeps it as long as SQS can."""
    invoke = only(default, "AWS::Lambda::EventInvokeConfig")
    queue = only(default, "AWS::SQS::Queue")

    assert invoke["DestinationConfig"] == {
        "OnFailure": {"Destination": {"Fn::GetAtt": ["WriterFailures1875B586", "Arn"]}}
    }
    assert invoke["MaximumRetryAttempts"] == 2
    assert queue == {"MessageRetentionPeriod": 1209600, "SqsManagedSseEnabled": True}


def test_the_log_group_forgets_after_a_while(default: Assembly) -> None:
    """Logs are kept for 90 days, not for ever."""
    assert only(default, "AWS::Logs::LogGroup")["RetentionInDays"] == 90


def test_one_error_raises_an_alarm(default: Assembly, kinds: Assembly) -> None:
    """One error or lost event in a minute is enough, no data is no alarm, and a named topic is notified."""
    alarms = default.resources(STACK, "AWS::CloudWatch::Alarm").values()
    keys = ("MetricName", "Threshold", "Period", "Statistic", "EvaluationPeriods")
    seen = {tuple(alarm["Properties"][key] for key in keys) for alarm in alarms}

    assert {("Errors", 1, 60, "Sum", 1), ("DestinationDeliveryFailures", 1, 60, "Sum", 1)} == seen
    for alarm in alarms:
        assert "GreaterThanOrEqualToThreshold" == alarm["Properties"]["ComparisonOperator"]
        assert "notBreaching" == alarm["Properties"]["TreatMissingData"]
        assert "FunctionName" == alarm["Properties"]["Dimensions"][0]["Name"]
    for alarm in kinds.resources(STACK, "AWS::CloudWatch::Alarm").values():
        assert ["arn:aws:sns:eu-central-1:111111111111:alarms"] == alarm["Properties"]["AlarmActions"]


def test_each_grant_that_names_users_lets_them_assume_its_role(kinds: Assembly) -> None:
    """The users and roles of the dev account get their own policy, with the MFA condition where the grant has one."""
    policies = {
        policy["Properties"]["ManagedPolicyName"]: policy["Properties"]
        for policy in kinds.resources("DevCallersStack", "AWS::IAM::ManagedPolicy").values()
    }
    base = {"Sid": "AssumeGrantRole", "Effect": "Allow", "Action": "sts:AssumeRole"}

    assert {
        "Assume-OneUser",
        "Assume-Several",
        "Assume-Places",
        "Assume-SessionTags",
        "Assume-RecentMfa",
        "Assume-SourceIdentity",
        "Assume-AllConditions",
    } == set(policies)
    assert policies["Assume-OneUser"]["Users"] == ["alice"]
    # Paths are left out: IAM takes the name alone.
    assert policies["Assume-Several"]["Roles"] == ["First"]
    assert policies["Assume-Places"]["Roles"] == ["Importer"]
    (partner,) = kinds.resources("DevCallersStack-partner", "AWS::IAM::ManagedPolicy").values()
    assert ("Assume-Several", ["Second"], ["bob"]) == tuple(
        partner["Properties"][key] for key in ("ManagedPolicyName", "Roles", "Users")
    )
    assert policies["Assume-RecentMfa"]["Users"] == ["alice", "bob"]
    assert [base | {"Resource": "arn:aws:iam::222222222222:role/OneUser"}] == policies["Assume-OneUser"][
        "PolicyDocument"
    ]["Statement"]
    mfa = {
        "Bool": {"aws:MultiFactorAuthPresent": "true"},
        "NumericLessThanEquals": {"aws:MultiFactorAuthAge": "3600"},
    }
    assert [base | {"Resource": "arn:aws:iam::222222222222:role/RecentMfa", "Condition": mfa}] == policies[
        "Assume-RecentMfa"
    ]["PolicyDocument"]["Statement"]


def test_a_user_may_give_no_name_but_its_own(kinds: Assembly) -> None:
    """Where the grant takes a source identity, the user's own policy lets the user set it, to the user's name alone."""
    policies = kinds.resources("DevCallersStack", "AWS::IAM::ManagedPolicy").values()
    (policy,) = [each["Properties"] for each in policies if "SourceIdentity" in each["Properties"]["ManagedPolicyName"]]
    role = "arn:aws:iam::222222222222:role/SourceIdentity"
    expected = [
        {"Sid": "AssumeGrantRole", "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": role},
        {
            "Sid": "SetSourceIdentity",
            "Effect": "Allow",
            "Action": "sts:SetSourceIdentity",
            "Resource": role,
            "Condition": {"StringEquals": {"sts:SourceIdentity": "${aws:username}"}},
        },
    ]

    assert expected == policy["PolicyDocument"]["Statement"]


def test_the_function_may_assume_every_grant_that_lists_its_role(access: dict[str, Any], tmp_path: Path) -> None:
    """A grant that lists the function's role also gives the function the permission to assume it."""
    role = "arn:aws:iam::111111111111:role/App"
    others = [{"name": name, "bucket": "reports", "access": ["read"]} for name in ("First", "Last")]
    others[0]["principals"], others[1]["principals"] = ["111111111111"], [role]
    access["grants"] = [others[1], *access["grants"], others[0]]
    access["writer"] = {"grant": "Grant", "role": "App"}
    roles = synthesize(access, tmp_path).resources("DevLambdaStack", "AWS::IAM::Role")
    (made,) = [each["Properties"] for each in roles.values() if each["Properties"].get("RoleName") == "App"]
    statement = made["Policies"][0]["PolicyDocument"]["Statement"][0]

    assert [f"arn:aws:iam::222222222222:role/{name}" for name in ("Grant", "Last")] == statement["Resource"]


def test_users_and_roles_say_who_they_are_each_in_its_way(access: dict[str, Any], tmp_path: Path) -> None:
    """A user says its own name; a role has none that a policy knows, so that it may say any."""
    users_and_roles = ["arn:aws:iam::111111111111:user/team/ada", "arn:aws:iam::111111111111:role/jobs/Export"]
    access["grants"][0] |= {"principals": users_and_roles, "source_identity": True}
    assembly = synthesize(access, tmp_path)
    (policy,) = assembly.resources("DevCallersStack", "AWS::IAM::ManagedPolicy").values()
    allowed = {each["Sid"]: each.get("Condition") for each in policy["Properties"]["PolicyDocument"]["Statement"]}

    assert (["ada"], ["Export"]) == (policy["Properties"]["Users"], policy["Properties"]["Roles"])
    assert {
        "AssumeGrantRole": None,
        "SetSourceIdentity": {"StringEquals": {"sts:SourceIdentity": "${aws:username}"}},
        "SetSourceIdentityOfRoles": {"StringEquals": {"aws:PrincipalType": "AssumedRole"}},
    } == allowed


def test_a_services_own_role_is_left_as_it_is(access: dict[str, Any], tmp_path: Path) -> None:
    """Nobody can attach a policy to it, so that it is among those that are left to their administrators."""
    role = "arn:aws:iam::111111111111:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX"
    access["grants"][0]["principals"] = [role]
    assembly = synthesize(access, tmp_path)

    assert {"ProdAccessStack"} == set(assembly.manifest)
    assert any(
        role in each and "crossrole policies Grant --caller" in each for each in assembly.warnings("ProdAccessStack")
    )
