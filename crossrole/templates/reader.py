"""Reads what the templates of all accounts say about access."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from crossrole.errors import CommandError
from crossrole.iam.arn import bucket_arn, is_role, name_of
from crossrole.iam.policy import Policy, policy_of
from crossrole.templates.coverage import NotEvaluated, not_evaluated
from crossrole.templates.intrinsics import Template
from crossrole.templates.inventory import Bucket, Identity, Inventory


def read_inventory(templates: list[Template]) -> Inventory:
    """Return what the templates say about access; raises `CommandError` for what can't be resolved or evaluated."""
    reader = _Reader(templates)
    try:
        left = reader.not_evaluated()
        return Inventory(
            roles=reader.roles(),
            users=reader.users(),
            buckets=reader.buckets(),
            resource_policies=reader.resource_policies(),
            partitions={template.account: template.partition for template in templates},
            unevaluated=left.always,
            unevaluated_changing=left.changing,
        )
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise CommandError(
            f"the templates are not valid CloudFormation ({error!r}); make them anew: make synth"
        ) from None


_Resource = tuple[Template, str, Mapping[str, Any]]


@dataclass(frozen=True)
class _Reader:
    templates: list[Template]

    def roles(self) -> dict[str, Identity]:
        return {
            (arn := template.arn(logical_id)): self._identity(
                arn,
                template,
                logical_id,
                resource,
                trust=self._policy(template, logical_id, "AssumeRolePolicyDocument", resource),
            )
            for template, logical_id, resource in self._of_type("AWS::IAM::Role")
        }

    def users(self) -> dict[tuple[str, str], Identity]:
        made = {
            (template.account, name_of(arn := template.arn(logical_id))): self._identity(
                arn, template, logical_id, resource
            )
            for template, logical_id, resource in self._of_type("AWS::IAM::User")
        }
        named = {
            (template.account, str(template.resolve(user, at=logical_id)))
            for template, logical_id, resource in self._of_type("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")
            for user in resource.get("Users", [])
        }
        partitions = {template.account: template.partition for template in self.templates}
        for account, name in sorted(named - made.keys()):
            policies = tuple(self._attached("Users", account, name))
            made[account, name] = Identity(
                f"arn:{partitions[account]}:iam::{account}:user/{name}",
                policies,
                elsewhere=(f"other policies of the user {name} in {account}",),
            )
        return made

    def buckets(self) -> dict[str, Bucket]:
        return {
            (arn := template.arn(logical_id)): Bucket(
                arn,
                template.account,
                template.region,
                self._bucket_key(template, logical_id, resource),
                template.resolve(resource.get("PublicAccessBlockConfiguration", {}), at=logical_id),
            )
            for template, logical_id, resource in self._of_type("AWS::S3::Bucket")
        }

    def resource_policies(self) -> dict[str, Policy]:
        policies = {
            template.arn(logical_id): self._policy(template, logical_id, "AssumeRolePolicyDocument", resource)
            for template, logical_id, resource in self._of_type("AWS::IAM::Role")
        }
        policies |= {
            template.arn(logical_id): self._policy(template, logical_id, "KeyPolicy", resource)
            for template, logical_id, resource in self._of_type("AWS::KMS::Key")
        }
        for template, logical_id, resource in self._of_type("AWS::SQS::QueuePolicy"):
            for queue in resource["Queues"]:
                # A queue's Ref is its URL, which only deployment knows.
                policies[template.arn(queue["Ref"], at=logical_id)] = self._policy(
                    template, logical_id, "PolicyDocument", resource
                )
        for template, logical_id, resource in self._of_type("AWS::S3::BucketPolicy"):
            name = template.resolve(resource["Bucket"], at=logical_id)
            policies[bucket_arn(template.partition, name)] = self._policy(
                template, logical_id, "PolicyDocument", resource
            )
        return policies

    def not_evaluated(self) -> NotEvaluated:
        made = {*self.roles(), *(user.arn for user in self.users().values())}
        return not_evaluated(self.templates, {name_of(arn) for arn in made})

    def _identity(
        self,
        arn: str,
        template: Template,
        logical_id: str,
        resource: Mapping[str, Any],
        *,
        trust: Policy | None = None,
    ) -> Identity:
        if not arn.isprintable():
            raise CommandError(
                f"{template.stack}, {logical_id} is {arn!r}, which is not an ARN; make it anew: make synth"
            )
        inline = [
            self._policy(template, logical_id, "PolicyDocument", policy, name=policy["PolicyName"])
            for policy in resource.get("Policies", [])
        ]
        kind = "Roles" if is_role(arn) else "Users"
        managed = {str(each) for each in template.resolve(resource.get("ManagedPolicyArns", []), at=logical_id)}
        known = self._managed_policies()
        attached = list(self._attached(kind, template.account, name_of(arn)))
        attached += [known[each] for each in sorted(managed & known.keys())]
        boundary = template.resolve(resource.get("PermissionsBoundary"), at=logical_id)
        managed_elsewhere = tuple(sorted(managed - known.keys()))
        return Identity(
            arn=arn,
            policies=(*inline, *attached),
            boundary_arn=boundary,
            boundary=known.get(boundary),
            trust=trust,
            max_session=resource.get("MaxSessionDuration"),
            asked_session=template.resources.get(logical_id, {}).get("Metadata", {}).get("crossrole:MaxSession"),
            region=template.region,
            description=str(template.resolve(resource.get("Description", ""), at=logical_id)),
            elsewhere=(
                *(f"the managed policy {each}" for each in managed_elsewhere),
                *(["the policy of a group of the user"] if resource.get("Groups") else []),
            ),
            managed_elsewhere=managed_elsewhere,
            tags={
                **template.tags,
                **{
                    str(tag["Key"]): str(tag["Value"])
                    for tag in template.resolve(resource.get("Tags", []), at=logical_id)
                },
            },
        )

    def _attached(self, kind: str, account: str, name: str) -> Iterator[Policy]:
        for template, logical_id, resource in self._of_type("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
            holders = [str(template.resolve(holder, at=logical_id)) for holder in resource.get(kind, [])]
            if template.account == account and name in holders:
                yield self._policy(template, logical_id, "PolicyDocument", resource)
        for template, logical_id, resource in self._of_type("AWS::IAM::RolePolicy", "AWS::IAM::UserPolicy"):
            holder = resource.get("RoleName" if kind == "Roles" else "UserName")
            if template.account == account and holder and template.resolve(holder, at=logical_id) == name:
                yield self._policy(template, logical_id, "PolicyDocument", resource)

    def _managed_policies(self) -> dict[str, Policy]:
        return {
            template.arn(logical_id): self._policy(template, logical_id, "PolicyDocument", resource)
            for template, logical_id, resource in self._of_type("AWS::IAM::ManagedPolicy")
        }

    def _bucket_key(self, template: Template, logical_id: str, resource: Mapping[str, Any]) -> str | None:
        encryption = template.resolve(resource.get("BucketEncryption", {}), at=logical_id)
        for rule in encryption.get("ServerSideEncryptionConfiguration", []):
            key = rule.get("ServerSideEncryptionByDefault", {}).get("KMSMasterKeyID")
            if key and str(key).startswith("arn:"):
                return str(key)
            if key:
                named = str(key) if str(key).startswith("alias/") else f"key/{key}"
                return f"arn:{template.partition}:kms:{template.region}:{template.account}:{named}"
        return None

    def _policy(
        self, template: Template, logical_id: str, key: str, holder: Mapping[str, Any], *, name: str | None = None
    ) -> Policy:
        return policy_of(
            template=template.stack,
            logical_id=logical_id,
            name=name or key,
            document=template.resolve(holder.get(key), at=logical_id),
        )

    def _of_type(self, *types: str) -> Iterator[_Resource]:
        for template in self.templates:
            for logical_id, resource in template.resources.items():
                if resource.get("Type") in types:
                    if "Condition" in resource:
                        raise CommandError(
                            f"{template.stack}.template.json: {logical_id} is made only under the condition "
                            f"{resource['Condition']}, which can't be resolved here"
                        )
                    yield template, logical_id, resource.get("Properties", {})
