"""The rules against a library that knows the grammar of policies, and against anything that may stand in a template."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import given, strategies

from crossrole.errors import CommandError
from crossrole.lint.documents import ELEMENTS
from crossrole.lint.findings import findings_of
from tests.crossrole.lint.policies import CALLER, bucket_policy, document, holder, permission, role, rules, stack, trust
from tests.synthesis import ROOT

KINDS = {
    "validateIdentityPolicy": (permission(), holder),
    "validateTrustPolicy": (trust(), role),
    "validateResourcePolicy": (permission(Principal={"AWS": CALLER}, Resource="arn:aws:s3:::reports/*"), bucket_policy),
}
"""For each of the library's functions a right statement, and what makes a resource of it."""
VALUES: tuple[Any, ...] = (None, 7, True, "", "x", [], {}, [7], [None], [[]], {"AWS": 7}, {"x": "y"}, {"x": {"y": {}}})
SCRIPT = """
const policies = require('@cloud-copilot/iam-policy')
const answers = JSON.parse(require('fs').readFileSync(0)).map(([check, policy]) => {
  try { return policies[check](policy).map(({ path, message }) => path + ': ' + message) } catch { return null }
})
console.log(JSON.stringify(answers))
"""


def mutants(statement: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a statement without each element, with each of another form, and with others beside it."""
    for name in (*ELEMENTS, "Statement"):
        yield {key: value for key, value in statement.items() if key != name}
        for value in VALUES:
            yield {**statement, name: value}


def test_what_the_library_rejects_is_found() -> None:
    """It knows the grammar, and this linter more than that: numbers as Sids alone it takes as CloudFormation does."""
    asked = [(check, each) for check, (right, _) in KINDS.items() for each in mutants(right)]
    done = subprocess.run(
        [Path(sys.executable).with_name("node"), "-e", SCRIPT],
        cwd=ROOT,
        input=json.dumps([[check, document(each)] for check, each in asked]),
        capture_output=True,
        text=True,
        check=True,
    )
    answers = json.loads(done.stdout)

    missed = [
        (check, each, answer)
        for (check, each), answer in zip(asked, answers, strict=True)
        if answer and each.get("Sid") not in (7, True) and not rules(KINDS[check][1](each))
    ]
    assert sum(map(bool, answers)) > len(asked) / 3
    assert [] == missed


JSON = strategies.recursive(
    strategies.none() | strategies.booleans() | strategies.integers() | strategies.text(max_size=8),
    lambda inner: (
        strategies.lists(inner, max_size=3)
        | strategies.dictionaries(strategies.sampled_from([*ELEMENTS, "Ref", "Statement", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)
ODD = strategies.sampled_from(
    [
        "${",
        "${}",
        "arn:",
        "arn:aws:s3:::",
        "arn:a:b:c:d:e",
        ":::::",
        "*",
        "repo:*",
        "\ue000",
        "\ue001",
        "sts:",
        "{",
        "[1",
    ]
)
PLACES = {
    "AWS::IAM::Role": ["AssumeRolePolicyDocument", "Policies", "RoleName", "Path", "ManagedPolicyArns"],
    "AWS::IAM::Policy": ["PolicyDocument", "Roles", "Users", "Groups"],
    "AWS::S3::BucketPolicy": ["PolicyDocument", "Bucket"],
    "AWS::SQS::QueuePolicy": ["PolicyDocument", "Queues"],
    "AWS::SNS::TopicPolicy": ["PolicyDocument", "Topics"],
    "AWS::Lambda::Permission": ["Action", "Principal", "SourceArn", "PrincipalOrgID"],
    "AWS::Events::EventBusPolicy": ["Action", "Principal", "Statement", "Condition"],
    "AWS::S3::Bucket": ["AccessControl", "PublicAccessBlockConfiguration"],
}
STATEMENTS = strategies.dictionaries(
    strategies.sampled_from(ELEMENTS),
    JSON
    | ODD
    | strategies.dictionaries(strategies.sampled_from(["AWS", "Service", "Federated", "StringLike"]), JSON | ODD),
    max_size=5,
)
PROPERTIES = (
    JSON
    | ODD
    | strategies.builds(
        lambda each: {"Version": "2012-10-17", "Statement": each}, STATEMENTS | strategies.lists(STATEMENTS)
    )
    | strategies.builds(lambda each: [{"PolicyDocument": {"Statement": each}}], STATEMENTS)
)


@given(
    strategies.dictionaries(
        strategies.sampled_from(["A", "B"]),
        strategies.sampled_from(sorted(PLACES)).flatmap(
            lambda kind: strategies.fixed_dictionaries(
                {
                    "Type": strategies.just(kind),
                    "Properties": strategies.dictionaries(strategies.sampled_from(PLACES[kind]), PROPERTIES) | JSON,
                },
                optional={"Metadata": JSON | strategies.fixed_dictionaries({"crossrole:allow": JSON})},
            )
        )
        | JSON,
        max_size=2,
    )
)
def test_nothing_in_a_template_stops_the_linter(resources: dict[str, Any]) -> None:
    """It answers, or says that the template can't be read; what it prints is one line for each finding."""
    try:
        findings = findings_of([stack(resources)])
    except CommandError:
        return
    assert all(str(each).isprintable() for each in findings.open)
    json.dumps(findings.as_json())
