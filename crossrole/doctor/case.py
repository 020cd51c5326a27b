"""The input of one examination."""

from dataclasses import dataclass, field
from datetime import datetime

import boto3

from crossrole.engines.simulator import Simulator
from crossrole.environment import Environment
from crossrole.escaping import command
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
    named: str | None = None
    """How the person named the grant; its name if left out."""
    drift_fix: str | None = None
    """The fix for the role's drift, where drift was found."""

    def tell(self, text: str) -> None:
        """Say on standard error what is being done."""
        self.environment.hint(text, by="doctor")

    @property
    def stack(self) -> str:
        """The stack that makes the role."""
        return self.grant.trust.template

    @property
    def deploy(self) -> str:
        """The command that deploys the role's stack."""
        return command("cdk deploy", self.stack, profile=self.prod_profile or "PROD")

    @property
    def word(self) -> str:
        """The word for the grant in a command."""
        return self.named or self.grant.name

    def policies(self, **profile: str) -> str:
        """Return the command that prints the commands that create the grant by hand."""
        options = {"out": "DIR", **profile, "prod_profile": self.prod_profile or "PROD"}
        return command("python -m crossrole policies", self.word, **options)

    @property
    def put_back(self) -> str:
        """How to restore the role of the templates: CloudFormation does not deploy an unchanged template."""
        return self.drift_fix or (
            f"restore it as in the templates, with the commands that `{self.policies()}` prints; deploying an "
            "unchanged template would change nothing. Or, if the change was intended, write it into access.toml"
        )
