"""The `[fleet]` table: the caller's half in every account of an organization's units, carried there by a StackSet."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from access.environment import Region
from access.grant import Grant
from access.principal import PrincipalKind
from access.values import AccountId, RoleName, Shape
from crossrole.iam.partitions import partition_of_region

# https://docs.aws.amazon.com/organizations/latest/APIReference/API_OrganizationalUnit.html
_ORGANIZATION, _ROOT, _UNIT = "o-[a-z0-9]{10,32}", "r-[a-z0-9]{4,32}", "ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}"
UnitText = Annotated[
    str,
    Shape(
        rf"{_ORGANIZATION}/{_ROOT}(/{_UNIT})*|{_ROOT}|{_UNIT}",
        "an organizational unit (ou-…, or its whole path o-…/r-…/ou-… as a grant has it), or the organization's root "
        "(r-…, o-…/r-…)",
        "copy it from: aws organizations list-organizational-units-for-parent",
    ),
]
# https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStackSet.html
StackSetName = Annotated[
    str,
    Shape(
        r"[A-Za-z][A-Za-z0-9-]{0,127}",
        "a StackSet's name: 1 to 128 letters, digits and -, a letter first",
        "shorten it, or use these characters alone",
    ),
]


class Fleet(BaseModel):
    """The `[fleet]` table. Its fields are checked one by one here, and with the grants in `fleet_rules`."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    account: AccountId = Field(
        description="The account that administers StackSets: a delegated administrator of the organization."
    )
    region: Region = Field(
        description="The region of the StackSet, and of its stack in each account; IAM's policies hold in every region."
    )
    management_account: bool = Field(
        default=False, description="Whether `account` is the organization's management account, and not a delegate."
    )
    units: Annotated[tuple[UnitText, ...], Field(min_length=1, strict=False)] = Field(
        description=(
            "The units whose accounts get the policies, those of the units below too: `o-…/r-…/ou-…` as grants name "
            "them, or the id `ou-…` alone; the root (`r-…`) for the whole organization."
        )
    )
    grants: Annotated[tuple[RoleName, ...], Field(min_length=1, strict=False)] = Field(
        description=(
            "The names of the grants whose caller's half each account gets, as the managed policy `Assume-GRANT`. "
            "Each must have the units, or units above them, or the organization, among its principals."
        )
    )
    name: StackSetName = Field(
        "crossrole-callers", description="The StackSet's name; another name makes another StackSet."
    )
    max_concurrent_percentage: Annotated[int, Field(ge=1, le=100)] = Field(
        10, description="In how many percent of the accounts an operation works at a time, at most."
    )
    failure_tolerance_percentage: Annotated[int, Field(ge=0, le=100)] = Field(
        5,
        description=(
            "In how many percent of the accounts an operation may fail before it stops; it also works in no more "
            "accounts at a time than this allows, and one."
        ),
    )

    @property
    def partition(self) -> str:
        """The ARN partition, such as `aws` or `aws-cn`."""
        return partition_of_region(self.region)

    @property
    def unit_ids(self) -> list[str]:
        """The ids of the units, as StackSets takes them."""
        return [unit_id(unit) for unit in self.units]

    @property
    def unit_paths(self) -> list[str]:
        """The units of which the file has the whole path."""
        return [unit for unit in self.units if organization_of(unit)]

    def chosen(self, grants: list[Grant]) -> list[Grant]:
        """Return the grants that the table names, in its order."""
        return [grant for name in self.grants for grant in grants if grant.name == name]


def unit_id(unit: str) -> str:
    """Return the id of a unit, or of a root, that may be written with its path."""
    return unit.rpartition("/")[2]


def organization_of(unit: str) -> str | None:
    """Return the organization's id; None where the unit is written without its path."""
    return unit.partition("/")[0] if "/" in unit else None


def root_of(unit: str) -> str:
    """Return the id of the root that a unit is below, without `r-`: it is part of every unit's own id."""
    return unit_id(unit).split("-")[1]


def lies_in(unit: str, other: str) -> bool | None:
    """Return whether a unit is another or below it; None where the unit's path is not known and that decides it."""
    if organization_of(unit) and organization_of(other):
        # As the trust policy compares them: a unit that is written in two places is in one of them only.
        return f"{unit}/".startswith(f"{other}/")
    if unit_id(unit) == unit_id(other):
        return True
    if root_of(unit) != root_of(other):
        return False
    if unit_id(other).startswith("r-"):
        return True
    if organization_of(unit):
        return unit_id(other) in unit.split("/")
    # Only a unit's own path says which units are above it; a path that goes through it says which are not.
    return False if unit_id(unit).startswith("r-") or unit_id(unit) in other.split("/") else None


def trusts_unit(grant: Grant, unit: str) -> bool | None:
    """Return whether a grant trusts every account of a unit; None where that takes the unit's whole path."""
    organizations = [principal.text for principal in grant.of_kind(PrincipalKind.ORGANIZATION)]
    organization = organization_of(unit)
    # An account belongs to one organization only, so a unit without its path is of the one that the grant names.
    if organization in organizations or (organization is None and organizations):
        return True
    units = [principal.text for principal in grant.of_kind(PrincipalKind.ORGANIZATIONAL_UNIT)]
    inside = [lies_in(unit, each) for each in units]
    return True if True in inside else None if None in inside else False
