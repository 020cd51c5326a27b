"""What a request carries and no template says leaves the answer open, whichever key it is."""

from pathlib import Path
from typing import Any

import pytest

from crossrole.engines.prover import Prover
from crossrole.engines.simulator import Simulator
from crossrole.evaluation.can import ask, ask_all
from crossrole.evaluation.context import parse_context
from crossrole.evaluation.question import question_of
from crossrole.evaluation.who import who_can
from crossrole.iam import request_keys
from crossrole.iam.actions import condition_keys
from crossrole.iam.condition_keys import GLOBAL_KEYS
from crossrole.iam.request_keys import BY_CHOICE, BY_SERVICES, OF_ACCESS_POINTS, OF_FEDERATED_SESSIONS, is_among
from crossrole.templates.assembly import read_assembly
from crossrole.templates.reader import read_inventory
from tests.crossrole.evaluation.test_table import NOW
from tests.templates import allow, bucket, bucket_policy, deny, document, role, trust, write_assembly

OBJECT = "arn:aws:s3:::data/x"
KEY = "arn:aws:kms:eu-west-1:222222222222:key/11111111-2222-3333-4444-555555555555"
GET = ("s3:GetObject", OBJECT)
CALLER = "arn:aws:iam::111111111111:role/Caller"
NO, YES, UNKNOWN = 1, 0, 2


def test_every_global_key_is_of_one_kind() -> None:
    """A key that AWS adds is put into one of the kinds, or counts as one that any request may carry."""
    kinds = [
        request_keys.OF_EVERY_REQUEST,
        request_keys.NEVER_SAID,
        request_keys.BY_CHOICE,
        request_keys.BY_SERVICES,
        request_keys.OF_SERVICES_SESSIONS | request_keys.OF_FEDERATED_SESSIONS | {"aws:sourceidentity"},
    ]
    keys = [each.lower().replace("tag-key", "x") for each in GLOBAL_KEYS]

    assert [1] * len(keys) == [sum(is_among(key, kind - {"*.*:"}) for kind in kinds) for key in keys]


ACTIONS = {
    "s3:GetObject": OBJECT,
    "s3:PutObject": OBJECT,
    "s3:PutObjectRetention": OBJECT,
    "s3:ListBucket": "arn:aws:s3:::data",
    "kms:Decrypt": KEY,
    "kms:CreateGrant": KEY,
    "secretsmanager:GetSecretValue": "arn:aws:secretsmanager:eu-west-1:222222222222:secret:db-AbCdEf",
    "iam:PassRole": "arn:aws:iam::222222222222:role/Other",
    "iam:AttachRolePolicy": "arn:aws:iam::222222222222:role/Other",
    "ec2:TerminateInstances": "arn:aws:ec2:eu-west-1:222222222222:instance/i-0123456789abcdef0",
    "dynamodb:Query": "arn:aws:dynamodb:eu-west-1:222222222222:table/t",
    "sns:Subscribe": "arn:aws:sns:eu-west-1:222222222222:t",
}
KNOWN = {"s3:resourceaccount", "kms:calleraccount", "s3:tlsversion"}


def is_open(action: str, key: str) -> bool:
    """Return whether nothing says that a request of a function's role lacks a documented key, or with which value."""
    lacking = BY_SERVICES | OF_ACCESS_POINTS | OF_FEDERATED_SESSIONS | KNOWN
    if action != "s3:PutObjectRetention":
        lacking |= BY_CHOICE - {"s3:x-amz-"}
    sent = key.startswith("s3:x-amz-") and key != "s3:x-amz-content-sha256"
    return not (is_among(key, lacking) or sent)


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
@pytest.mark.parametrize("action", ACTIONS)
def test_each_documented_key_that_no_template_says_leaves_it_open(
    action: str, effect: str, tmp_path: Path, simulator: Simulator
) -> None:
    """An Allow for one value, and a Deny of all others: the answer depends on the key, and names it."""
    keys = [each.partition("$")[0].partition("<")[0].removesuffix("tag-key") for each in condition_keys(action)]
    keys = [f"{each}x" if each[-1] in "/:" else each for each in keys if is_open(action, each.lower())]
    roles: dict[str, Any] = {}
    for number, key in enumerate(keys):
        operator = f"ForAnyValue:String{'NotEquals' if effect == 'Deny' else 'Equals'}"
        tested = {"Effect": effect, "Action": action, "Resource": "*", "Condition": {operator: {key: "v"}}}
        roles[f"R{number}"] = role(f"R{number}", tested, *([allow(action)] if effect == "Deny" else []))
    inventory = read_inventory(read_assembly(write_assembly(tmp_path, {"Prod": {"Data": bucket("data"), **roles}})))
    questions = [
        question_of(inventory, caller=name, via=None, action=action, resource=ACTIONS[action], given={}, now=NOW)
        for name in roles
    ]

    answers = ask_all(inventory, simulator, questions)

    assert keys
    assert [(key, UNKNOWN, (key,)) for key in keys] == [
        (key, answer.exit_status, answer.depends) for key, answer in zip(keys, answers, strict=True)
    ]


FUNCTION = "arn:aws:lambda:eu-west-1:222222222222:function:f"
BY_TOKEN = [
    {"Effect": "Allow", "Principal": {"Federated": "accounts.google.com"}, "Action": "sts:AssumeRoleWithWebIdentity"}
]
BY_SAML = [
    {
        "Effect": "Allow",
        "Principal": {"Federated": "arn:aws:iam::222222222222:saml-provider/corp"},
        "Action": "sts:AssumeRoleWithSAML",
    }
]
BY_ROLE = {"AWS": CALLER}
TAGGING = [trust(BY_ROLE, Action=["sts:AssumeRole", "sts:TagSession"])]
TAGGING_BY_PATTERN = [trust(BY_ROLE, Action="sts:*Session"), trust(BY_ROLE)]
TAGGING_BY_EXCEPTION = [{"Effect": "Allow", "Principal": BY_ROLE, "NotAction": "sts:SetSourceIdentity"}]
BY_SERVICE = {"Service": "lambda.amazonaws.com"}
SESSIONS: list[tuple[str, Any, str, str, int]] = [
    ("a function's key, begun by a service", BY_SERVICE, "lambda:SourceFunctionArn", FUNCTION, UNKNOWN),
    ("a function's key, begun by a role", BY_ROLE, "lambda:SourceFunctionArn", FUNCTION, NO),
    ("an instance's key", {"Service": "ec2.amazonaws.com"}, "ec2:SourceInstanceArn", FUNCTION, UNKNOWN),
    ("what SAML said", BY_SAML, "saml:sub", "v", UNKNOWN),
    ("what SAML said, begun by a service", BY_SERVICE, "saml:sub", "v", NO),
    ("what a token said", BY_TOKEN, "accounts.google.com:sub", "v", UNKNOWN),
    ("what a provider of one's own said", BY_TOKEN, "token.actions.githubusercontent.com:sub", "v", UNKNOWN),
    ("the provider", BY_TOKEN, "aws:FederatedProvider", "v", UNKNOWN),
    ("the provider, begun by a role", BY_ROLE, "aws:FederatedProvider", "v", NO),
    ("everyone may begin it", "*", "saml:sub", "v", UNKNOWN),
    ("a session's own tag", TAGGING, "aws:PrincipalTag/team", "v", UNKNOWN),
    ("a tag in the role's place", TAGGING, "aws:PrincipalTag/of-role", "v", UNKNOWN),
    ("a session's tag, by a pattern", TAGGING_BY_PATTERN, "aws:PrincipalTag/of-role", "v", UNKNOWN),
    ("a session's tag, by NotAction", TAGGING_BY_EXCEPTION, "aws:PrincipalTag/of-role", "v", UNKNOWN),
    ("the role's tag, which no session may set", BY_ROLE, "aws:PrincipalTag/of-role", "r", YES),
    ("a tag that neither has", BY_ROLE, "aws:PrincipalTag/team", "v", NO),
    ("a source identity", TAGGING, "aws:SourceIdentity", "v", NO),
]


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
@pytest.mark.parametrize(
    ("trusts", "key", "value", "expected"), [each[1:] for each in SESSIONS], ids=[s[0] for s in SESSIONS]
)
def test_how_a_session_began_says_which_keys_it_carries(  # noqa: PLR0917 a row of a table, and fixtures
    trusts: Any, key: str, value: str, expected: int, effect: str, tmp_path: Path, simulator: Simulator, prover: Prover
) -> None:
    """What a session keeps from its beginning may be there wherever the trust policy lets it begin so."""
    only = {"StringEquals" if effect == "Allow" else "StringNotEquals": {key: value}}
    statements = (
        [allow("s3:GetObject", Condition=only)] if effect == "Allow" else [allow("s3:*"), deny("*", Condition=only)]
    )
    made = role("R", *statements, trusts=trusts, Tags=[{"Key": "of-role", "Value": "r"}])
    inventory = read_inventory(read_assembly(write_assembly(tmp_path, {"Prod": {"R": made, "Data": bucket("data")}})))

    def status(**given: str) -> int:
        context = parse_context(f"{name}={each}" for name, each in given.items())
        question = question_of(inventory, caller="R", via=None, action=GET[0], resource=GET[1], given=context, now=NOW)
        return ask(inventory, simulator, question, prover).exit_status

    assert expected == status()
    if expected == UNKNOWN:
        assert (YES, NO) == (status(**{key: value}), status(**{key: "other"}))
        assert who_can(inventory, simulator, *GET, now=NOW).exit_status in {YES, UNKNOWN}


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_a_variable_of_a_token_may_be_anything(
    effect: str, tmp_path: Path, simulator: Simulator, prover: Prover
) -> None:
    """The part of a resource that a token says is not known, and is known where it is given."""
    own = {"Effect": effect, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data/${accounts.google.com:sub}/*"}
    statements = [own] if effect == "Allow" else [allow("s3:GetObject"), own]
    made = role("R", *statements, trusts=BY_TOKEN)
    inventory = read_inventory(read_assembly(write_assembly(tmp_path, {"Prod": {"R": made, "Data": bucket("data")}})))

    def status(given: dict[str, str]) -> int:
        question = question_of(
            inventory, caller="R", via=None, action="s3:GetObject", resource=f"{OBJECT}/y", given=given, now=NOW
        )
        return ask(inventory, simulator, question, prover).exit_status

    assert UNKNOWN == status({})
    assert (effect == "Deny") == status({"accounts.google.com:sub": "x"})
    assert (effect == "Allow") == status({"accounts.google.com:sub": "other"})


def test_a_request_through_an_access_point_says_so(tmp_path: Path, simulator: Simulator) -> None:
    """The bucket's policy knows the access point and its account; a direct request comes through none."""
    through = {"StringNotEquals": {"s3:DataAccessPointAccount": "222222222222"}}
    made = {
        "R": role("R", allow("s3:GetObject")),
        "Data": bucket("data"),
        "Policy": bucket_policy("data", deny("s3:*", "arn:aws:s3:::data/*", Principal="*", Condition=through)),
        "Feed": {"Type": "AWS::S3::AccessPoint", "Properties": {"Name": "feed", "Bucket": "data"}},
    }
    inventory = read_inventory(read_assembly(write_assembly(tmp_path, {"Prod": made})))
    point = "arn:aws:s3:eu-west-1:222222222222:accesspoint/feed/object/x"
    questions = [
        question_of(inventory, caller="R", via=None, action="s3:GetObject", resource=each, given={}, now=NOW)
        for each in (point, OBJECT)
    ]

    assert [YES, NO] == [answer.exit_status for answer in ask_all(inventory, simulator, questions)]


def test_a_session_that_the_caller_begins_has_its_tags_and_no_tokens(tmp_path: Path, simulator: Simulator) -> None:
    """With `via` the session is begun by sts:AssumeRole: with the tags and the source identity that are given."""
    says = [trust(BY_ROLE, Action=["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]), *BY_SAML]
    tagged = allow("s3:GetObject", Condition={"StringEquals": {"aws:PrincipalTag/team": "red"}})
    by_saml = allow("s3:PutObject", Condition={"Null": {"saml:sub": "false"}})
    by_bob = allow("s3:DeleteObject", Condition={"StringEquals": {"aws:SourceIdentity": "bob"}})
    made = {"R": role("R", tagged, by_saml, by_bob, trusts=says), "Data": bucket("data")}
    inventory = read_inventory(read_assembly(write_assembly(tmp_path, {"Prod": made})))

    def status(action: str, given: dict[str, str]) -> int:
        question = question_of(inventory, caller=CALLER, via="R", action=action, resource=OBJECT, given=given, now=NOW)
        return ask(inventory, simulator, question).exit_status

    assert (YES, NO) == (
        status("s3:GetObject", {"aws:RequestTag/team": "red"}),
        status("s3:GetObject", {"aws:RequestTag/team": "blue"}),
    )
    assert NO == status("s3:PutObject", {})
    assert (UNKNOWN, YES, NO) == (
        status("s3:DeleteObject", {}),
        status("s3:DeleteObject", {"sts:SourceIdentity": "bob"}),
        status("s3:DeleteObject", {"sts:SourceIdentity": "eve"}),
    )


def test_a_user_has_no_sessions_keys(tmp_path: Path, simulator: Simulator) -> None:
    """A user's own request carries what no service and no token has begun."""
    made = {
        "U": {
            "Type": "AWS::IAM::User",
            "Properties": {
                "UserName": "ada",
                "Policies": [
                    {
                        "PolicyName": "Own",
                        "PolicyDocument": document(
                            allow("s3:GetObject", Condition={"Null": {"saml:sub": "false"}}),
                        ),
                    }
                ],
            },
        },
        "Data": bucket("data"),
    }
    inventory = read_inventory(read_assembly(write_assembly(tmp_path, {"Prod": made})))
    question = question_of(inventory, caller="ada", via=None, action=GET[0], resource=GET[1], given={}, now=NOW)

    assert NO == ask(inventory, simulator, question).exit_status
