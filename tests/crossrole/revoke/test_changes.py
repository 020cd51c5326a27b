"""The writing of a plan: what becomes of each change, and what is reported of it."""

from dataclasses import FrozenInstanceError
from datetime import UTC, datetime
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from crossrole.environment import Environment
from crossrole.errors import CommandError
from crossrole.iam.names import REVOCATION_POLICY
from crossrole.iam.session_denials import Document
from crossrole.revoke.changes import Done, Outcome, read_back, write
from crossrole.revoke.deployed_role import TRUST, DeployedRole
from crossrole.revoke.plan import Asked, RevokePlan, plan_of
from crossrole.revoke.revoke import interruption_reported
from crossrole.templates.grant import grant_of
from crossrole.templates.inventory import Inventory

if TYPE_CHECKING:
    from collections.abc import Callable

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
ANOTHERS = {"Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"}
FULL, LOST = "LimitExceeded", "RequestTimeout"


class Role:
    """A role whose policies are held here, and whose writes and reads fail as asked."""

    def __init__(self, plan: RevokePlan) -> None:
        self.documents: dict[str, Any] = {TRUST: plan.found.trust}
        self.fails: dict[str, str] = {}
        self.is_gone = False
        self.before_put: Callable[[], None] = lambda: None

    def document(self, name: str) -> Document | None:
        """Return a policy."""
        if self.is_gone:
            raise failure("AccessDenied", "GetRolePolicy")
        return self.documents.get(name)

    def put(self, name: str, document: Document | None) -> None:
        """Write a policy; where the answer is to be lost, the write is made."""
        self.before_put()
        code = self.fails.get(name)
        if code != FULL:
            self.documents[name] = document
        if code:
            raise failure(code, "PutRolePolicy")

    def role(self) -> DeployedRole:
        """Return the role."""
        inline = {name: each for name, each in self.documents.items() if name != TRUST and each}
        return DeployedRole("arn", "AROAEXAMPLE", 3600, self.documents[TRUST] or {}, inline)


def failure(code: str, operation: str) -> ClientError:
    """Return an error of IAM."""
    return ClientError({"Error": {"Code": code, "Message": "words"}}, operation)


@pytest.fixture
def plan(kinds_inventory: Inventory) -> RevokePlan:
    """Return a plan that changes both policies of a role."""
    grant = grant_of(kinds_inventory, "ServiceRole")
    found = DeployedRole(grant.arn, "AROAEXAMPLE", 3600, grant.trust.document, {})
    return plan_of(grant, Asked("prod", and_disable=True), found, NOON)


def quiet() -> Environment:
    """Return an environment that says and waits nothing."""
    passed = iter(range(1000))
    return Environment(stderr=StringIO(), pause=lambda _: None, monotonic=lambda: float(next(passed)))


def outcomes(plan: RevokePlan, role: Any) -> Done:
    """Write the plan."""
    return Done(plan, tuple(write(plan, role, quiet(), profile="prod")))


def test_a_plan_is_not_changed_by_its_writing(plan: RevokePlan) -> None:
    """What becomes of it is another value; somebody else's statement that came in between is kept."""
    role: Any = Role(plan)
    role.documents[REVOCATION_POLICY] = {"Version": "2012-10-17", "Statement": [ANOTHERS]}
    done = outcomes(plan, role)

    assert [REVOCATION_POLICY, TRUST] == done.written == done.changes
    assert ANOTHERS == role.documents[REVOCATION_POLICY]["Statement"][0]
    assert role.documents[REVOCATION_POLICY] == done.document(REVOCATION_POLICY)
    assert ANOTHERS not in plan.role.inline[REVOCATION_POLICY]["Statement"]
    with pytest.raises(FrozenInstanceError):
        plan.changes = ()  # type: ignore[misc]


def test_a_first_change_that_is_not_made_is_an_error(plan: RevokePlan) -> None:
    """Nothing was changed, so nothing but the reason has to be reported."""
    role = Role(plan)
    role.fails = {REVOCATION_POLICY: FULL}

    with pytest.raises(CommandError, match=r"LimitExceeded: words; a role's inline policies may hold 10,240"):
        outcomes(plan, role)


def test_a_second_change_that_is_not_made_is_reported_with_what_stands(plan: RevokePlan) -> None:
    """The first stands, and the answer says what follows from that."""
    role = Role(plan)
    role.fails = {TRUST: FULL}
    done = outcomes(plan, role)

    assert [REVOCATION_POLICY] == done.written
    (wrong,) = done.wrong
    assert wrong.endswith(f"(to 4,096). New sessions can be made, but {REVOCATION_POLICY} lets them do nothing")
    assert not done.is_verified


def test_a_write_whose_answer_is_lost_is_looked_for(plan: RevokePlan) -> None:
    """It is there, so it is not a failure."""
    role = Role(plan)
    role.fails = {REVOCATION_POLICY: LOST}

    assert [REVOCATION_POLICY, TRUST] == outcomes(plan, role).written


def test_a_write_that_cannot_be_looked_for_ends_the_writing(plan: RevokePlan) -> None:
    """Whether it was made is not known; that is said, and nothing else is written."""
    role = Role(plan)
    role.is_gone = True
    done = outcomes(plan, role)

    assert [] == done.written
    (wrong,) = done.wrong
    assert wrong.endswith("whether IAM has made the change is not known; run the same line again")


def test_the_policy_that_was_tried_is_the_one_that_is_reported(plan: RevokePlan) -> None:
    """Where a write fails, the answer holds what would have been written over what IAM has now."""
    role = Role(plan)
    role.documents[TRUST] = {**plan.found.trust, "Statement": [*plan.grant.trust.statements, ANOTHERS]}
    role.fails = {TRUST: FULL}
    tried = outcomes(plan, role).document(TRUST)

    assert tried
    assert ANOTHERS in tried["Statement"]


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit])
def test_an_interruption_says_what_stands(plan: RevokePlan, interruption: type[BaseException]) -> None:
    """An interruption between the two writes reports which one IAM has."""
    role: Any = Role(plan)
    environment = quiet()
    made: list[Outcome] = []

    def stop() -> None:
        if role.documents.get(REVOCATION_POLICY):
            raise interruption

    role.before_put = stop

    def written() -> None:
        with interruption_reported(plan.grant, made, environment):
            for each in write(plan, role, environment, profile="prod"):
                made.append(each)  # noqa: PERF402 as `revoke` does

    with pytest.raises(interruption):
        written()

    assert f"interrupted: the {REVOCATION_POLICY} of ServiceRole stands as changed" in environment.stderr.getvalue()  # type: ignore[attr-defined]


def test_a_role_that_is_read_back_otherwise_is_not_verified(plan: RevokePlan) -> None:
    """It is read until it is as asked, or time is up."""
    role: Any = Role(plan)
    words = {"profile": "prod", "yes": "with it", "no": "without it"}

    late, nothing = read_back(role, quiet(), lambda _: False, **words)
    there, found = read_back(role, quiet(), lambda _: True, **words)

    assert (False, "without it", None) == (late.holds, late.text, nothing)
    assert (True, "with it", plan.found.trust) == (there.holds, there.text, found.trust if found else None)
