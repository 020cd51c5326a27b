"""The end of the chain: the grant's bucket, its owner and its region."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import ClientError

from crossrole.doctor.case import Case
from crossrole.doctor.check import Line, failed, ok, unknown
from crossrole.doctor.key import key_lines
from crossrole.errors import CommandError
from crossrole.escaping import command, toml_text
from crossrole.iam.arn import bucket_arn
from crossrole.iam.policy import Policy, canonical, policy_of
from crossrole.live.identity import LIVE
from crossrole.live.sessions import DENIED, as_command_error, client, code_of

_REGION = "x-amz-bucket-region"


@dataclass(frozen=True)
class _Head:
    """A bucket's answer to HEAD: a status, and its region, which S3 returns even with a denial."""

    status: int
    region: str | None


def bucket_lines(case: Case, session: boto3.Session | None, unresolved: str | None) -> list[Line]:
    """Return the lines on each bucket that the grant names; `unresolved` says why its key can't be known."""
    names = list(dict.fromkeys(each.bucket for each in case.grant.reaches if "*" not in each.bucket))
    if not names:
        return [unknown("bucket", "the grant is for every bucket of the account")]
    return [line for name in names for line in _lines(case, session, name, unresolved)]


def _lines(case: Case, session: boto3.Session | None, name: str, unresolved: str | None) -> Iterator[Line]:
    case.tell(f"looking at the bucket {name}")
    looker, profile = (case.prod, case.prod_profile) if case.prod else (session or case.session, case.profile)
    s3: Any = client(looker, "s3", region_name=case.grant.region)
    with as_command_error(profile):
        owned = _head(s3, name, ExpectedBucketOwner=case.grant.account)
        if owned.status == 404:  # noqa: PLR2004 HTTP's not found
            yield _no_bucket(case, name)
            yield unknown("key", "there is no bucket")
            return
        yield _owner_line(case, s3, name, owned)
    yield region_line(case, name, owned.region)
    yield from access_lines(case, name, owned.region or case.grant.region)
    if unresolved:
        yield unknown("key", unresolved)
    else:
        yield from key_lines(case, name, owned.region or case.grant.region)


def _head(s3: Any, name: str, **request: str) -> _Head:
    try:
        answer = s3.head_bucket(Bucket=name, **request)
    except ClientError as error:
        answer = error.response
        if code_of(error) not in {"403", "404", "301", *DENIED, "NoSuchBucket"}:
            raise
    metadata = answer["ResponseMetadata"]
    return _Head(int(metadata["HTTPStatusCode"]), metadata["HTTPHeaders"].get(_REGION))


def _no_bucket(case: Case, name: str) -> Line:
    made = bucket_arn(case.grant.partition, name) in case.inventory.buckets
    fix = case.deploy if made else f"make it in {case.grant.account}, or name the right one in access.toml"
    return failed("bucket", f"there is no bucket {name}", fix=fix)


def _owner_line(case: Case, s3: Any, name: str, owned: _Head) -> Line:
    account = case.grant.account
    if owned.status < 300:  # noqa: PLR2004 HTTP's success
        return ok("bucket", f"{name} exists, and {account} owns it")
    someone_elses = failed(
        "bucket",
        f"{name} exists, but {account} does not own it; a grant reaches only buckets of its own account",
        fix="bucket names are worldwide: name a bucket of the account in access.toml",
    )
    if _head(s3, name).status < 300:  # noqa: PLR2004
        return someone_elses
    if case.prod is None:
        return unknown("bucket", f"{name} exists; to see its owner, name --prod-profile, or a profile that may list it")
    try:
        owns = name in {
            each["Name"] for page in s3.get_paginator("list_buckets").paginate() for each in page["Buckets"]
        }
    except ClientError:
        return unknown("bucket", f"{name} exists; {case.prod_profile} needs s3:ListBucket on it to see its owner")
    return ok("bucket", f"{name} exists, and {account} owns it") if owns else someone_elses


def region_line(case: Case, name: str, region: str | None) -> Line:
    """Return whether the bucket is where the templates have it."""
    made = case.inventory.buckets.get(bucket_arn(case.grant.partition, name))
    wanted = made.region if made else case.grant.region
    if region is None:
        return unknown("region", f"S3 does not return the region of {name}")
    if region != wanted:
        return failed(
            "region",
            f"{name} is in {region}, but the templates have it in {wanted}",
            fix=f"name a bucket in {wanted}, or set [prod] region = {toml_text(region)} in access.toml",
        )
    own = case.session.region_name
    other = f"the profile {case.profile} works in {own}: give --region {region}, or a profile of its own for the role"
    return ok("region", f"{name} is in {region}", *([other] if own and own != region else []))


_POLICY, _PUBLIC = "policy", "public"


_NO_POLICY = {"NoSuchBucketPolicy", "NoSuchPublicAccessBlockConfiguration"}


def access_lines(case: Case, name: str, region: str) -> Iterator[Line]:
    """Yield the lines on the bucket's own access settings; a bucket outside the templates is not compared."""
    arn = bucket_arn(case.grant.partition, name)
    made = case.inventory.buckets.get(arn)
    if case.prod is None:
        for check, what in ((_POLICY, "its policy"), (_PUBLIC, "its Block Public Access")):
            yield unknown(check, f"{what} can be read only in its own account: name --prod-profile")
        return
    s3: Any = client(case.prod, "s3", region_name=region)
    with as_command_error(case.prod_profile):
        policy = _answer(s3.get_bucket_policy, name, "Policy")
        block = _answer(s3.get_public_access_block, name, "PublicAccessBlockConfiguration")
    if isinstance(policy, ClientError):
        yield unknown(_POLICY, f"{case.prod_profile} needs s3:GetBucketPolicy on {name}")
    elif made is None and arn not in case.inventory.resource_policies:
        has = f"{name} is outside the templates, so its policy is not compared; check it yourself"
        yield unknown(_POLICY, has) if policy else ok(_POLICY, f"{name} has no bucket policy")
    else:
        yield _compared(case, arn, policy)
    if isinstance(block, ClientError):
        yield unknown(_PUBLIC, f"{case.prod_profile} needs s3:GetBucketPublicAccessBlock on {name}")
    elif made is None:
        yield unknown(_PUBLIC, f"{name} is outside the templates, so its Block Public Access is not compared")
    else:
        yield _public_line(case, name, made.public_access_block, block or {})


def _answer(operation: Any, bucket: str, key: str) -> Any:
    """Return a setting of the bucket, None where it has none, and the denial where it may not be read."""
    try:
        return operation(Bucket=bucket)[key]
    except ClientError as error:
        if code_of(error) in _NO_POLICY:
            return None
        if code_of(error) in DENIED:
            return error
        raise


def _compared(case: Case, bucket: str, text: str | None) -> Line:
    name, base = bucket.rpartition(":")[2], case.inventory.resource_policies.get(bucket)
    try:
        live = (
            policy_of(template=LIVE, logical_id=name, name="bucket policy", document=json.loads(text)) if text else None
        )
    except (ValueError, CommandError) as error:
        return unknown(_POLICY, f"the policy of {name} can't be evaluated: {error}")
    was, is_ = _statements(base), _statements(live)
    if was == is_:
        return ok(
            _POLICY,
            f"the bucket policy of {name} is that of the templates"
            if live
            else f"{name} has no bucket policy, as in the templates",
        )
    added, gone = ([each for each in one if each not in other] for one, other in ((is_, was), (was, is_)))
    details = [*(f"added: {each}" for each in added), *(f"gone: {each}" for each in gone)]
    what = (
        f"the bucket policy of {name} is no longer that of the templates"
        if live
        else f"{name} has lost its bucket policy"
    )
    return failed(_POLICY, what, *details, fix=_put(case, name, base))


def _statements(policy: Policy | None) -> list[str]:
    """Return the statements as text; S3 hands back everyone as "*", in whichever of the two forms it was given."""
    statements = policy.statements if policy else []
    return sorted(
        canonical({**each, "Principal": "*"} if each.get("Principal") == {"AWS": "*"} else each) for each in statements
    )


def _put(case: Case, name: str, base: Policy | None) -> str:
    if base is None:
        return command("aws s3api delete-bucket-policy", bucket=name, profile=str(case.prod_profile))
    document = json.dumps(base.document, separators=(",", ":"))
    return command("aws s3api put-bucket-policy", bucket=name, policy=document, profile=str(case.prod_profile))


def _public_line(case: Case, name: str, wanted: Mapping[str, str], live: Mapping[str, bool]) -> Line:
    open_ = sorted(key for key, blocks in wanted.items() if blocks == "true" and not live.get(key))
    if not open_:
        return ok(_PUBLIC, f"Block Public Access of {name} is that of the templates")
    settings = ",".join(f"{key}={value}" for key, value in wanted.items())
    return failed(
        _PUBLIC,
        f"Block Public Access of {name} is off for {', '.join(open_)}, but the templates have it on",
        fix=command(
            "aws s3api put-public-access-block",
            bucket=name,
            public_access_block_configuration=settings,
            profile=str(case.prod_profile),
        ),
    )
