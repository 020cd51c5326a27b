"""A policy outside the templates may allow what the templates do not: such a denial is not certain."""

import json
from pathlib import Path

import pytest

from tests.command_line import main
from tests.crossrole.by_hand import Resources, edited_by_hand
from tests.synthesis import Assembly

Capture = pytest.CaptureFixture[str]
GRANT = "GrantsDevAccountAccessS3Role0E97A82A"
ROLE = "arn:aws:iam::222222222222:role/DevAccountAccessS3Role"
BUCKET = "arn:aws:s3:::reports-222222222222"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
VIA = ["DevLambdaRole", "via", "DevAccountAccessS3Role"]


@pytest.fixture
def folder(default: Assembly, tmp_path: Path) -> str:
    """Return templates in which AWS's AdministratorAccess is attached to the grant's role."""

    def attach(resources: Resources) -> None:
        resources[GRANT]["Properties"]["ManagedPolicyArns"] = [ADMINISTRATOR]

    return str(edited_by_hand(default, tmp_path, "ProdAccessStack", attach))


def test_can_does_not_say_no(folder: str, capsys: Capture) -> None:
    """What only lacks an Allow can't be answered: the verdict names the policy, and the status is 2."""
    status = main(["can", *VIA, "s3:DeleteBucket", BUCKET, "--template-dir", folder])
    lines = capsys.readouterr().out.splitlines()

    assert 2 == status
    assert lines[0] == (
        f"denied by the templates, unless the managed policy {ADMINISTRATOR} allows it: "
        f"arn:aws:iam::111111111111:role/DevLambdaRole via DevAccountAccessS3Role, s3:DeleteBucket on {BUCKET}"
    )
    assert (
        "  2. a session of DevAccountAccessS3Role does s3:DeleteBucket: "
        f"denied by the templates, unless the managed policy {ADMINISTRATOR} allows it"
    ) in lines


def test_can_as_json_is_neither_true_nor_false(folder: str, capsys: Capture) -> None:
    """A program reads `allowed: null`, and in `unless` what would have to allow it."""
    status = main(["can", *VIA, "s3:DeleteBucket", BUCKET, "--template-dir", folder, "--json"])
    answer = json.loads(capsys.readouterr().out)

    assert 2 == status
    assert (None, f"the managed policy {ADMINISTRATOR} allows it") == (answer["allowed"], answer["unless"])
    assert [(True, []), (None, [f"the managed policy {ADMINISTRATOR}"])] == [
        (each["allowed"], each["unless"]) for each in answer["links"]
    ]


@pytest.mark.parametrize(
    ("action", "context", "expected"),
    [
        ("s3:PutObject", [], 0),
        ("s3:PutObject", ["--context", "aws:SecureTransport=false"], 1),
        ("secretsmanager:GetSecretValue", [], 2),
    ],
    ids=["allowed by the templates", "denied by the bucket", "outside S3"],
)
def test_what_no_policy_can_turn_stays_certain(
    action: str, context: list[str], expected: int, folder: str, capsys: Capture
) -> None:
    """What the templates allow is a yes, and what a statement of theirs denies is a no whatever else is attached."""
    hidden = "arn:aws:secretsmanager:eu-west-1:222222222222:secret:example-AbCdEf"
    resource = f"{BUCKET}/dev/x" if action.startswith("s3:") else hidden
    status = main(["can", *VIA, action, resource, *context, "--template-dir", folder])

    assert expected == status
    assert ("unless" in capsys.readouterr().out) == (expected == 2)


def test_a_caller_that_is_not_trusted_is_denied_for_certain(folder: str, capsys: Capture) -> None:
    """The managed policy of the role does not let anyone assume it: who is not trusted is denied."""
    stranger = "arn:aws:iam::333333333333:role/Stranger"
    status = main(
        ["can", stranger, "via", "DevAccountAccessS3Role", "s3:DeleteBucket", BUCKET, "--template-dir", folder]
    )

    assert 1 == status
    assert capsys.readouterr().out.startswith("denied: ")


@pytest.mark.parametrize(("value", "expected"), [("crossrole", 0), ("another", 1)])
def test_a_role_carries_the_tags_of_its_template(
    value: str, expected: int, default: Assembly, tmp_path: Path, capsys: Capture
) -> None:
    """A session's requests carry the tags that the stack puts on its role."""

    def add(resources: Resources) -> None:
        resources[GRANT]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"].append(
            {
                "Effect": "Allow",
                "Action": "s3:DeleteBucket",
                "Resource": "*",
                "Condition": {"StringEquals": {"aws:PrincipalTag/application": value}},
            }
        )

    tagged = str(edited_by_hand(default, tmp_path, "ProdAccessStack", add))

    assert expected == main(["can", *VIA, "s3:DeleteBucket", BUCKET, "--template-dir", tagged])
    assert expected == main(["who", "s3:DeleteBucket", BUCKET, "--template-dir", tagged])
    assert capsys.readouterr().err == ""


def test_who_lists_the_callers_that_the_policy_may_allow(folder: str, capsys: Capture) -> None:
    """Who could by such a policy is listed, with it as a condition."""
    status = main(["who", "s3:DeleteBucket", BUCKET, "--template-dir", folder])
    printed = capsys.readouterr().out

    assert 0 == status
    assert "  arn:aws:iam::111111111111:role/DevLambdaRole through DevAccountAccessS3Role\n" in printed
    assert (
        f"    if  the managed policy {ADMINISTRATOR}, outside the templates, allows s3:DeleteBucket on {BUCKET}\n"
    ) in printed


def test_explain_is_not_certain(folder: str, capsys: Capture) -> None:
    """A denial that such a policy could turn into an allow is not reported as certain, and the causes are listed."""
    text = (
        "An error occurred (AccessDenied) when calling the DeleteBucket operation: User: "
        "arn:aws:sts::222222222222:assumed-role/DevAccountAccessS3Role/x is not authorized to perform: "
        f's3:DeleteBucket on resource: "{BUCKET}" because no identity-based policy allows the s3:DeleteBucket action'
    )
    main(["explain", text, "--template-dir", folder])
    printed = " ".join(capsys.readouterr().out.split())

    assert f"not certain: the templates deny this, unless the managed policy {ADMINISTRATOR} allows it." in printed
    assert "certain: the templates deny this." not in printed
    assert "possible cause" in printed
