"""A session of a grant's role that is asked harmlessly whether AWS still lets it through.

Nothing is written and nothing is read but one name at most.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

import boto3

from crossrole.assume.caller import caller_of
from crossrole.grant import SHORTEST_SESSION, Grant, Reach
from crossrole.live import assumed_session, client, date_of, reach_of
from crossrole.mfa import device_named_after, read_code
from crossrole.probes import Probe, Seen, probe_of, send
from crossrole.revoke.live_role import pauses
from crossrole.unusable import Unusable

NAME = "crossrole-witness"
IN_A_ROW = 3
"""Answers of the same kind that are wanted one after another.

IAM is eventually consistent, so one refusal may be followed by an answer from where the change has not arrived.
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
"""


@dataclass(frozen=True)
class Witness:
    """A live session of the role, and when it was begun by AWS's clock."""

    name: str
    begun: datetime
    s3: Any
    probe: Probe

    def is_let_through(self) -> bool:
        """Return whether S3 lets the session's request through; raises `Unusable` where its answer does not show it."""
        answer = send(self.s3, self.probe)
        if answer.seen is Seen.UNKNOWN:
            raise Unusable(f"{self.probe.words} was answered with {answer.words}, which shows nothing")
        return answer.seen is Seen.ALLOWED


def with_second_factor(caller: boto3.Session, grant: Grant, *, profile: str) -> boto3.Session:
    """Return the caller's session, having asked for an MFA code where the grant wants one of a user.

    A code is good once, so it buys a session of the user's own, which can begin several of the role; keys that are
    temporary already can buy none.
    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
    """
    sts, credentials = client(caller, "sts"), caller.get_credentials()
    if grant.mfa_max_age is None or credentials is None or credentials.token:
        return caller
    user = caller_of(sts.get_caller_identity()["Arn"])
    device = reach_of(profile).mfa_serial or device_named_after(user.arn)
    answer = sts.get_session_token(SerialNumber=device, TokenCode=read_code(device), DurationSeconds=SHORTEST_SESSION)
    return assumed_session(profile, answer["Credentials"], region=grant.region)


def begin(caller: boto3.Session, grant: Grant, probe: Probe, *, profile: str | None, name: str = NAME) -> Witness:
    """Begin a session of the grant's role; raises what STS answers."""
    asked = {"ExternalId": grant.external_id} if grant.external_id else {}
    sts = client(caller, "sts")
    answer = sts.assume_role(RoleArn=grant.arn, RoleSessionName=name, DurationSeconds=SHORTEST_SESSION, **asked)
    s3 = client(assumed_session(profile, answer["Credentials"], region=grant.region), "s3")
    return Witness(name, date_of(answer) or datetime.now(UTC), s3, probe)


def settled(ask: Callable[[], bool], *, expected: bool, seconds: float) -> float | None:
    """Ask in growing pauses until the answer is as expected several times in a row.

    Returns the seconds that passed until the first of them; None where they did not come within `seconds`.
    """
    row, since = 0, 0.0
    for passed in pauses(seconds):
        row, since = (row + 1, since if row else passed) if ask() is expected else (0, 0.0)
        if row == IN_A_ROW:
            return since
    return None


def probe_for(grant: Grant, key_under: Callable[[str, str], str | None]) -> Probe | None:
    """Return the most harmless request that the grant's statements allow; None where each would change something.

    `key_under` returns a key of the bucket under the prefix, or None; it is asked only where nothing else is left.
    """
    for action, on_objects in _IN_ORDER:
        for reach in _reaches(grant, action, on_objects=on_objects):
            return probe_of(action, reach.bucket, reach.prefix, f"{reach.prefix}{NAME}")
    # Without s3:ListBucket, S3 answers 403 for a key that does not exist to those whom it lets through too.
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
    for reach in _reaches(grant, "s3:GetObject", on_objects=True):
        if key := key_under(reach.bucket, reach.prefix):
            place, asked = f"{reach.bucket}/{key}", {"Bucket": reach.bucket, "Key": key}
            return Probe("s3:GetObject", f"arn:aws:s3:::{place}", f"HeadObject s3://{place}", "head_object", asked)
    return None


def _reaches(grant: Grant, action: str, *, on_objects: bool | None) -> Iterator[Reach]:
    for reach in grant.reaches:
        allowed = any(fnmatchcase(action.lower(), each.lower()) for each in reach.actions)
        if allowed and (on_objects is None or ("*" not in reach.bucket and reach.on_objects is on_objects)):
            yield reach


_IN_ORDER = (
    ("s3:ListMultipartUploadParts", True),
    ("s3:GetBucketLocation", False),
    ("s3:ListBucket", False),
    ("s3:AbortMultipartUpload", True),
    ("s3:PutObject", True),
    ("s3:ListAllMyBuckets", None),
)
"""Actions, the most harmless first, and whether a statement on objects or on a bucket gives them."""
