"""What only deployment knows is never called wrong: it may become what is right."""

from collections.abc import Iterator
from typing import Any

import pytest

from crossrole.lint.findings import findings_of
from tests.crossrole.lint import (
    test_conditions,
    test_documents,
    test_grammar,
    test_permissions,
    test_principals,
    test_resources,
    test_trust,
)
from tests.crossrole.lint.policies import bucket_policy, found, holder, permission, role, rules, stack, trust

UNKNOWN = "{{resolve:ssm:/shared}}"
RIGHT: dict[str, dict[str, Any]] = {
    **test_grammar.RIGHT,
    **test_principals.RIGHT,
    **test_resources.RIGHT,
    **test_conditions.RIGHT,
    **{name: holder(statement) for name, statement in test_permissions.NARROW.items()},
}
for table in (
    test_trust.PROVIDERS,
    test_trust.ACCOUNTS,
    test_trust.NEVER,
    test_trust.WAYS,
    test_documents.FUNCTIONS,
    test_documents.ACLS,
    test_resources.OWN,
    test_conditions.SERVICES,
    test_permissions.OWN,
):
    RIGHT |= {f"{name}, right": row[0] for name, row in table.items() if row[1] == [] and "Type" in row[0]}


def variants(value: Any) -> Iterator[Any]:
    """Yield a value with each part of it unknown, in whole or in its middle."""
    if isinstance(value, dict):
        for key, item in value.items():
            for variant in variants(item):
                yield {**value, key: variant}
    elif isinstance(value, list):
        for number, item in enumerate(value):
            for variant in variants(item):
                yield [*value[:number], variant, *value[number + 1 :]]
    yield UNKNOWN
    if isinstance(value, str):
        third = len(value) // 3
        yield f"{value[:third]}{UNKNOWN}{value[-third:] if third else ''}"
        yield f"{value[:-third] if third else value}{UNKNOWN}"


@pytest.mark.parametrize("right", RIGHT)
def test_what_may_become_right_is_not_wrong(right: str) -> None:
    """Each part of each right resource, a whole document and a list among them."""
    resource = RIGHT[right]

    for properties in variants(resource["Properties"]):
        if isinstance(properties, dict):
            assert [] == found({**resource, "Properties": properties}), properties


WRONG: dict[str, tuple[dict[str, Any], list[str]]] = {
    "an account in a bucket's ARN": (
        holder(permission(Resource=f"arn:aws:s3::222222222222:vault-{UNKNOWN}/*")),
        ["impossible-arn"],
    ),
    "an account that is not one": (
        holder(permission(Action="sqs:SendMessage", Resource=f"arn:aws:sqs:eu-west-1:2222:{UNKNOWN}")),
        ["impossible-arn"],
    ),
    "an objects' action on an unknown queue": (
        holder(permission(Resource=f"arn:aws:sqs:eu-west-1:222222222222:{UNKNOWN}")),
        ["action-without-resource"],
    ),
    "another bucket with an unknown object": (
        bucket_policy(permission(Effect="Deny", Principal="*", Resource=f"arn:aws:s3:::annex/{UNKNOWN}")),
        ["another-resource"],
    ),
    "a code of an unknown role": (
        role(
            trust(
                Principal={"AWS": "arn:aws:iam::111111111111:root"},
                Condition={
                    "Bool": {"aws:MultiFactorAuthPresent": "true"},
                    "ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::111111111111:role/{UNKNOWN}"},
                },
            )
        ),
        ["key-never-sent"],
    ),
    "a misspelt action on an unknown resource": (
        holder(permission(Action="s3:GetObjekt", Resource=UNKNOWN)),
        ["unknown-action"],
    ),
    "everything on an unknown resource beside everything": (
        holder(permission(Action="*", Resource=[UNKNOWN, "*"])),
        ["administrator"],
    ),
    "no action beside an unknown resource": (
        holder(permission(Action=None, Resource=UNKNOWN)),
        ["missing-element"],
    ),
}


@pytest.mark.parametrize(("resource", "expected"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_whatever_it_becomes_is_found(resource: dict[str, Any], expected: list[str]) -> None:
    """The part that is known is enough."""
    assert expected == rules(resource)


def test_the_size_of_what_is_known_counts() -> None:
    """A trust policy that is too long without its unknown parts is too long with them."""
    long = [f"arn:aws:iam::111111111111:role/{number:064}" for number in range(30)]

    assert ["too-long"] == rules(role(trust(Principal={"AWS": [UNKNOWN, *long]})))
    assert [] == rules(role(trust(Principal={"AWS": [UNKNOWN * 200, *long[:5]]})))


def test_what_is_unknown_is_shown_as_such() -> None:
    """Not by the characters that stand around it."""
    wrong = holder(permission(Action="sqs:SendMessage", Resource=f"arn:aws:sqs:eu-west-1:2222:{UNKNOWN}"))
    (finding,) = findings_of([stack({"Job": wrong})]).open

    assert 'no resource has the ARN "arn:aws:sqs:eu-west-1:2222:…"' in str(finding)
    assert 'no resource has the ARN "arn:aws:sqs:eu-west-1:2222:…"' in finding.as_json()["text"]
