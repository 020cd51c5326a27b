"""cdk-nag findings that are intended: acknowledged one by one, each with its reason."""

from collections.abc import Iterable

from aws_cdk import Acknowledgment, Validations
from constructs import IConstruct


def acknowledge(scope: IConstruct, finding: str, *, reason: str) -> None:
    """Acknowledge one finding on `scope`, such as `AwsSolutions-IAM5[Resource::*]`; no rule is left out as a whole."""
    acknowledge_all(scope, [(finding, reason)])


def acknowledge_all(scope: IConstruct, findings: Iterable[tuple[str, str]]) -> None:
    """Acknowledge findings on `scope`, each with its reason, in one call to CDK."""
    Validations.of(scope).acknowledge(
        *[Acknowledgment(id=f"{finding.partition('-')[0]}::{finding}", reason=reason) for finding, reason in findings]
    )
