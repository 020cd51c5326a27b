"""cdk-nag findings that are meant: acknowledged one by one, each with the reason that a reviewer would want."""

from aws_cdk import Acknowledgment, Validations
from constructs import IConstruct

from cross_account.policy import Statement


def acknowledge(scope: IConstruct, finding: str, *, reason: str) -> None:
    """Acknowledge one finding on `scope`, such as `AwsSolutions-IAM5[Resource::*]`; no rule is left out as a whole."""
    pack = finding.partition("-")[0]
    Validations.of(scope).acknowledge(Acknowledgment(id=f"{pack}::{finding}", reason=reason))


def acknowledge_wildcards(scope: IConstruct, statements: list[Statement], *, reasons: dict[str, str]) -> None:
    """Acknowledge each wildcard that these Allow statements hold; `reasons` has one for each Sid that holds any."""
    for statement in statements:
        for kind in ("Action", "Resource"):
            values = statement[kind] if isinstance(statement[kind], list) else [statement[kind]]
            for value in values:
                if isinstance(value, str) and "*" in value:
                    acknowledge(scope, f"AwsSolutions-IAM5[{kind}::{value}]", reason=reasons[statement["Sid"]])
