"""A condition that is met by more requests is told, whichever key of AWS's service reference it tests."""

from typing import Any, Final

import pytest

from crossrole.engines import prover_process
from crossrole.engines.prover import Inquiry, Pair, Prover, Side, Verdict
from crossrole.iam.actions import data
from crossrole.iam.condition_keys import GLOBAL_KEYS, matching_actions
from crossrole.iam.policy import VERSION, Policy
from tests.templates import PROD, allow, deny

ROLE: Final = f"arn:aws:iam::{PROD}:role/Any"
FIXED: Final = {
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:PrincipalIsAWSService",
    "aws:PrincipalType",
    "aws:username",
}
"""The keys whose value the role's ARN says."""
NARROW_AND_WIDE: Final[dict[str, tuple[str, Any, Any]]] = {
    "ARN": ("ArnLike", "arn:aws:s3:::a", "arn:aws:s3:::*"),
    "Bool": ("Bool", "true", ["true", "false"]),
    "Date": ("DateLessThan", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
    "IPAddress": ("IpAddress", "203.0.113.0/25", "203.0.113.0/24"),
    "Numeric": ("NumericLessThanEquals", "1", "3"),
    "String": ("StringLike", "a", "a*"),
}
"""By the type of a key: an operator, a value, and one that more requests have."""


def documented() -> dict[str, tuple[str, str]]:
    """Return every key of AWS's reference, with a word in each place that a policy's author fills: type and action."""
    found = {name: (kind, "s3:GetObject") for name, kind in GLOBAL_KEYS.items() if name not in FIXED}
    for service in data().services.get_service_keys():
        for name in data().conditions.get_condition_keys_for_service(service):
            kind = data().conditions.get_condition_key_details(service, name)["type"]
            found.setdefault(name, (kind, ""))
        for action in matching_actions(f"{service}:*"):
            described = data().actions.get_action_details(*action.split(":", 1))
            named = [
                *described["conditionKeys"],
                *(key for r in described["resourceTypes"] for key in r["conditionKeys"]),
            ]
            for name in named:
                if found.get(name, ("", " "))[1] == "":
                    found[name] = (found[name][0], action)
    return found


def filled(key: str) -> str:
    """Return a key with a word in the place that a policy's author fills."""
    for place in ("${", "<"):
        while place in key:
            before, _, rest = key.partition(place)
            key = f"{before}app{rest.partition('}' if place == '${' else '>')[2]}"
    return f"{key}app" if key.endswith("/") else key


def conditions(key: str, kind: str) -> tuple[Any, Any]:
    """Return two conditions of a key, of which more requests meet the second."""
    each = kind.removeprefix("ArrayOf")
    operator, narrow, wide = NARROW_AND_WIDE.get(each, NARROW_AND_WIDE["String"])
    name = f"ForAnyValue:{operator}" if each != kind else operator
    return {name: {key: narrow}}, {name: {key: wide}}


def side(*statements: Any) -> Side:
    """Return a role with these statements."""
    return Side(ROLE, PROD, (Policy("t", "Role", "p", {"Version": VERSION, "Statement": list(statements)}),))


KEYS: Final = {filled(name): described for name, described in documented().items()}


def test_every_key_may_be_carried() -> None:
    """Each key that AWS lists with an action may be in its requests, and so may one that it lists with none."""
    catalog = prover_process.catalog_of(Inquiry(side(), "*").as_json(), everywhere=False)

    def is_carried(key: str, action: str) -> bool:
        every = [action] if action else ["s3:GetObject", *matching_actions(f"{key.partition(':')[0]}:*")]
        return any(catalog.supports_key(each, key) for each in every)

    of_services = [key for key in KEYS if not key.startswith("aws:")]
    assert not [key for key in of_services if not is_carried(key, KEYS[key][1])]


def test_a_key_of_other_requests_is_never_carried(prover: Prover) -> None:
    """AWS lists `s3:prefix` with the actions that list: another value changes nothing of GetObject."""
    sides = [side(allow("s3:GetObject", "*", Condition={"StringEquals": {"s3:prefix": each}})) for each in "ab"]

    assert prover.more(*sides, action="s3:GetObject").verdict is Verdict.DENIED


OF_EACH_KIND: Final = list(
    {
        (kind, key.count(":"), "/" in key, "app" in key, bool(action)): key for key, (kind, action) in KEYS.items()
    }.values()
)
"""One key of each type and form."""
ASKED: Final = [*(filled(each) for each in GLOBAL_KEYS if each not in FIXED), *OF_EACH_KIND]


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
@pytest.mark.parametrize("number", range(4))
def test_no_key_is_silent(effect: str, number: int, prover: Prover) -> None:
    """A widened value in an Allow, or a narrowed one in a Deny, allows more, or it is not proved that it does not."""
    pairs = {}
    for key in ASKED[number::4]:
        kind, action = KEYS[key]
        narrow, wide = conditions(key, kind)
        of_service = f"{key.partition(':')[0]}:*"
        asked = action or (of_service if matching_actions(of_service) else "s3:GetObject")
        if effect == "Allow":
            sides = [side(allow(asked, "*", Condition=each)) for each in (narrow, wide)]
        else:
            sides = [side(allow(asked, "*"), deny(asked, "*", Condition=each)) for each in (wide, narrow)]
        pairs[key] = Pair(sides[0], sides[1], asked)
    found = prover.more_of_each(list(pairs.values()))

    assert not [key for key, proof in zip(pairs, found, strict=True) if proof.verdict is Verdict.DENIED]
