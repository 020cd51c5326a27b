"""The decision from a role's policies: it finds what a revocation has missed, for every grant of every kind."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from crossrole.engines.simulator import Simulator
from crossrole.iam.names import REVOCATION_POLICY
from crossrole.iam.session_denials import Cut
from crossrole.revoke.deployed_role import DeployedRole
from crossrole.revoke.live_check import probe_for
from crossrole.revoke.plan import Asked, plan_of
from crossrole.revoke.simulated_check import Decided, decide, decided as proof_of
from crossrole.revoke.statements import revoked, shut
from crossrole.templates.grant import Grant, grant_of, grants_of
from crossrole.templates.inventory import Inventory
from tests.command_line import warm_environment

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
MINE, OTHERS = "AROAEXAMPLE:mine", "AROAEXAMPLE:others"


def role_of(grant: Grant, cut: Cut | None, **inline: Any) -> DeployedRole:
    """Return the role as it would be after a revocation."""
    policies = {each.name: each.document for each in grant.role.policies} | inline
    if cut:
        policies[REVOCATION_POLICY] = revoked(policies.get(REVOCATION_POLICY), cut)
    trust = shut(grant.trust.document) if cut and cut.everything else grant.trust.document
    return DeployedRole(grant.arn, "AROAEXAMPLE", 3600, trust, policies)


def decided(grant: Grant, role: DeployedRole, cut: Cut, simulator: Simulator) -> Decided:
    """Return the decision."""
    return decide(grant, role, cut, NOW, simulator)


def test_every_grant_can_be_revoked(kinds_inventory: Inventory, simulator: Simulator) -> None:
    """Sessions from before can do nothing; new ones can do all that the grant says, unless it is shut or expired."""
    for grant in grants_of(kinds_inventory):
        cut = Cut(NOW)
        answer = decided(grant, role_of(grant, cut), cut, simulator)
        nothing = grant.name in {"Disabled", "Shut", "Expired"}

        assert answer.asked, grant.name
        assert () == answer.open_to_old, grant.name
        assert (() if nothing else answer.asked) == answer.open_to_new, grant.name
        assert () == answer.unevaluated, grant.name


def test_every_grant_can_be_disabled(kinds_inventory: Inventory, simulator: Simulator) -> None:
    """No session can do anything, and no principal in the trust policy can assume the role."""
    for grant in grants_of(kinds_inventory):
        cut = Cut(NOW, everything=True)
        answer = decided(grant, role_of(grant, cut), cut, simulator)

        assert ((), (), ()) == (answer.open_to_old, answer.open_to_new, answer.open_trust), grant.name


def test_one_session(kinds_inventory: Inventory, simulator: Simulator) -> None:
    """The session from before is denied, one of another name is not."""
    grant = grant_of(kinds_inventory, "ServiceRole")
    cut = Cut(NOW, MINE)

    answer = decided(grant, role_of(grant, cut), cut, simulator)

    assert () == answer.open_to_old
    assert answer.asked == answer.open_to_new == answer.open_to_others


@pytest.mark.parametrize(
    "found",
    [
        {"Action": "s3:PutObject"},
        {"Resource": "arn:aws:s3:::kinds-222222222222"},
        {"Condition": {"DateLessThan": {"aws:TokenIssueTime": "2026-11-24T11:59:59Z"}}},
        {"Condition": {"DateLessThan": {"aws:TokenIssuTime": "2026-11-24T12:00:00Z"}}},
        {"Effect": "Allow"},
    ],
    ids=str,
)
def test_a_deny_that_misses_is_found(found: dict[str, Any], kinds_inventory: Inventory, simulator: Simulator) -> None:
    """The decision comes from the policies and not from what was meant: a hole in the deny shows."""
    grant = grant_of(kinds_inventory, "ServiceRole")
    right = dict(revoked(None, Cut(NOW))["Statement"][0])
    broken = {"Version": "2012-10-17", "Statement": [right | found]}

    assert decided(grant, role_of(grant, None, **{REVOCATION_POLICY: broken}), Cut(NOW), simulator).open_to_old


def test_a_trust_that_is_open_is_found(kinds_inventory: Inventory, simulator: Simulator) -> None:
    """The principals that are still allowed are named."""
    grant = grant_of(kinds_inventory, "ServiceRole")
    cut = Cut(NOW, everything=True)
    open_still = DeployedRole(grant.arn, "AROAEXAMPLE", 3600, grant.trust.document, role_of(grant, cut).inline)

    assert ("arn:aws:iam::111111111111:role/service-role/Exporter",) == decided(
        grant, open_still, cut, simulator
    ).open_trust


def test_a_federated_identity_that_is_let_in_is_found(kinds_inventory: Inventory, simulator: Simulator) -> None:
    """Who begins a session in another way than AssumeRole is named until that way is denied too."""
    grant = grant_of(kinds_inventory, "ServiceRole")
    cut = Cut(NOW, everything=True)
    web = {"Effect": "Allow", "Principal": {"Federated": "accounts.google.com"}, "Action": "sts:AssumeRoleWithSAML"}
    half = {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    trust = {**grant.trust.document, "Statement": [*grant.trust.statements, web, half]}
    role = replace(role_of(grant, cut), trust=trust)

    assert ("accounts.google.com",) == decided(grant, role, cut, simulator).open_trust
    assert () == decided(grant, replace(role, trust=shut(trust)), cut, simulator).open_trust


def test_a_trust_policy_that_cannot_be_evaluated_is_not_verified(kinds_inventory: Inventory) -> None:
    """It is not reported as allowing nobody."""
    grant = grant_of(kinds_inventory, "ServiceRole")
    trust = {**grant.trust.document, "Version": "2026-01-01"}
    plan = plan_of(grant, Asked("prod", and_disable=True), replace(role_of(grant, None), trust=trust), NOW)

    check = proof_of(plan, plan.role, warm_environment(), done=True)

    assert check.holds is None
    assert "the trust policy could not be evaluated" in check.text


def test_what_cannot_be_evaluated_is_reported(kinds_inventory: Inventory, simulator: Simulator) -> None:
    """A policy of an unknown Version is left out and named; the deny goes before whatever it allows."""
    grant = grant_of(kinds_inventory, "ServiceRole")
    old = {"Version": "2026-01-01", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}

    answer = decided(grant, role_of(grant, Cut(NOW), Old=old), Cut(NOW), simulator)

    assert () == answer.open_to_old
    assert "Old has Version '2026-01-01'; only \"2012-10-17\" can be evaluated" in " ".join(answer.unevaluated)


PROBES = {
    "ServiceRole": "ListParts s3://kinds-222222222222/service/crossrole-live-check, of an upload that does not exist",
    "WholeAccount": "ListParts s3://kinds-222222222222/account/crossrole-live-check, of an upload that does not exist",
    "OneUser": "ListObjectsV2 s3://kinds-222222222222/user/, one entry",
    "AllConditions": "GetBucketLocation s3://kinds-222222222222",
    "RecentMfa": "HeadObject s3://kinds-222222222222/mfa/key",
    "SeedExample": "ListBuckets",
    "FullBucket": "ListParts s3://kinds-222222222222/crossrole-live-check, of an upload that does not exist",
    "EveryBucket": None,
}


@pytest.mark.parametrize("name", PROBES)
def test_what_a_live_session_is_asked(name: str, kinds_inventory: Inventory) -> None:
    """It is what the grant allows and what changes nothing; a key is looked for only where nothing else is left."""
    asked: list[str] = []

    def key_under(bucket: str, prefix: str) -> str:
        asked.append(bucket)
        return f"{prefix}key"

    probe = probe_for(grant_of(kinds_inventory, name), key_under)

    assert PROBES[name] == (probe.words if probe else None)
    assert (["kinds-222222222222"] if name == "RecentMfa" else []) == asked


def test_nothing_to_ask_for(kinds_inventory: Inventory) -> None:
    """Where there is no object to look at, a grant that only reads can't be checked."""
    assert probe_for(grant_of(kinds_inventory, "RecentMfa"), lambda _bucket, _prefix: None) is None
