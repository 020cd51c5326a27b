"""What the report says is denied: the policy simulator denies every request of that kind that is tried on it."""

import re
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from crossrole.engines.simulator import Simulator
from crossrole.evaluation.question import Question
from crossrole.evaluation.requests import free, links_of
from crossrole.report.history import NOTHING
from crossrole.report.model import GrantFacts, report_of
from crossrole.report.words import plain
from crossrole.templates.assembly import read_assembly
from crossrole.templates.inventory import Inventory
from crossrole.templates.reader import read_inventory
from tests.crossrole.assemblies import DEV, PROD, allow, role, trusting, written
from tests.crossrole.report.conftest import NOW
from tests.examples import examples

CALLER = f"arn:aws:iam::{DEV}:role/Caller"
ARN = f"arn:aws:iam::{PROD}:role/Archive"
BUCKETS, KEYS = ["vault", "vault-2", "shelf"], ["x", "dev/x", "dev/in/x", "devices/x", "other/y"]
OF_WORD = {"writing": "s3:PutObject", "reading": "s3:GetObject", "deleting": "s3:DeleteObject"}
OUTSIDE_S3 = {
    "secretsmanager:GetSecretValue": f"arn:aws:secretsmanager:eu-west-1:{PROD}:secret:x-AbCdEf",
    "dynamodb:GetItem": f"arn:aws:dynamodb:eu-west-1:{PROD}:table/x",
    "sts:AssumeRole": f"arn:aws:iam::{PROD}:role/Archive",
    "sqs:SendMessage": f"arn:aws:sqs:eu-west-1:{PROD}:x",
}


def requests_of(words: str, own: str) -> Iterator[tuple[str, str]]:
    """Yield requests, each an action and a resource, that are of the kind that the words say is denied.

    `own` is the bucket that others are other than.
    """
    objects = [(each, key) for each in BUCKETS for key in KEYS]
    match = re.fullmatch(r"(writing|reading|deleting) (?:an|the) object ?(.*)", words)
    if match:
        for each, key in objects:
            if is_meant(match[2], each, key, own):
                yield OF_WORD[match[1]], f"arn:aws:s3:::{each}/{key}"
    elif match := re.fullmatch(
        r"(listing|deleting) (any bucket|(?:the bucket )?(\S+)|a bucket whose name fits (\S+))", words
    ):
        for each in BUCKETS:
            if match[2] == "any bucket" or each == match[3] or (match[4] and fits(each, match[4])):
                yield "s3:ListBucket" if match[1] == "listing" else "s3:DeleteBucket", f"arn:aws:s3:::{each}"
    elif words.startswith("anything outside S3"):
        yield from OUTSIDE_S3.items()
    else:
        assert words.startswith("assuming the role "), words


def is_meant(place: str, bucket: str, key: str, own: str) -> bool:
    """Return whether an object is of the place that words name."""
    name = f"{bucket}/{key}"
    kinds: dict[str, Callable[[re.Match[str]], bool]] = {
        r"in any bucket": lambda _: True,
        r"in another bucket": lambda _: bucket != own,
        r"in a bucket other than (.*)": lambda match: bucket not in re.split(r", | and ", match[1]),
        r"in a bucket whose name fits (\S+)": lambda match: fits(bucket, match[1]),
        r"in (\S+)": lambda match: bucket == match[1],
        r"outside (.*)": lambda match: bucket == own and not key.startswith(tuple(re.split(r", | and ", match[1]))),
        r"(?:under|that begins with) (\S+)": lambda match: name.startswith(match[1]),
        r"that fits (\S+)": lambda match: fits(name, match[1]),
        r"(\S+)": lambda match: name == match[1],
    }
    for pattern, holds in kinds.items():
        if match := re.fullmatch(pattern, place):
            return bool(holds(match))
    raise AssertionError(place)


def fits(text: str, pattern: str) -> bool:
    """Return whether a text fits a pattern of IAM."""
    return bool(re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), text))


def allowed(inventory: Inventory, simulator: Simulator, words: list[str], own: str) -> list[tuple[str, str, str]]:
    """Return the requests that are said to be denied and are allowed."""
    asked = [(each, action, resource) for each in words for action, resource in requests_of(each, own)]
    questions = [Question(ARN, None, action, resource, {}, datetime.now(UTC)) for _, action, resource in asked]
    links = [links_of(inventory, each)[0] for each in questions]
    # Whatever else a request carries.
    decisions = simulator.decide([free(each) for each in links])
    return [each for each, decision in zip(asked, decisions, strict=True) if decision.allowed]


def grant_with(folder: Path, own: list[Any]) -> tuple[Inventory, GrantFacts]:
    """Return what the templates say, and the facts of their one role, which has these statements."""
    written(folder, {"Archive": role("Archive", [trusting(CALLER)], own)})
    templates = read_assembly(folder)
    (grant,) = report_of(templates, NOTHING, NOW).grants
    return read_inventory(templates), grant


def denied(folder: Path, own: list[Any]) -> list[str]:
    """Return what the report says that the role with these statements denies."""
    return [plain(each) for each in grant_with(folder, own)[1].denied]


ACTIONS = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket", "s3:*", "s3:Get*", "s3:*Object", "*"]
ACTIONS += ["dynamodb:GetItem", "sts:AssumeRole"]
RESOURCES = ["arn:aws:s3:::vault", "arn:aws:s3:::vault/*", "arn:aws:s3:::vault/dev/*", "arn:aws:s3:::vault/dev/x"]
RESOURCES += ["arn:aws:s3:::vault/dev*", "arn:aws:s3:::shelf/*", "arn:aws:s3:::vault*/*", "arn:aws:s3:::v*"]
RESOURCES += ["arn:aws:s3:::vault/*/x", "arn:aws:s3:::*", "*"]


@st.composite
def statements(draw: st.DrawFn) -> dict[str, Any]:
    """Return a statement of a permissions policy."""
    effect = draw(st.sampled_from(["Allow", "Allow", "Allow", "Deny"]))
    what = draw(st.sampled_from(["Action"] * 5 + ["NotAction"]))
    on = draw(st.sampled_from(["Resource"] * 5 + ["NotResource"]))
    actions = draw(st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=2, unique=True))
    resources = draw(st.lists(st.sampled_from(RESOURCES), min_size=1, max_size=2, unique=True))
    return {"Effect": effect, what: actions, on: resources}


@settings(max_examples=examples(40, ci=400), deadline=None, derandomize=True, database=None)
@given(st.lists(statements(), min_size=1, max_size=3))
def test_what_is_said_to_be_denied_is_denied(simulator: Simulator, own: list[dict[str, Any]]) -> None:
    """Whatever a role's statements are, no request of a kind that the report calls denied is allowed."""
    with tempfile.TemporaryDirectory() as folder:
        inventory, grant = grant_with(Path(folder) / "templates", own)
    places = [*(each for each in grant.accesses if each.objects), *grant.accesses]

    assert [] == allowed(
        inventory, simulator, [plain(each) for each in grant.denied], places[0].bucket if places else ""
    )


OWN = allow(Action="s3:PutObject", Resource="arn:aws:s3:::vault/dev/*")
BESIDE = "anything outside S3, such as reading a secret"
NOT_SAID: dict[str, tuple[list[Any], str]] = {
    "a table and parameters": ([OWN, allow(Action=["dynamodb:*", "ssm:GetParameter"], Resource="*")], "outside S3"),
    "all but a service": ([OWN, allow(NotAction="iam:*", Resource="*")], "outside S3"),
    "a pattern of services": ([OWN, allow(Action="s*:Get*", Resource="*")], "outside S3"),
    "becoming other roles": ([OWN, allow(Action="sts:AssumeRole", Resource="*")], "outside S3"),
    "a second prefix": ([OWN, allow(Action="s3:PutObject", Resource="arn:aws:s3:::vault/in/*")], "outside dev/$"),
    "a second bucket": ([OWN, allow(Action="s3:PutObject", Resource="arn:aws:s3:::shelf/*")], "in another bucket"),
    "a pattern of buckets": ([OWN, allow(Action="s3:PutObject", Resource="arn:aws:s3:::v*/*")], "in another bucket"),
    "an access point": (
        [OWN, allow(Action="s3:GetObject", Resource=f"arn:aws:s3:eu-west-1:{PROD}:accesspoint/x/object/*")],
        "^reading",
    ),
    "reading a part": ([OWN, allow(Action="s3:GetObject", Resource="arn:aws:s3:::vault/dev/public/*")], "^reading"),
    "a variable": ([OWN, allow(Action="s3:GetObject", Resource="arn:aws:s3:::${aws:PrincipalTag/b}/*")], "^reading"),
}


@pytest.mark.parametrize(("own", "words"), NOT_SAID.values(), ids=NOT_SAID)
def test_what_is_not_certain_is_not_said(own: list[Any], words: str, tmp_path: Path) -> None:
    """A kind of request of which one may be allowed is not called denied."""
    before = denied(tmp_path / "before", [OWN])
    after = denied(tmp_path / "after", own)

    assert any(re.search(words, each) for each in before)
    assert not any(re.search(words, each) for each in after)


def test_a_resource_that_is_not_evaluated_may_open_another_service(tmp_path: Path) -> None:
    """Whatever is made in the role's account and is not evaluated, such as a bus's policy, may let the role in."""
    before = denied(tmp_path / "before", [OWN])
    folder = written(
        tmp_path / "after", {"Policy": {"Type": "AWS::Events::EventBusPolicy", "Properties": {}}}, stack="Beside"
    )
    after = denied(folder, [OWN])

    assert BESIDE in before
    assert BESIDE not in after
