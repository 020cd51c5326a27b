"""Small assemblies for tests, written as `cdk synth` writes them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

DEV, PROD = "111111111111", "222222222222"
Resources = Mapping[str, Any]


def write_assembly(folder: Path, stacks: Mapping[str, Resources], **sections: Any) -> Path:
    """Write an assembly of stacks by name and return its folder; each stands for its resources, or a whole template.

    A stack whose name begins with Dev is in the dev account, every other in production's.
    """
    folder.mkdir(parents=True, exist_ok=True)
    artifacts = {}
    for name, resources in stacks.items():
        account = DEV if name.startswith("Dev") else PROD
        file = f"{name}.template.json"
        template = resources if "Resources" in resources else {"Resources": resources}
        (folder / file).write_text(json.dumps({**template, **sections}))
        artifacts[name] = {
            "type": "aws:cloudformation:stack",
            "environment": f"aws://{account}/eu-west-1",
            "properties": {"templateFile": file},
        }
    (folder / "manifest.json").write_text(json.dumps({"version": "55.0.0", "artifacts": artifacts}))
    return folder


def write_alone(file: Path, resources: Resources, **sections: Any) -> Path:
    """Write one template that is in no assembly, and return its file."""
    file.write_text(json.dumps({"Resources": resources, **sections}))
    return file


def nested_stack(folder: Path, name: str, resources: Resources, **properties: Any) -> dict[str, Any]:
    """Return a nested stack, and write its template into the folder of the assembly."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.nested.json").write_text(json.dumps({"Resources": resources}))
    return {
        "Type": "AWS::CloudFormation::Stack",
        "Properties": {"TemplateURL": "https://s3.amazonaws.com/assets/nested.json", **properties},
        "Metadata": {"aws:asset:path": f"{name}.nested.json"},
    }


def document(*statements: Mapping[str, Any]) -> dict[str, Any]:
    """Return a policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    """Return an Allow statement."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    """Return a Deny statement."""
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def trust(principal: Any, **more: Any) -> dict[str, Any]:
    """Return the statement of a trust policy."""
    return {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, **more}


SERVICE = {"Service": "lambda.amazonaws.com"}


def role(name: str | None, *statements: Mapping[str, Any], trusts: Any = SERVICE, **more: Any) -> dict[str, Any]:
    """Return a role with an inline policy; `trusts` is a principal, or a list of statements."""
    trusting = trusts if isinstance(trusts, list) else [trust(trusts)]
    properties = {
        **({"RoleName": name} if name else {}),
        "AssumeRolePolicyDocument": document(*trusting),
        **({"Policies": [{"PolicyName": "Own", "PolicyDocument": document(*statements)}]} if statements else {}),
        **more,
    }
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def bucket(name: str | None, **more: Any) -> dict[str, Any]:
    """Return a bucket."""
    return {"Type": "AWS::S3::Bucket", "Properties": {**({"BucketName": name} if name else {}), **more}}


def bucket_policy(name: Any, *statements: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Return a bucket's policy."""
    return {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {"Bucket": name, "PolicyDocument": document(*statements)},
        **more,
    }


def key(*statements: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Return a key; without statements it has KMS's default policy."""
    policy = {"KeyPolicy": document(*statements)} if statements else {}
    return {"Type": "AWS::KMS::Key", "Properties": {**policy, **more}}
