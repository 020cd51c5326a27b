"""Resolves CloudFormation's intrinsic functions, as far as a synthesized template of this app uses them.

Names that are chosen only at deployment are written as the resource's logical id, or an error where the template is
`certain`. Anything unknown raises: a policy that is half resolved would be evaluated as another policy.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from crossrole.errors import CommandError
from crossrole.iam.partitions import dns_suffix

_REMOVED = object()


@dataclass(frozen=True)
class Template:
    """One synthesized template and the environment that it is deployed to."""

    stack: str
    account: str
    region: str
    partition: str
    body: Mapping[str, Any]
    tags: Mapping[str, str] = field(default_factory=dict)
    """The stack's tags, which CloudFormation puts on each of its resources that takes tags."""
    certain: bool = False
    """Whether to raise `CommandError` for a name that is chosen only at deployment."""

    @property
    def resources(self) -> Mapping[str, Any]:
        """The resources by logical id."""
        return dict(self.body.get("Resources", {}))

    def resolve(self, value: Any, *, at: str) -> Any:
        """Return the value with every intrinsic function replaced; `at` is the logical id that holds it.

        Raises `CommandError` naming an intrinsic function, resource type or attribute that it does not know.
        """
        if isinstance(value, list):
            resolved = [self.resolve(item, at=at) for item in value]
            return [item for item in resolved if item is not _REMOVED]
        if not isinstance(value, Mapping):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref" or name.startswith("Fn::") or (name == "Condition" and isinstance(argument, str)):
                return self._intrinsic(name, argument, at)
        members = {key: self.resolve(item, at=at) for key, item in value.items()}
        return {key: item for key, item in members.items() if item is not _REMOVED}

    def _intrinsic(self, name: str, argument: Any, at: str) -> Any:
        known: dict[str, Callable[[Any, str], Any]] = {
            "Ref": self._ref,
            "Fn::GetAtt": self._get_att,
            "Fn::Join": self._join,
            "Fn::Sub": self._sub,
        }
        if name not in known:
            raise self._unknown(f"the intrinsic function {name}", at)
        return known[name](argument, at)

    def _ref(self, name: Any, at: str) -> Any:
        pseudo = {
            "AWS::AccountId": self.account,
            "AWS::Region": self.region,
            "AWS::Partition": self.partition,
            "AWS::URLSuffix": dns_suffix(self.region),
            "AWS::StackName": self.stack,
            "AWS::NoValue": _REMOVED,
        }
        if name in pseudo:
            return pseudo[name]
        resource = self._resource(name, f"Ref {name}", at)
        if resource["Type"] in _REF_IS_ARN:
            return self.arn(name, at=at)
        if resource["Type"] in _NAME_PROPERTIES:
            return self._physical_name(name, resource)
        raise self._unknown(f"Ref of {resource['Type']}", at)

    def _get_att(self, argument: Any, at: str) -> Any:
        name, _, attribute = argument.partition(".") if isinstance(argument, str) else (argument[0], "", argument[1])
        resource = self._resource(name, f"Fn::GetAtt {name}.{attribute}", at)
        if attribute != "Arn" or resource["Type"] not in _ARNS:
            raise self._unknown(f"Fn::GetAtt {attribute} of {resource['Type']}", at)
        return self.arn(name, at=at)

    def _join(self, argument: Any, at: str) -> str:
        separator, parts = argument
        resolved = self.resolve(parts, at=at)
        if not isinstance(resolved, list) or not all(isinstance(part, str) for part in resolved):
            raise self._unknown("Fn::Join of anything but texts", at)
        return str(separator).join(resolved)

    def _sub(self, argument: Any, at: str) -> str:
        text, given = (argument, {}) if isinstance(argument, str) else argument

        def replaced(match: re.Match[str]) -> str:
            name = match[1]
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            value = given.get(name, {"Fn::GetAtt" if "." in name else "Ref": name})
            return str(self.resolve(value, at=at))

        return re.sub(r"\$\{([^}]+)\}", replaced, text)

    def arn(self, logical_id: str, *, at: str = "") -> str:
        """Return the ARN that a resource will have."""
        resource = self._resource(logical_id, f"the ARN of {logical_id}", at)
        if resource["Type"] not in _ARNS:
            raise self._unknown(f"the ARN of {resource['Type']}", at)
        properties = resource.get("Properties", {})
        path = self.resolve(properties.get("Path", "/"), at=logical_id)
        name = self._physical_name(logical_id, resource)
        return _ARNS[resource["Type"]].format(
            partition=self.partition, region=self.region, account=self.account, path=path, name=name
        )

    def _physical_name(self, logical_id: str, resource: Mapping[str, Any]) -> str:
        name = resource.get("Properties", {}).get(_NAME_PROPERTIES.get(resource["Type"]))
        if name is None and self.certain:
            raise CommandError(
                f"{self.stack}.template.json: only deployment chooses the name of {logical_id} ({resource['Type']}), "
                "so its ARN can't be written; name one that exists, for a key with kms_key in access.toml, [[buckets]]"
            )
        return logical_id if name is None else str(self.resolve(name, at=logical_id))

    def _resource(self, name: Any, wanted: str, at: str) -> Mapping[str, Any]:
        if name not in self.resources:
            raise self._unknown(wanted, at)
        return dict(self.resources[name])

    def _unknown(self, what: str, at: str) -> CommandError:
        return CommandError(
            f"{self.stack}.template.json, {at}: {what} can't be resolved here, so what it makes can't be evaluated"
        )


_NAME_PROPERTIES = {
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::User": "UserName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::KMS::Key": None,
    "AWS::SQS::Queue": "QueueName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::Lambda::Function": "FunctionName",
}
_ARNS = {
    "AWS::IAM::Role": "arn:{partition}:iam::{account}:role{path}{name}",
    "AWS::IAM::User": "arn:{partition}:iam::{account}:user{path}{name}",
    "AWS::IAM::ManagedPolicy": "arn:{partition}:iam::{account}:policy{path}{name}",
    "AWS::S3::Bucket": "arn:{partition}:s3:::{name}",
    "AWS::KMS::Key": "arn:{partition}:kms:{region}:{account}:key/{name}",
    "AWS::SQS::Queue": "arn:{partition}:sqs:{region}:{account}:{name}",
    "AWS::SNS::Topic": "arn:{partition}:sns:{region}:{account}:{name}",
    "AWS::Logs::LogGroup": "arn:{partition}:logs:{region}:{account}:log-group:{name}:*",
    "AWS::Lambda::Function": "arn:{partition}:lambda:{region}:{account}:function:{name}",
}
_REF_IS_ARN = {"AWS::IAM::ManagedPolicy", "AWS::SNS::Topic"}
