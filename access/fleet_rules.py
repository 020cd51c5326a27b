"""The rules between `[fleet]` and the grants, and the quotas of its StackSet."""

from collections import Counter
from collections.abc import Iterator, Sequence

from access.fleet import Fleet, lies_in, organization_of, root_of, trusts_unit, unit_id
from access.grant import Grant
from access.model import Parts
from access.policies.fleet import template_body
from access.problem import Notice, Problem, did_you_mean
from crossrole.iam.names import caller_policy

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
TEMPLATE_BODY_QUOTA = 51_200
"""Bytes of a template that is passed in the request itself."""
# https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStackInstances.html
UNITS_QUOTA = 50
"""Units that one operation of a StackSet takes."""


def fleet_problems(fleet: Fleet, parts: Parts) -> Iterator[Problem]:
    """Yield every problem of the table with the rest of the file."""
    yield from _names(fleet, parts)
    yield from _units(fleet)
    chosen = fleet.chosen(parts.grants)
    for grant in chosen:
        yield from _trust(fleet, grant)
        yield from _one_policy_of_a_name(grant, parts)
    if parts.prod:
        if fleet.partition != parts.prod.partition:
            yield Problem(
                "[fleet]: region",
                f"{fleet.region}, of the partition {fleet.partition}",
                f"a region of {parts.prod.partition}, as [prod] has: no role is assumed across partitions",
                "choose two regions of one partition",
            )
        size = len(template_body(chosen, parts.prod).encode())
        if size > TEMPLATE_BODY_QUOTA:
            yield Problem(
                "[fleet]: grants",
                f"{len(chosen)} grants, a template of {size} bytes",
                f"at most {TEMPLATE_BODY_QUOTA}, CloudFormation's quota for a StackSet's template",
                "name fewer of them, or let one grant serve several of these",
            )


def fleet_notices(fleet: Fleet, grants: Sequence[Grant]) -> list[Notice]:
    """Return the warnings of FleetStack."""
    return [
        Notice(
            "FleetMfa",
            f"{grant.name} asks for MFA, which no session of a role or permission set carries: "
            f"only IAM users of the units' accounts can use {caller_policy(grant.name)}",
        )
        for grant in fleet.chosen(list(grants))
        if grant.mfa_max_age is not None
    ]


def _names(fleet: Fleet, parts: Parts) -> Iterator[Problem]:
    for name, count in Counter(fleet.grants).items():
        if count > 1:
            yield Problem("[fleet]: grants", f'"{name}" {count} times', "each grant once", "remove one")
        if name not in parts.grant_names:
            near = did_you_mean(name, parts.grant_names)
            yield Problem(
                "[fleet]: grants", f'"{name}"', "the name of a grant", near or "name a grant, or add a [[grants]] entry"
            )


def _units(fleet: Fleet) -> Iterator[Problem]:
    if len(fleet.units) > UNITS_QUOTA:
        yield Problem(
            "[fleet]: units",
            f"{len(fleet.units)} units",
            f"at most {UNITS_QUOTA}, the quota of one operation of a StackSet",
            "name a unit above several of these",
        )
    organizations = {found for unit in fleet.units if (found := organization_of(unit))}
    if len(organizations) > 1 or len({root_of(unit) for unit in fleet.units}) > 1:
        yield Problem(
            "[fleet]: units",
            f"units of several organizations: {', '.join(fleet.units)}",
            "units of the administrator's own organization: a StackSet reaches no other",
            "keep those of one organization",
        )
        return
    for number, unit in enumerate(fleet.units):
        for other_number, other in enumerate(fleet.units):
            again = unit_id(unit) == unit_id(other) and number > other_number
            if again or (unit_id(unit) != unit_id(other) and lies_in(unit, other)):
                yield Problem(
                    "[fleet]: units",
                    f"{unit} beside {other}",
                    "units that are not in each other: the accounts of a unit below are taken with it",
                    f"remove {unit}",
                )


def _trust(fleet: Fleet, grant: Grant) -> Iterator[Problem]:
    for unit in fleet.units:
        trusted = trusts_unit(grant, unit)
        if trusted:
            continue
        if trusted is None:
            fix = f"write {unit} in [fleet] with its whole path, o-…/r-…/…/{unit_id(unit)}: that shows the units above"
        elif unit_id(unit).startswith("r-"):
            fix = (
                f"add the organization ({organization_of(unit) or 'o-…'}) to the principals of [[grants]] {grant.name}"
            )
        else:
            path = unit if organization_of(unit) else f"o-…/r-…/{unit}"
            fix = f'add "{path}" to the principals of [[grants]] {grant.name}, or take {grant.name} out of [fleet]'
        yield Problem(
            "[fleet]: grants",
            f"{grant.name}, which {'does not' if trusted is False else 'may not'} trust {unit}",
            f"a grant that has {unit}, a unit above it, or the organization among its principals: its accounts would "
            "have a policy that lets nobody in",
            fix,
        )


def _one_policy_of_a_name(grant: Grant, parts: Parts) -> Iterator[Problem]:
    """Yield a problem where another stack makes the same policy in an account that may be in the units."""
    callers = [each.text for each in parts.attached_to(grant)]
    if callers:
        yield Problem(
            "[fleet]: grants",
            f"{grant.name}, whose principals are also {', '.join(callers)}",
            f"no user or role that DevCallersStack makes the policy {caller_policy(grant.name)} for: an account has "
            "each name once, so the fleet's would fail there",
            f"give these a grant of their own beside [[grants]] {grant.name}, or write attach = false",
        )
