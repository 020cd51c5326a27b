"""What AWS itself answered a session from before a revocation, and one that was begun after it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

import boto3
from botocore.exceptions import ClientError

from crossrole.environment import Environment
from crossrole.errors import CommandError
from crossrole.iam.actions import ASSUME
from crossrole.iam.arn import bucket_arn
from crossrole.iam.policy import instant
from crossrole.iam.quotas import SHORTEST_SESSION
from crossrole.iam.session_denials import Cut
from crossrole.live.assume_role import assume_role, denied_action, session_with_mfa
from crossrole.live.caller import Caller, caller_of
from crossrole.live.s3_probes import Probe, Seen, probe_of, send
from crossrole.live.sessions import as_command_error, client
from crossrole.revoke.deployed_role import pauses
from crossrole.templates.grant import Grant, Reach

NAME = "crossrole-live-check"


IN_A_ROW = 3
"""Answers of the same kind that are wanted one after another.

IAM is eventually consistent, so one denial may be followed by an answer from where the change has not arrived.
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
"""


@dataclass(frozen=True)
class CheckedSession:
    """A live session of the role, and when it was begun by AWS's clock."""

    name: str
    begun: datetime
    s3: Any
    probe: Probe

    def is_allowed(self) -> bool:
        """Return whether S3 allows the session's request; raises `CommandError` where its answer does not say."""
        answer = send(self.s3, self.probe)
        if answer.seen is Seen.UNKNOWN:
            raise CommandError(f"{self.probe.words} was answered with {answer.words}, which shows nothing")
        return answer.seen is Seen.ALLOWED


PATIENCE = 120.0
"""Seconds that a change in IAM is given to arrive: usually seconds, at times minutes.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_disable-perms.html
"""


_NEIGHBOUR = f"{NAME}-neighbour"


@dataclass(frozen=True)
class Check:
    """One thing that is to be verified; `holds` is None where it was not, and the text says why."""

    text: str
    holds: bool | None


@dataclass(frozen=True)
class SessionSource:
    """The caller that begins sessions of the role, and the request that they send."""

    session: boto3.Session = field(repr=False)
    caller: Caller
    grant: Grant
    profile: str
    probe: Probe

    def begin(self, name: str = NAME) -> tuple[CheckedSession, str | None]:
        """Begin a session; return it with a hint, if there is one, and raise what STS answers."""
        given = assume_role(self.session, self.caller, self.grant, name=name, seconds=SHORTEST_SESSION)
        s3 = client(given.session(self.profile, region=self.grant.region), "s3")
        return CheckedSession(name, given.begun, s3, self.probe), given.hint

    def can_begin(self) -> bool:
        """Return whether AWS lets it begin a session; raises any other answer of STS."""
        try:
            self.begin()
        except ClientError as error:
            # A caller that may not set a source identity may still get a session without one.
            if denied_action(error) != ASSUME:
                raise
            return False
        return True


@dataclass(frozen=True)
class LiveCheck:
    """The sessions that were begun before the change, and what AWS answered them then."""

    environment: Environment
    profile: str | None = None
    source: SessionSource | None = None
    old: CheckedSession | None = None
    was_allowed: bool = False
    neighbour: CheckedSession | None = None
    """A session of another name, where only one session is to be affected."""
    why_not: str = ""
    """Why there is no session."""

    def given(self, cut: Cut, *, future: bool, was_shut: bool, left_open: bool) -> Iterator[Check]:
        """Yield what the sessions are answered now, and a new one.

        `future`: new sessions are affected too. `was_shut`: nobody could begin one before. `left_open`: the trust
        policy could not be shut.
        """
        if self.profile is None:
            yield Check("no live check; --caller-profile, a profile that may assume the role, adds one", None)
            return
        if self.source is None or (self.old is None and not was_shut):
            yield Check(f"no live check was possible: {self.why_not}", holds=False)
            return
        shut = was_shut or (cut.everything and not left_open)
        for answers in (
            self._old(cut),
            self._neighbour(cut),
            self._new(self.source, cut, future=future, shut=shut),
        ):
            try:
                with as_command_error(self.profile):
                    yield from answers
            except CommandError as error:
                yield Check(f"the live check gave no answer: {error}", holds=False)

    def _old(self, cut: Cut) -> Iterator[Check]:
        if self.old is None:
            yield Check("no earlier session could be checked: new sessions were denied already", holds=None)
        elif self.old.begun >= cut.moment and not cut.everything:
            moment = instant(cut.moment)
            yield Check(
                f"no session from before {moment} could be checked: now only later ones can be begun", holds=None
            )
        else:
            before = "was allowed before the change and" if self.was_allowed else "was denied before it too and"
            yield self._answer(self.old, expected=False, what=f"an earlier session {before}")

    def _neighbour(self, cut: Cut) -> Iterator[Check]:
        if self.neighbour and not cut.everything:
            yield self._answer(self.neighbour, expected=True, what="an earlier session of another name")

    def _new(self, source: SessionSource, cut: Cut, *, future: bool, shut: bool) -> Iterator[Check]:
        if shut:
            passed = settled(source.can_begin, expected=False, seconds=PATIENCE, environment=self.environment)
            words = "AssumeRole is denied" if passed is not None else f"AssumeRole is still allowed {_LATE}"
            yield Check(f"{words}, asked with the profile {self.profile}", holds=passed is not None)
        elif future:
            yield Check(f"no new session was checked: until {instant(cut.moment)} it would be affected too", holds=None)
        else:
            new, _ = source.begin(self.old.name if self.old else NAME)
            yield self._answer(new, expected=not cut.everything, what="a new session")

    def _answer(self, asked: CheckedSession, *, expected: bool, what: str) -> Check:
        passed = settled(asked.is_allowed, expected=expected, seconds=PATIENCE, environment=self.environment)
        words = {True: "allowed", False: "denied"}
        if passed is None:
            return Check(f"{what} is still {words[not expected]} {_LATE} ({asked.probe.words})", holds=False)
        late = f" after {passed:.0f} s" if passed >= 1 else ""
        return Check(f"{what} is {words[expected]}{late} ({asked.probe.words})", holds=True)


def live_check(
    caller: boto3.Session,
    arn: str,
    grant: Grant,
    administrator: boto3.Session,
    environment: Environment,
    *,
    profile: str,
    name: str | None,
) -> LiveCheck:
    """Begin sessions as the caller, whose ARN is given, and check them once; `name` is the session to be affected.

    Why it can't be done is reported afterwards, for the change is urgent.
    """
    check = LiveCheck(environment, profile)
    try:
        with as_command_error(profile):
            who = caller_of(arn)
            session = session_with_mfa(caller, who, grant, environment.read_code, profile=profile)
            probe = probe_for(
                grant, lambda bucket, prefix: _key_under(administrator, bucket, prefix, partition=grant.partition)
            )
            if not probe:
                return replace(check, why_not="each request that the grant allows would change something")
            source = SessionSource(session, who, grant, profile, probe)
            check = replace(check, source=source)
            old, hint = source.begin(name or NAME)
            if hint:
                environment.hint(hint)
            check = replace(check, old=old)
            check = replace(check, was_allowed=old.is_allowed())
            if name:
                check = replace(check, neighbour=source.begin(_NEIGHBOUR)[0])
    except CommandError as error:
        check = replace(check, why_not=str(error))
    return check


_LATE = f"after {PATIENCE:.0f} s"


def _key_under(administrator: boto3.Session, bucket: str, prefix: str, *, partition: str) -> str | None:
    listing = probe_of("s3:ListBucket", bucket, prefix, "", partition=partition)
    return send(client(administrator, "s3"), listing).key if listing else None


def settled(ask: Callable[[], bool], *, expected: bool, seconds: float, environment: Environment) -> float | None:
    """Ask in growing pauses until the answer is as expected several times in a row.

    Returns the seconds that passed until the first of them; None where they did not come within `seconds`.
    """
    row, since = 0, 0.0
    for passed in pauses(seconds, environment):
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
            return probe_of(action, reach.bucket, reach.prefix, f"{reach.prefix}{NAME}", partition=grant.partition)
    # Without s3:ListBucket, S3 answers 403 for a key that does not exist, also where the read is allowed.
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
    for reach in _reaches(grant, "s3:GetObject", on_objects=True):
        if key := key_under(reach.bucket, reach.prefix):
            place, asked = f"{reach.bucket}/{key}", {"Bucket": reach.bucket, "Key": key}
            return Probe(
                "s3:GetObject", bucket_arn(grant.partition, place), f"HeadObject s3://{place}", "head_object", asked
            )
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
