"""What is sent with a request may ask for an action more: that has to be allowed too."""

from pathlib import Path
from typing import Any

import pytest

from crossrole.engines.simulator import Simulator
from crossrole.evaluation.can import ask
from crossrole.evaluation.context import parse_context
from crossrole.evaluation.question import question_of
from crossrole.templates.assembly import read_assembly
from crossrole.templates.reader import read_inventory
from tests.crossrole.evaluation.test_table import NOW
from tests.templates import allow, bucket, role, trust, write_assembly

CALLER, OBJECT = "arn:aws:iam::111111111111:role/Caller", "arn:aws:s3:::data/x"
NO, YES, UNKNOWN = 1, 0, 2
TAGS, SOURCE = ["aws:RequestTag/team=red"], ["sts:SourceIdentity=bob"]
ASSUME, TAG, SAY = "sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"
ONLY_RED = {"Condition": {"StringEquals": {"aws:RequestTag/team": "red"}}}
SESSIONS: list[tuple[str, list[Any], list[str], int]] = [
    ("nothing is sent", [(ASSUME, {})], [], YES),
    ("tags, which the trust policy does not allow", [(ASSUME, {})], TAGS, NO),
    ("tags, which it allows", [([ASSUME, TAG], {})], TAGS, YES),
    ("tags, of which it allows others", [(ASSUME, {}), (TAG, ONLY_RED)], ["aws:RequestTag/team=blue"], NO),
    ("the tags that it allows", [(ASSUME, {}), (TAG, ONLY_RED)], TAGS, YES),
    ("keys of tags", [(ASSUME, {})], ["aws:TagKeys=team"], NO),
    ("transitive tags", [(ASSUME, {})], ["sts:TransitiveTagKeys=team"], NO),
    ("a source identity, which it does not allow", [([ASSUME, TAG], {})], SOURCE, NO),
    ("a source identity, which it allows", [([ASSUME, SAY], {})], SOURCE, YES),
    ("both, of which it allows one", [([ASSUME, SAY], {})], [*TAGS, *SOURCE], NO),
    ("both", [("sts:*", {})], [*TAGS, *SOURCE], YES),
    (
        "tags with the external ID that all of them ask for",
        [([ASSUME, TAG], {"Condition": {"StringEquals": {"sts:ExternalId": "id"}}})],
        [*TAGS, "sts:ExternalId=id"],
        YES,
    ),
    (
        "tags with another external ID",
        [([ASSUME, TAG], {"Condition": {"StringEquals": {"sts:ExternalId": "id"}}})],
        [*TAGS, "sts:ExternalId=other"],
        NO,
    ),
]


@pytest.mark.parametrize(("trusts", "sent", "expected"), [each[1:] for each in SESSIONS], ids=[s[0] for s in SESSIONS])
def test_a_session_s_tags_and_source_identity_have_to_be_allowed(
    trusts: list[Any], sent: list[str], expected: int, tmp_path: Path, simulator: Simulator
) -> None:
    """AWS asks sts:TagSession and sts:SetSourceIdentity of the same policies, beside sts:AssumeRole."""
    statements = [trust({"AWS": CALLER}, Action=action, **more) for action, more in trusts]
    made = {"G": role("G", allow("s3:GetObject"), trusts=statements), "Data": bucket("data")}
    inventory = read_inventory(read_assembly(write_assembly(tmp_path, {"Prod": made})))
    asked = [("G", "s3:GetObject", OBJECT), (None, ASSUME, "arn:aws:iam::222222222222:role/G")]
    statuses = []
    for via, action, resource in asked:
        question = question_of(
            inventory,
            caller=CALLER,
            via=via,
            action=action,
            resource=resource,
            given=parse_context(sent),
            now=NOW,
        )
        statuses.append(ask(inventory, simulator, question).exit_status)

    assert [expected] * 2 == statuses


NEW = "arn:aws:s3:::new"
COPY = ["s3:x-amz-copy-source=/other/folder/a%20b"]
OTHERS: list[tuple[str, list[str], str, str, list[str], int]] = [
    ("a bucket", ["s3:CreateBucket"], "s3:CreateBucket", NEW, [], YES),
    ("a bucket with an ACL", ["s3:CreateBucket"], "s3:CreateBucket", NEW, ["s3:x-amz-acl=public-read"], NO),
    (
        "a bucket with an ACL, which is allowed",
        ["s3:CreateBucket", "s3:PutBucketAcl"],
        "s3:CreateBucket",
        NEW,
        ["s3:x-amz-acl=public-read"],
        YES,
    ),
    ("a bucket with tags", ["s3:CreateBucket"], "s3:CreateBucket", NEW, ["aws:RequestTag/a=b"], NO),
    ("a copy, whose source may not be read", ["s3:PutObject"], "s3:PutObject", OBJECT, COPY, NO),
    ("a copy, whose source may be read", ["s3:PutObject", "s3:GetObject"], "s3:PutObject", OBJECT, COPY, YES),
    (
        "a copy of a version",
        ["s3:PutObject", "s3:GetObject"],
        "s3:PutObject",
        OBJECT,
        ["s3:x-amz-copy-source=other/x?versionId=1"],
        NO,
    ),
    (
        "a queue with tags, where it is not known which action tags it",
        ["sqs:CreateQueue"],
        "sqs:CreateQueue",
        "arn:aws:sqs:eu-west-1:222222222222:q",
        ["aws:RequestTag/a=b"],
        UNKNOWN,
    ),
    (
        "tags of a queue",
        ["sqs:TagQueue"],
        "sqs:TagQueue",
        "arn:aws:sqs:eu-west-1:222222222222:q",
        ["aws:RequestTag/a=b"],
        YES,
    ),
]


@pytest.mark.parametrize(
    ("may", "action", "resource", "sent", "expected"), [each[1:] for each in OTHERS], ids=[each[0] for each in OTHERS]
)
def test_what_a_request_sends_has_to_be_allowed(  # noqa: PLR0917 a row of a table, and fixtures
    may: list[str], action: str, resource: str, sent: list[str], expected: int, tmp_path: Path, simulator: Simulator
) -> None:
    """An ACL, tags, and the source of a copy ask for actions of their own."""
    made = {"R": role("R", allow(may)), "Data": bucket("data"), "Other": bucket("other")}
    inventory = read_inventory(read_assembly(write_assembly(tmp_path, {"Prod": made})))
    question = question_of(
        inventory, caller="R", via=None, action=action, resource=resource, given=parse_context(sent), now=NOW
    )

    assert expected == ask(inventory, simulator, question).exit_status
