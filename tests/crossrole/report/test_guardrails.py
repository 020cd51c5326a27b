"""Where guardrails may deny something, the report never says without them what someone may do."""

import json
from pathlib import Path
from typing import Any

import pytest

from crossrole.report.history import NOTHING
from crossrole.report.markdown import markdown_of
from crossrole.report.model import GUARDED, Report, report_of
from crossrole.report.words import plain
from crossrole.templates.assembly import read_assembly
from crossrole.templates.guardrails import NO_GUARDRAILS, Guardrails, read_guardrails
from tests.command_line import main
from tests.crossrole.report.conftest import NOW, Paged
from tests.templates import PROD, allow, bucket, bucket_policy, deny, document, role, trust, write_assembly

PARTNER = "arn:aws:iam::333333333333:role/Partner"
RESOURCES = {
    "Grant": role("Grant", allow("s3:GetObject", "arn:aws:s3:::vault/*"), trusts=[trust({"AWS": PARTNER})]),
    "Own": role("Own", allow("s3:GetObject", "arn:aws:s3:::vault/*"),
        trusts=[trust({"AWS": f"arn:aws:iam::{PROD}:role/A"})]),
    "Vault": bucket("vault"),
    "Policy": bucket_policy("vault", allow("s3:GetObject", "arn:aws:s3:::vault/*", Principal={"AWS": PARTNER})),
}  # fmt: skip
SCP: dict[str, Any] = {
    "Type": "AWS::Organizations::Policy",
    "Properties": {"Type": "SERVICE_CONTROL_POLICY", "TargetIds": [PROD], "Content": document(deny("s3:*"))},
}
WITHIN = " may, as far as guardrails allow, "


def folder_of(folder: Path, place: str, *statements: dict[str, Any]) -> Path:
    """Write a folder of guardrails with one policy."""
    path = folder / f"{place}.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(document(*statements)))
    return folder


def reported(folder: Path, guardrails: Guardrails = NO_GUARDRAILS, **more: Any) -> Report:
    """Return the report of the templates."""
    return report_of(read_assembly(write_assembly(folder, {"Prod": {**RESOURCES, **more}})), NOTHING, NOW, guardrails)


def claims(report: Report) -> list[str]:
    """Return every sentence on what someone may do."""
    return [
        *(plain(each.sentence) for each in report.grants),
        *(plain(each.sentence) for each in report.inner),
        *(plain(each.words) for each, _ in report.openings),
        *(plain(words) for _, found in report.warnings for _, words in found if " may" in plain(words)),
    ]


GIVEN = {
    "an SCP": ("scp/a", deny("s3:*")),
    "an SCP that allows less": ("scp/a", allow("s3:Get*")),
    "an RCP": ("rcp/a", deny("s3:*", Principal="*")),
    "an endpoint's policy": ("vpc-endpoint/a", allow("s3:GetObject", Principal="*")),
}


@pytest.mark.parametrize(("place", "statement"), GIVEN.values(), ids=GIVEN)
def test_what_guardrails_may_deny_is_said_with_them(
    place: str, statement: dict[str, Any], paged: Paged, tmp_path: Path
) -> None:
    """Each sentence, the page and the Markdown say that it holds as far as guardrails allow."""
    guardrails = read_guardrails(folder_of(tmp_path / "guardrails", place, statement))
    report = reported(tmp_path / "templates", guardrails)

    assert len(claims(report)) >= 4
    assert not [each for each in claims(report) if WITHIN not in each]
    assert GUARDED[0] in markdown_of(report)
    assert GUARDED[0] in paged(report)
    assert "VPC endpoint policies, or callers" not in markdown_of(report)


@pytest.mark.parametrize("target", [PROD, "ou-ab12-11111111"])
def test_the_templates_own_control_policies_are_said_too(target: str, tmp_path: Path) -> None:
    """A control policy in the templates is a guardrail; that there may be others is still said."""
    report = reported(tmp_path, Scp={**SCP, "Properties": {**SCP["Properties"], "TargetIds": [target]}})

    assert not [each for each in claims(report) if WITHIN not in each]
    assert GUARDED[0] in markdown_of(report)
    assert "VPC endpoint policies, or callers" in markdown_of(report)


def test_guardrails_that_deny_nothing_change_no_sentence(tmp_path: Path) -> None:
    """Without guardrails, and with AWS's own policy alone, no sentence speaks of them."""
    full = read_guardrails(folder_of(tmp_path / "guardrails", "scp/FullAWSAccess", allow("*")))
    for report in (reported(tmp_path / "1"), reported(tmp_path / "2", full)):
        assert not [each for each in claims(report) if "guardrails" in each]
        assert "guardrails" not in markdown_of(report)


def test_the_command_takes_guardrails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`crossrole report --guardrails DIR` is about them."""
    templates = write_assembly(tmp_path / "templates", {"Prod": RESOURCES})
    guardrails = folder_of(tmp_path / "guardrails", "scp/a", deny("s3:*"))

    assert 0 == main(["report", "--markdown", "--template-dir", str(templates), "--guardrails", str(guardrails)])
    assert WITHIN in capsys.readouterr().out
