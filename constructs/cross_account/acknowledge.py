"""cdk-nag findings that are meant: acknowledged one by one, each with the reason that a reviewer would want."""

from aws_cdk import Acknowledgment, Validations
from constructs import IConstruct


def acknowledge(scope: IConstruct, finding: str, *, reason: str) -> None:
    """Acknowledge one finding on `scope`, such as `AwsSolutions-IAM5[Resource::*]`; no rule is left out as a whole."""
    pack = finding.partition("-")[0]
    Validations.of(scope).acknowledge(Acknowledgment(id=f"{pack}::{finding}", reason=reason))
