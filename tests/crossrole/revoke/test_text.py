"""What `revoke` and `restore` print and answer as JSON: the headings that are coloured, and the keys."""

from datetime import UTC, datetime

from crossrole.revoke.deployed_role import DeployedRole
from crossrole.revoke.live_check import Check
from crossrole.revoke.plan import Asked, Revoked, plan_of
from crossrole.revoke.text import MARKS, revoked_json, revoked_text
from crossrole.templates.grant import grant_of
from crossrole.templates.inventory import Inventory

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
CHECKS = (Check("yes", holds=True), Check("no", holds=False), Check("not checked", holds=None))
HEADINGS = ["affects", "does not affect", "to be written", "verified", "to make it permanent"]


def revoked(inventory: Inventory, *checks: Check, dry_run: bool = False) -> Revoked:
    """Return a revocation of a grant's sessions that came out so."""
    grant = grant_of(inventory, "ServiceRole")
    found = DeployedRole(grant.arn, "AROAEXAMPLE", 3600, grant.trust.document, {})
    return Revoked(plan_of(grant, Asked("prod", dry_run=dry_run), found, NOON), checks=checks)


def test_every_heading_is_coloured(kinds_inventory: Inventory) -> None:
    """A heading is a line of its own that is not indented; the policy that a dry run prints has its own name there."""
    text = "\n".join(revoked_text(revoked(kinds_inventory, *CHECKS, dry_run=True)))

    assert HEADINGS == [each["heading"] for each in MARKS.finditer(text) if each["heading"]]


def test_what_is_not_verified_is_said_first(kinds_inventory: Inventory) -> None:
    """The first line is red then, and each check has its own mark."""
    text = "\n".join(revoked_text(revoked(kinds_inventory, *CHECKS)))
    marked = [(name, each[name]) for each in MARKS.finditer(text) for name in ("ok", "denied", "unknown") if each[name]]

    assert text.startswith("NOT VERIFIED: sessions of ServiceRole begun before 2026-11-24T12:00:01Z\n")
    assert [("denied", "NOT VERIFIED"), ("ok", "  ok"), ("denied", "  FAIL"), ("unknown", "  --")] == marked


def test_the_json_has_the_parts_of_the_text(kinds_inventory: Inventory) -> None:
    """A script reads from it what a person reads below the headings."""
    answer = revoked_json(revoked(kinds_inventory, *CHECKS))

    assert {"affects", "does_not_affect", "checks", "verified", "permanent"} <= answer.keys()
    assert answer["affects"][0].startswith("every session of ")
    assert [{"text": each.text, "holds": each.holds} for each in CHECKS] == answer["checks"]
    assert answer["verified"] is False
