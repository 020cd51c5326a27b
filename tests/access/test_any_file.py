"""Any access.toml either synthesizes or gets error messages with their places."""

import json
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, settings, strategies as st

from access.file import AccessFileError, parse_access
from access.policies.document import size
from access.policies.permissions import inline_policies
from access.policies.trust import trust_policy
from crossrole.iam.quotas import INLINE_POLICIES, TRUST_POLICY
from tests.examples import examples
from tests.synthesis import synthesize

ACCOUNTS = ["111111111111", "333333333333"]
PRINCIPALS = [
    *ACCOUNTS,
    *[
        f"arn:aws:iam::{account}:{rest}"
        for account in ACCOUNTS
        for rest in ("user/a", "user/x/b", "role/App", "role/p/App")
    ],
    "arn:aws:iam::111111111111:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Dev_*",
    "o-a1b2c3d4e5",
    "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111",
]

toml_values = st.recursive(
    st.none().map(lambda _: "") | st.booleans() | st.integers() | st.text(max_size=20) | st.datetimes() | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)

moments = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.timezones()).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0)
)
# Most of what these make is accepted: some keys do not go together, and that is part of the trial.
sound_grants: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["One", "Two", "Three", "a.b", "reports"]),
        "principals": st.lists(st.sampled_from(PRINCIPALS), min_size=1, max_size=3),
        "bucket": st.sampled_from(["reports", "others", "reports", "*"]),
        "access": st.lists(st.sampled_from(["read", "write", "list", "delete", "full"]), min_size=1, max_size=3),
    },
    optional={
        "prefix": st.sampled_from(["dev/", "a/b=c/"]),
        "actions": st.lists(st.sampled_from(["s3:PutObjectTagging", "s3:GetBucketLocation"]), max_size=2),
        "list_buckets": st.booleans(),
        "pin": st.sampled_from([False, False, True]),
        "external_id": st.from_regex(r"[A-Za-z0-9_+=,.@:/-]{2,30}", fullmatch=True),
        "mfa_max_age": st.integers(60, 129600),
        "expires": moments,
        "source_ips": st.lists(st.ip_addresses().map(str), max_size=3),
        "max_session": st.integers(900, 3600),
        "path": st.sampled_from(["/", "/a/", "/a/b/"]),
        "revoked_before": moments,
        "disabled": st.booleans(),
    },
)
sound_files: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "prod": st.fixed_dictionaries(
            {"account": st.just("222222222222"), "region": st.sampled_from(["eu-west-1", "us-east-1"])}
        ),
        "dev": st.just({"account": "111111111111", "region": "eu-west-1"}),
        "grants": st.lists(sound_grants, min_size=1, max_size=3, unique_by=lambda grant: grant["name"]),
    },
    optional={
        "buckets": st.lists(
            st.fixed_dictionaries(
                {"name": st.sampled_from(["reports", "others", "one-more"]), "create": st.just(value=True)},
                optional={"kms_key": st.just("new"), "log_bucket": st.just("logs")},
            ),
            max_size=2,
            unique_by=lambda bucket: bucket["name"],
        ),
        "tags": st.dictionaries(st.sampled_from(["team", "Application"]), st.just("x"), max_size=1),
    },
)


@st.composite
def spoilt_files(draw: st.DrawFn) -> dict[str, Any]:
    """Return a sound file in which one place, at any depth, holds any value."""
    file = json.loads(json.dumps(draw(sound_files), default=str))
    place: Any = file
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = (
            draw(st.sampled_from(keys) | st.text(max_size=8))
            if isinstance(place, dict)
            else draw(st.sampled_from(keys))
        )
        inner = place.get(key) if isinstance(place, dict) else place[key]
        if isinstance(inner, dict | list) and inner and draw(st.booleans()):
            place = inner
            continue
        place[key] = draw(toml_values)
        return dict(file)


def assert_located(error: AccessFileError) -> None:
    """Every problem says where it is, what is there, what was expected, and how to fix it."""
    assert error.problems
    for problem in error.problems:
        assert all([problem.where, problem.got, problem.expected, problem.fix]), problem
        assert "\n" not in problem.where


@settings(max_examples=examples(100, ci=400), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(toml_values | spoilt_files() | sound_files)
def test_any_input_is_valid_or_gets_errors_with_their_places(file: Any) -> None:
    """No input makes a traceback; what is accepted stays within IAM's quotas."""
    try:
        access = parse_access(file if isinstance(file, dict) else {"grants": file})
    except AccessFileError as error:
        assert_located(error)
        return
    for grant in access.grants:
        assert size(trust_policy(grant, access.prod, access.identity_providers)) <= TRUST_POLICY
        assert sum(map(size, inline_policies(grant, access.prod, access.keys(grant)).values())) <= INLINE_POLICIES


@settings(max_examples=examples(30, ci=120), deadline=None, suppress_health_check=list(HealthCheck))
@given(sound_files)
def test_a_valid_file_synthesizes(file: dict[str, Any]) -> None:
    """A file that the reader accepts never fails in CDK, nor in cdk-nag."""
    with TemporaryDirectory() as directory:
        try:
            assembly = synthesize(file, Path(directory), nag=True)
        except AccessFileError as error:
            assert_located(error)
            return
        assert len(assembly.resources("ProdAccessStack", "AWS::IAM::Role")) == len(file["grants"])
