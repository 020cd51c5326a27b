"""The key that the grant's bucket is encrypted with, and whether its policy lets the grant's sessions use it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from crossrole.doctor.case import Case
from crossrole.doctor.check import Line, failed, ok, unknown
from crossrole.doctor.expected import evaluated_link, expected
from crossrole.errors import CommandError
from crossrole.escaping import command, toml_text
from crossrole.evaluation.question import Question
from crossrole.evaluation.requests import links_of
from crossrole.iam.arn import account_of, bucket_arn
from crossrole.iam.partitions import partition_of_region
from crossrole.iam.policy import policy_of, texts
from crossrole.live.identity import LIVE
from crossrole.live.sessions import DENIED, as_command_error, client, code_of
from crossrole.templates.inventory import Bucket


def key_lines(case: Case, name: str, region: str) -> Iterator[Line]:
    """Yield the lines on the key of a bucket: its ARN, its state, and the access that its policy gives."""
    arn = bucket_arn(case.grant.partition, name)
    made = case.inventory.buckets.get(arn)
    wanted = {made.key} if made and made.key else ({*()} if made else set(_keys_of_role(case)))
    if case.prod is None:
        if wanted:
            yield unknown(
                "key", f"the key {' or '.join(wanted)} can be read only in its own account: name --prod-profile"
            )
        elif not made:
            yield unknown("key", f"the encryption of {name} can be read only in its own account: name --prod-profile")
        else:
            yield unknown("key", "S3's own key in the templates; name --prod-profile to check it")
        return
    with as_command_error(case.prod_profile):
        try:
            live = _bucket_key(client(case.prod, "s3", region_name=region), name, region, case.grant.account)
        except ClientError as error:
            if code_of(error) not in DENIED:
                raise
            yield unknown("key", f"{case.prod_profile} needs s3:GetEncryptionConfiguration on {name}")
            return
    if live is None and not wanted:
        yield ok("key", "S3's own key, which needs no permission")
    elif live is None:
        text = f"{name} is encrypted with S3's own key, but the templates have {' or '.join(wanted)}"
        yield failed("key", text, fix="make that its default encryption again: aws s3api put-bucket-encryption")
        yield from (line for key in wanted for line in _deployed_key(case, arn, region, str(key)))
    elif live not in wanted:
        yield failed(
            "key",
            f"{name} is encrypted with {live}, which is not in the templates",
            fix=f"set kms_key = {toml_text(live)} in access.toml and deploy, and allow the role in the key's policy",
        )
    else:
        yield from _deployed_key(case, arn, region, live)


def _keys_of_role(case: Case) -> Iterator[str]:
    for policy in case.grant.role.policies:
        for statement in policy.statements:
            if statement["Effect"] == "Allow":
                yield from (each for each in texts(statement.get("Resource")) if each.split(":")[2:3] == ["kms"])


def _bucket_key(s3: Any, name: str, region: str, account: str) -> str | None:
    """Return the ARN of the bucket's customer key, None for S3's own."""
    try:
        answer = s3.get_bucket_encryption(Bucket=name)
    except ClientError as error:
        if code_of(error) == "ServerSideEncryptionConfigurationNotFoundError":
            return None
        raise
    for rule in answer["ServerSideEncryptionConfiguration"]["Rules"]:
        key = rule.get("ApplyServerSideEncryptionByDefault", {}).get("KMSMasterKeyID")
        if key:
            text = str(key)
            whole = text if text.startswith("alias/") else f"key/{text}"
            return (
                text if text.startswith("arn:") else f"arn:{partition_of_region(region)}:kms:{region}:{account}:{whole}"
            )
    return None


def _deployed_key(case: Case, bucket: str, region: str, key: str) -> Iterator[Line]:
    where = key.split(":")[3]
    if where != region:
        text = f"{key} is in {where}, but the bucket is in {region}: S3 uses only keys of the bucket's region"
        yield failed("key", text, fix=f"encrypt the bucket with a key of {region}")
        return
    kms: Any = client(case.prod, "kms", region_name=where)  # type: ignore[arg-type]  # asked only where prod is named
    with as_command_error(case.prod_profile):
        try:
            state = str(kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"])
            document = kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
        except ClientError as error:
            if code_of(error) == "NotFoundException":
                fix = "objects that it encrypts can't be read any more; encrypt the bucket with another key"
                yield failed("key", f"there is no key {key} in {account_of(key)}", fix=fix)
                return
            if code_of(error) in DENIED:
                yield unknown("key", f"{case.prod_profile} needs kms:DescribeKey and kms:GetKeyPolicy on {key}")
                return
            raise
    if state == "Enabled":
        yield ok("key", f"{key} is enabled, in the bucket's region")
    else:
        profile = str(case.prod_profile)
        fix = command("aws kms enable-key", key_id=key, profile=profile)
        if state == "PendingDeletion":
            fix = f"`{command('aws kms cancel-key-deletion', key_id=key, profile=profile)}`, and `{fix}`"
        yield failed("key", f"{key} is {state}: nothing can be read or written with it", fix=fix)
    yield from _key_policy_lines(case, bucket, region, key, document)


def _key_policy_lines(case: Case, bucket: str, region: str, key: str, document: Any) -> Iterator[Line]:
    """Return whether the key's policy, as it is now, lets the grant's sessions do what S3 asks for them."""
    try:
        policy = policy_of(template=LIVE, logical_id=key, name="key policy", document=json.loads(document))
    except (ValueError, CommandError) as error:
        yield unknown("key policy", str(error))
        return
    inventory = replace(
        case.inventory,
        buckets={**case.inventory.buckets, bucket: Bucket(bucket, case.grant.account, region, key)},
        resource_policies={**case.inventory.resource_policies, key: policy},
    )
    place = next((each for each in case.grant.reaches if each.on_objects), None)
    resource = f"{bucket}/{place.prefix if place else ''}x"
    for action in ("s3:GetObject", "s3:PutObject"):
        if not expected(case, action, resource, {}).allowed:
            continue
        _, link = links_of(inventory, Question(case.grant.arn, None, action, resource, {}, case.now))
        verdict = evaluated_link(case, link, set())
        asked = link.request.action
        if verdict.allowed:
            yield ok("key policy", f"the role is allowed {asked} through S3")
        else:
            yield failed(
                "key policy",
                f"the role is not allowed {asked} through S3, so {action} is denied",
                *verdict.reasons,
                fix=f"allow {case.grant.arn} in the policy of {key}, as the templates do: "
                + command("python -m crossrole policies", case.word),
            )
