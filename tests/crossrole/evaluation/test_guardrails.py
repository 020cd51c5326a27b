"""What control policies and endpoint policies hold for, and at which level each stands."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import Done, crossrole
from tests.templates import allow, bucket, deny, document, role, write_assembly

BUCKET = "arn:aws:s3:::data"
ALL, ONLY_EC2 = document(allow("*")), document(allow("ec2:*"))
LINKED = "arn:aws:iam::222222222222:role/aws-service-role/x.amazonaws.com/Linked"


def asked(folder: Path, policies: Mapping[str, Any], *words: str) -> Done:
    """Ask `can` of templates with these guardrails, by their files."""
    for name, policy in policies.items():
        file = folder / "guardrails" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(policy))
    trusted = {"AWS": "arn:aws:iam::111111111111:role/App"}
    template = {
        "Role": role("Reader", allow("s3:GetObject", f"{BUCKET}/*"), trusts=trusted),
        "Linked": role("Linked", allow("s3:GetObject", f"{BUCKET}/*"), Path="/aws-service-role/x.amazonaws.com/"),
        "Bucket": bucket("data"),
    }
    templates = write_assembly(folder / "templates", {"Prod": template})
    guardrails = str(folder / "guardrails")
    return crossrole("can", *words, "--template-dir", str(templates), "--guardrails", guardrails)


CASES: dict[str, tuple[Mapping[str, Any], list[str], int]] = {
    "an SCP holds for a role": ({"scp/a.json": document(deny("s3:*"))}, ["Reader", "s3:GetObject"], 1),
    "and for no service's own": ({"scp/a.json": document(deny("s3:*"))}, [LINKED, "s3:GetObject"], 0),
    "each level must allow": (
        {"scp/all.json": ALL, "scp/level-unit/ec2.json": ONLY_EC2},
        ["Reader", "s3:GetObject"],
        1,
    ),
    "one level, one policy of it allows": (
        {"scp/s3.json": document(allow("s3:*")), "scp/ec2.json": ONLY_EC2},
        ["Reader", "s3:GetObject"],
        0,
    ),
    "an endpoint of S3 holds for S3": (
        {"vpc-endpoint/a.json": document(allow("s3:PutObject", Principal="*"))},
        ["Reader", "s3:GetObject"],
        1,
    ),
    "and not for STS": (
        {"vpc-endpoint/a.json": document(allow("s3:GetObject", Principal="*"))},
        ["arn:aws:iam::111111111111:role/App", "via", "Reader", "s3:GetObject"],
        0,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_a_guardrail_holds_for(case: str, tmp_path: Path) -> None:
    """Those and no other requests."""
    policies, words, status = CASES[case]

    done = asked(tmp_path, policies, *words, f"{BUCKET}/x")

    assert status == done.returncode, done.stdout + done.stderr


def test_two_levels_in_one_folder_are_told_apart(tmp_path: Path) -> None:
    """Taken as one level, FullAWSAccess would undo what the other policy keeps out."""
    done = asked(tmp_path, {"scp/all.json": ALL, "scp/ec2.json": ONLY_EC2}, "Reader", "s3:GetObject", f"{BUCKET}/x")

    assert 2 == done.returncode
    assert "level-NAME" in done.stderr
