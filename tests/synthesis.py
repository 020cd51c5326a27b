"""Synthesizes for the tests: in this process, without CDK's slow validator.

`test_checks.py` makes the one synth that does validate, with the real CLI.
"""

import json
import os
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

# Before jsii starts its Node process: the environment's own node and cdk, and no slow validation.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
os.environ["CDK_VALIDATION"] = "false"

from aws_cdk import App

from access.file import parse_access, read_access
from stacks.assembly import add_stacks
from stacks.checks import add_checks

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Assembly:
    """A synthesized cloud assembly."""

    directory: Path

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """The stacks by name, with their environment, tags and properties."""
        artifacts = json.loads((self.directory / "manifest.json").read_text())["artifacts"]
        return {
            name: artifact for name, artifact in artifacts.items() if artifact["type"] == "aws:cloudformation:stack"
        }

    def template(self, stack: str) -> dict[str, Any]:
        """Return a stack's template."""
        return dict(json.loads((self.directory / f"{stack}.template.json").read_text()))

    def resources(self, stack: str, resource_type: str) -> dict[str, dict[str, Any]]:
        """Return a stack's resources of one type by logical id."""
        resources = self.template(stack)["Resources"]
        return {name: resource for name, resource in resources.items() if resource["Type"] == resource_type}

    def role(self, name: str) -> dict[str, Any]:
        """Return the properties of a grant's role."""
        roles = self.resources("ProdAccessStack", "AWS::IAM::Role").values()
        return dict(next(role["Properties"] for role in roles if role["Properties"]["RoleName"] == name))

    def trust(self, name: str) -> list[dict[str, Any]]:
        """Return the statements of a grant's trust policy."""
        return list(self.role(name)["AssumeRolePolicyDocument"]["Statement"])

    def permissions(self, name: str) -> dict[str, list[dict[str, Any]]]:
        """Return the statements of a role's inline policies, by the policies' names."""
        return {p["PolicyName"]: p["PolicyDocument"]["Statement"] for p in self.role(name)["Policies"]}

    def warnings(self, stack: str) -> list[str]:
        """Return the synth's warnings of a stack."""
        metadata = json.loads((self.directory / f"{stack}.metadata.json").read_text())
        entries = [entry for entries in metadata.values() for entry in entries]
        return [entry["data"].partition(" [ack:")[0] for entry in entries if entry["type"] == "aws:cdk:warning"]


def smallest(**grant: Any) -> dict[str, Any]:
    """Return the smallest access.toml, as parsed TOML, with what else its grant is to have."""
    return {
        "prod": {"account": "222222222222", "region": "eu-west-1"},
        "dev": {"account": "111111111111", "region": "eu-west-1"},
        "grants": [
            {
                "name": "Grant",
                "principals": ["arn:aws:iam::111111111111:role/App"],
                "bucket": "reports",
                "access": ["write"],
                **grant,
            }
        ],
    }


def synthesize(access: dict[str, Any] | Path, directory: Path, *, nag: bool = False) -> Assembly:
    """Synthesize what an access.toml says into a folder; with `nag`, an unacknowledged finding raises."""
    parsed = read_access(access) if isinstance(access, Path) else parse_access(access)
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    # Node's report reaches stderr some time later, in the middle of another test that looks at its own.
    quiet = {} if nag else {"@aws-cdk/core:failSynthOnValidationErrors": False}
    app = App(outdir=str(directory), context=context | quiet)
    stacks = add_stacks(app, access=parsed)
    if nag:
        add_checks(app, stacks)
    app.synth()
    return Assembly(directory)
