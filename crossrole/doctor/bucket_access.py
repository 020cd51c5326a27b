"""A bucket's own policy and its Block Public Access, as they are now against the templates'."""

import json
import shlex
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from crossrole.doctor.case import Case
from crossrole.doctor.line import Line, failed, ok, unknown
from crossrole.live import client, code_of, told
from crossrole.live_identity import DENIED, LIVE
from crossrole.policy import Policy, policy_of
from crossrole.sides import canonical
from crossrole.unusable import Unusable

_POLICY, _PUBLIC = "policy", "public"
_NO_POLICY = {"NoSuchBucketPolicy", "NoSuchPublicAccessBlockConfiguration"}


def access_lines(case: Case, name: str, region: str) -> Iterator[Line]:
    """Yield the lines on who may do what by the bucket itself; what no template makes is compared with nothing."""
    arn = f"arn:aws:s3:::{name}"
    made = case.landscape.buckets.get(arn)
    if case.prod is None:
        for check, what in ((_POLICY, "its policy"), (_PUBLIC, "its Block Public Access")):
            yield unknown(check, f"{what} shows itself only in its account: name --prod-profile")
        return
    s3: Any = client(case.prod, "s3", region_name=region)
    with told(case.prod_profile):
        policy = _answer(s3.get_bucket_policy, name, "Policy")
        block = _answer(s3.get_public_access_block, name, "PublicAccessBlockConfiguration")
    if isinstance(policy, ClientError):
        yield unknown(_POLICY, f"{case.prod_profile} needs s3:GetBucketPolicy on {name}")
    elif made is None and arn not in case.landscape.resource_policies:
        has = f"no template makes {name}, so its policy is compared with nothing; look at it yourself"
        yield unknown(_POLICY, has) if policy else ok(_POLICY, f"{name} has no bucket policy")
    else:
        yield _compared(case, arn, policy)
    if isinstance(block, ClientError):
        yield unknown(_PUBLIC, f"{case.prod_profile} needs s3:GetBucketPublicAccessBlock on {name}")
    elif made is None:
        yield unknown(_PUBLIC, f"no template makes {name}, so its Block Public Access is compared with nothing")
    else:
        yield _public_line(case, name, made.public_access_block, block or {})


def _answer(operation: Any, bucket: str, key: str) -> Any:
    """Return what a bucket has of a kind, None where it has none, and the refusal where that may not be known."""
    try:
        return operation(Bucket=bucket)[key]
    except ClientError as error:
        if code_of(error) in _NO_POLICY:
            return None
        if code_of(error) in DENIED:
            return error
        raise


def _compared(case: Case, bucket: str, text: str | None) -> Line:
    name, base = bucket.rpartition(":")[2], case.landscape.resource_policies.get(bucket)
    try:
        live = (
            policy_of(template=LIVE, logical_id=name, name="bucket policy", document=json.loads(text)) if text else None
        )
    except (ValueError, Unusable) as error:
        return unknown(_POLICY, f"the policy of {name} can't be judged: {error}")
    was, is_ = _statements(base), _statements(live)
    if was == is_:
        return ok(
            _POLICY,
            f"the bucket policy of {name} is the templates'"
            if live
            else f"{name} has no bucket policy, as the templates say",
        )
    added, gone = ([each for each in one if each not in other] for one, other in ((is_, was), (was, is_)))
    details = [*(f"added: {each}" for each in added), *(f"gone: {each}" for each in gone)]
    what = (
        f"the bucket policy of {name} is not the templates' any more" if live else f"{name} has lost its bucket policy"
    )
    return failed(_POLICY, what, *details, mend=_put(case, name, base))


def _statements(policy: Policy | None) -> list[str]:
    """Return the statements as text; S3 hands back everyone as "*", in whichever of the two forms it was given."""
    statements = policy.statements if policy else []
    return sorted(
        canonical({**each, "Principal": "*"} if each.get("Principal") == {"AWS": "*"} else each) for each in statements
    )


def _put(case: Case, name: str, base: Policy | None) -> str:
    if base is None:
        return f"aws s3api delete-bucket-policy --bucket {name} --profile {case.prod_profile}"
    document = shlex.quote(json.dumps(base.document, separators=(",", ":")))
    return f"aws s3api put-bucket-policy --bucket {name} --policy {document} --profile {case.prod_profile}"


def _public_line(case: Case, name: str, wanted: dict[str, bool], live: dict[str, bool]) -> Line:
    open_ = sorted(key for key, blocks in wanted.items() if blocks and not live.get(key))
    if not open_:
        return ok(_PUBLIC, f"Block Public Access of {name} is the templates'")
    settings = ",".join(f"{key}={str(value).lower()}" for key, value in wanted.items())
    return failed(
        _PUBLIC,
        f"Block Public Access of {name} is off for {', '.join(open_)}, and the templates have it on",
        mend=f"aws s3api put-public-access-block --bucket {name} --public-access-block-configuration {settings} "
        f"--profile {case.prod_profile}",
    )
