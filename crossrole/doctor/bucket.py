"""The last of the chain: the grant's bucket, its owner and its region."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import ClientError

from crossrole.doctor.bucket_access import access_lines
from crossrole.doctor.case import Case
from crossrole.doctor.key import key_lines
from crossrole.doctor.line import Line, failed, ok, unknown
from crossrole.live import client, code_of, told
from crossrole.live_identity import DENIED

_REGION = "x-amz-bucket-region"


@dataclass(frozen=True)
class _Head:
    """What a bucket answers to HEAD: a status, and its region, which it tells even to whom it refuses."""

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
    with told(profile):
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
    made = f"arn:aws:s3:::{name}" in case.landscape.buckets
    mend = case.deploy if made else f"make it in {case.grant.account}, or name the right one in access.toml"
    return failed("bucket", f"there is no bucket {name}", mend=mend)


def _owner_line(case: Case, s3: Any, name: str, owned: _Head) -> Line:
    account = case.grant.account
    if owned.status < 300:  # noqa: PLR2004 HTTP's success
        return ok("bucket", f"{name} exists, and {account} owns it")
    someone_elses = failed(
        "bucket",
        f"{name} exists, and is not {account}'s; a grant reaches only buckets of its own account",
        mend="bucket names are worldwide: name a bucket of the account in access.toml",
    )
    if _head(s3, name).status < 300:  # noqa: PLR2004
        return someone_elses
    if case.prod is None:
        return unknown("bucket", f"{name} exists; whose it is shows only to who may list it, or --prod-profile")
    try:
        owns = name in {
            each["Name"] for page in s3.get_paginator("list_buckets").paginate() for each in page["Buckets"]
        }
    except ClientError:
        return unknown("bucket", f"{name} exists; {case.prod_profile} needs s3:ListBucket on it to see whose it is")
    return ok("bucket", f"{name} exists, and {account} owns it") if owns else someone_elses


def region_line(case: Case, name: str, region: str | None) -> Line:
    """Return whether the bucket is where the templates have it."""
    made = case.landscape.buckets.get(f"arn:aws:s3:::{name}")
    wanted = made.region if made else case.grant.region
    if region is None:
        return unknown("region", f"S3 does not tell the region of {name}")
    if region != wanted:
        return failed(
            "region",
            f"{name} is in {region}, and the templates have it in {wanted}",
            mend=f'name a bucket in {wanted}, or set [prod] region = "{region}" in access.toml',
        )
    own = case.session.region_name
    other = f"the profile {case.profile} works in {own}: give --region {region}, or the role a profile of its own"
    return ok("region", f"{name} is in {region}", *([other] if own and own != region else []))
