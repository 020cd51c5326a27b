"""Small cloud assemblies to which stacks are added one by one; what a template is made of: `tests/templates.py`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.templates import DEV, PROD, bucket, bucket_policy, document

__all__ = ["DEV", "PROD", "allow", "bucket", "bucket_policy", "document", "role", "trusting", "written"]
Resource = dict[str, Any]


def allow(**statement: Any) -> dict[str, Any]:
    """Return an Allow statement."""
    return {"Effect": "Allow", **statement}


def trusting(*principals: str, **statement: Any) -> dict[str, Any]:
    """Return a trust policy's statement for these AWS principals."""
    return allow(Principal={"AWS": list(principals)}, Action="sts:AssumeRole", **statement)


def role(name: str, trust: list[Any], own: list[Any], **properties: Any) -> Resource:
    """Return a role with one inline policy."""
    inline = [{"PolicyName": "Permissions", "PolicyDocument": document(*own)}]
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "RoleName": name,
            "AssumeRolePolicyDocument": document(*trust),
            "Policies": inline if own else [],
            **properties,
        },
    }


def written(folder: Path, resources: Mapping[str, Resource], *, stack: str = "Prod", account: str = PROD) -> Path:
    """Add a stack to the assembly of a folder, which is made as needed, and return the folder."""
    folder.mkdir(exist_ok=True)
    manifest = folder / "manifest.json"
    known: dict[str, Any] = (
        json.loads(manifest.read_text()) if manifest.exists() else {"version": "55.0.0", "artifacts": {}}
    )
    file = f"{len(known['artifacts'])}.template.json"
    known["artifacts"][stack] = {
        "type": "aws:cloudformation:stack",
        "environment": f"aws://{account}/eu-west-1",
        "properties": {"templateFile": file},
    }
    manifest.write_text(json.dumps(known))
    (folder / file).write_text(json.dumps({"Resources": dict(resources)}))
    return folder
