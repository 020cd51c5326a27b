"""The input of one examination."""

from dataclasses import dataclass, field
from datetime import datetime

import boto3

from crossrole.engines.simulator import Simulator
from crossrole.environment import Environment
from crossrole.templates.grant import Grant
from crossrole.templates.inventory import Inventory


@dataclass(frozen=True)
class Case:
    """A grant, the caller's profile, and a profile of the grant's account where it was given."""

    inventory: Inventory
    grant: Grant
    profile: str
    session: boto3.Session = field(repr=False)
    prod_profile: str | None
    prod: boto3.Session | None = field(repr=False)
    simulator: Simulator = field(repr=False)
    now: datetime
    environment: Environment = field(repr=False)
    drift_fix: str | None = None
    """The fix for the role's drift, where drift was found."""

    def tell(self, text: str) -> None:
        """Say on standard error what is being done."""
        self.environment.stderr.write(f"doctor: {text}\n")
        self.environment.stderr.flush()

    @property
    def stack(self) -> str:
        """The stack that makes the role."""
        return self.grant.trust.template

    @property
    def deploy(self) -> str:
        """The command that deploys the role's stack."""
        return f"cdk deploy {self.stack} --profile {self.prod_profile or 'PROD'}"

    @property
    def policies(self) -> str:
        """The command that prints the commands that create the grant by hand."""
        return f"python -m crossrole policies {self.grant.name} --out DIR --prod-profile {self.prod_profile or 'PROD'}"

    @property
    def put_back(self) -> str:
        """How to restore the role of the templates: CloudFormation does not deploy an unchanged template."""
        return self.drift_fix or (
            f"restore it as in the templates, with the commands that `{self.policies}` prints; deploying an unchanged "
            "template would change nothing. Or, if the change was intended, write it into access.toml"
        )
