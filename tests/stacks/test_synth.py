"""The synth that people run: the real CLI, with validation and both cdk-nag packs, offline and without credentials."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.synthesis import ROOT, Assembly, synthesize


def synth(output: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `cdk synth` as a person would, with nothing of this process's settings."""
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
    # An endpoint that answers nobody: whatever reached for the network would fail.
    offline = {"AWS_ENDPOINT_URL": "https://127.0.0.1:9", "HTTPS_PROXY": "https://127.0.0.1:9"}
    return subprocess.run(
        ["cdk", "synth", "--quiet", "--output", str(output), *arguments],
        cwd=ROOT,
        env=kept | offline,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_synth_that_was_not_checked_says_so(tmp_path: Path) -> None:
    """Without CDK's validation cdk-nag does not look either, and nobody shall take the templates for checked."""
    done = subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "HOME": os.environ["HOME"],
            "CDK_OUTDIR": str(tmp_path),
            "CDK_VALIDATION": "false",
        },
        capture_output=True,
        text=True,
        check=True,
    )

    assert "CDK_VALIDATION=false: neither CDK's validation nor cdk-nag has looked at these templates\n" == done.stderr


@pytest.mark.parametrize("access", ["access.toml", "tests/kinds.toml"])
def test_every_check_passes(tmp_path: Path, access: str) -> None:
    """Neither CDK's validation nor cdk-nag finds anything in the committed file, nor in one grant of each kind."""
    done = synth(tmp_path / "out", "-c", f"access={access}")

    assert 0 == done.returncode, done.stdout + done.stderr
    report = json.loads((tmp_path / "out" / "validation-report.json").read_text())
    names = {plugin["pluginName"] for plugin in report["pluginReports"]}
    assert {"AwsSolutions", "Serverless"} <= names


def test_the_committed_file_gives_no_warning(default: Assembly) -> None:
    """A warning that always shows is one that nobody reads."""
    assert [] == default.warnings("ProdAccessStack") + default.warnings("DevLambdaStack")


def test_the_synth_warns_about_wide_access(kinds: Assembly) -> None:
    """The seed example's access, whole accounts, and what will not work as written cause a warning at each synth."""
    said = kinds.warnings("ProdAccessStack")

    for words in (
        "SeedExample gives s3:* on every bucket of 222222222222",
        "SeedExample trusts every principal in account 111111111111",
        "FullBucket gives s3:* on the bucket kinds-222222222222",
        "EveryBucket reaches every bucket",
        "WholeAccount trusts every principal in account 333333333333",
        "Organization trusts every principal in organization o-a1b2c3d4e5",
        "Pinned names arn:aws:iam::111111111111:role/service-role/Exporter in its trust policy: they must exist",
        "Expired expired at 2026-01-01T00:00:00Z",
        "Disabled is disabled",
        "FromHere has 127.0.0.0/8 in source_ips",
        "ExactActions gives s3:PutObjectAcl, which can give access to others",
        "ExactActions gives s3:GetBucketLocation, which acts on the whole bucket",
        "GivenKey uses arn:aws:kms:eu-west-1:222222222222:key/11111111-2222-3333-4444-555555555555, but no stack here",
        "8 callers get their half from their own administrators: 333333333333, ",
    ):
        assert any(warning.startswith(words) for warning in said), words


def test_the_synth_warns_about_likely_mistakes(access: dict[str, Any], tmp_path: Path) -> None:
    """A bucket named like a declared one, a bucket that nobody uses, one account for both, a whole bucket."""
    access["buckets"] = [{"name": "report", "create": True}]
    access["dev"] = access["prod"]

    said = synthesize(access, tmp_path).warnings("ProdAccessStack")

    assert [
        "[prod] and [dev] are both 222222222222: nothing here crosses accounts",
        (
            'Grant names the bucket reports, which must exist already; did you mean "report"? '
            "If it is another bucket, add a [[buckets]] entry of its name"
        ),
        "the bucket report is made, but no grant names it",
        (
            "1 caller gets its half from its own administrator: arn:aws:iam::111111111111:role/App. "
            "For the lines: crossrole policies Grant --caller"
        ),
        "Grant has no prefix and reaches every key of the bucket reports",
    ] == said


@pytest.mark.parametrize(
    ("stack", "keys", "said"),
    [
        (
            "ProdAccessStack",
            {"revoked_before": datetime(2099, 1, 1, tzinfo=UTC)},
            "Grant has revoked_before in the future: until 2099-01-01T00:00:00Z even new sessions can do nothing",
        ),
        (
            "DevLambdaStack",
            {"source_ips": ["198.51.100.0/24"]},
            (
                "Grant has source_ips, but a function has an address of AWS unless it runs in a VPC behind a NAT "
                "gateway: it will be denied"
            ),
        ),
        (
            "DevLambdaStack",
            {"principals": ["o-a1b2c3d4e5"]},
            "Grant trusts the function only if 111111111111 belongs to the organization it names",
        ),
    ],
)
def test_the_synth_warns_about_a_grant_that_will_not_work(
    access: dict[str, Any], tmp_path: Path, stack: str, keys: dict[str, Any], said: str
) -> None:
    """A file that is valid but will not work gets a warning at the stack that it concerns."""
    access["grants"][0] |= {"prefix": "dev/"} | keys
    access["writer"] = {"grant": "Grant", "role": "App"}

    assert said in synthesize(access, tmp_path).warnings(stack)


def test_conditions_on_a_whole_account_are_said_too(access: dict[str, Any], tmp_path: Path) -> None:
    """A warning that takes no notice of what was done about it would be passed over."""
    access["grants"][0] |= {"principals": ["111111111111"], "external_id": "xyz", "prefix": "dev/"}

    assert [
        (
            "1 caller gets its half from its own administrator: 111111111111. "
            "For the lines: crossrole policies Grant --caller"
        ),
        "Grant trusts every principal in account 111111111111 whose own policies allow it, narrowed by external_id",
    ] == synthesize(access, tmp_path).warnings("ProdAccessStack")


def test_a_wrong_file_ends_the_synth_with_its_problems(tmp_path: Path) -> None:
    """All problems, no traceback, and the CDK CLI fails."""
    wrong = tmp_path / "wrong.toml"
    wrong.write_text((ROOT / "access.toml").read_text().replace('"dev/"', '"dev"').replace('"write"', '"wriet"'))

    done = synth(tmp_path / "out", "-c", f"access={wrong}")

    assert 0 != done.returncode
    assert f"{wrong} has 2 problems:" in done.stderr
    assert "Traceback" not in done.stderr


WIDENED = """
def widen(module, widened, **change):
    allow = module.allow
    module.allow = lambda sid, **parts: allow(sid, **(parts | (change if sid == widened else {})))
from access.policies import caller, permissions
widen(permissions, "WriteObjects", action=["s3:Put*"], resource=["arn:aws:s3:::reports-222222222222/*"])
widen(caller, "AssumeGrantRole", resource=["*"])
"""


def test_a_widened_statement_fails_the_synth(tmp_path: Path) -> None:
    """An acknowledgement is for what the grant asks for: a policy that holds more than that is an error."""
    copy = tmp_path / "checkout"
    copy.mkdir()
    for name in ("app.py", "cdk.json", "access.toml", "access", "crossrole", "stacks", "constructs", "lambda"):
        (copy / name).symlink_to(ROOT / name)
    (copy / "app.py").unlink()
    source = (ROOT / "app.py").read_text().replace("from aws_cdk", f"{WIDENED}from aws_cdk", 1)
    (copy / "app.py").write_text(source)
    done = subprocess.run(
        [sys.executable, "app.py"],
        cwd=copy,
        # Without this process's CDK_VALIDATION=false.
        env={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "CDK_OUTDIR": str(tmp_path / "out")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert 0 != done.returncode
    for finding in ("Action::s3:Put*", "Resource::arn:aws:s3:::reports-222222222222/*", "Resource::*"):
        assert f"AwsSolutions-IAM5[{finding}]" in done.stdout + done.stderr
