"""What AWS itself answered a session from before a revocation, and one that was begun after it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import boto3
from botocore.exceptions import ClientError

from crossrole.grant import Grant
from crossrole.live import client, code_of, told
from crossrole.probes import Probe, probe_of, send
from crossrole.revoke.refusals import Cut
from crossrole.revoke.revocation import instant
from crossrole.revoke.witness import NAME, Witness, begin, probe_for, settled, with_second_factor
from crossrole.unusable import Unusable

PATIENCE = 120.0
"""Seconds that a change in IAM is given to arrive: usually seconds, at times minutes.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_disable-perms.html
"""
_NEIGHBOUR = f"{NAME}-neighbour"


@dataclass(frozen=True)
class Proof:
    """One thing that is to be shown; `holds` is None where it was not asked, and the text says why."""

    text: str
    holds: bool | None


@dataclass
class Testimony:
    """The sessions that were begun before the change, and what they were answered then."""

    grant: Grant
    caller: boto3.Session | None = None
    profile: str | None = None
    probe: Probe | None = None
    old: Witness | None = None
    was_let_through: bool = False
    neighbour: Witness | None = None
    """A session of another name, where only one session is to be hit."""
    why_not: str = ""
    """Why there is no session."""

    @classmethod
    def taken(
        cls, grant: Grant, caller: boto3.Session, administrator: boto3.Session, *, profile: str, session: str | None
    ) -> Self:
        """Begin the sessions and ask them once; why it can't be done is told afterwards, for the change is urgent."""
        taken = cls(grant, caller, profile)
        try:
            with told(profile):
                taken.caller = caller = with_second_factor(caller, grant, profile=profile)
                taken.probe = probe_for(grant, lambda bucket, prefix: _key_under(administrator, bucket, prefix))
                if not taken.probe:
                    taken.why_not = "nothing that the grant allows can be asked without changing something"
                    return taken
                taken.old = begin(caller, grant, taken.probe, profile=profile, name=session or NAME)
                taken.was_let_through = taken.old.is_let_through()
                if session:
                    taken.neighbour = begin(caller, grant, taken.probe, profile=profile, name=_NEIGHBOUR)
        except Unusable as error:
            taken.why_not = str(error)
        return taken

    def given(self, cut: Cut, *, future: bool, was_shut: bool, left_open: bool) -> Iterator[Proof]:
        """Yield what the sessions are answered now, and a new one.

        `future`: new sessions are hit too. `was_shut`: nobody could begin one before. `left_open`: the trust policy
        could not be shut.
        """
        if self.caller is None or self.profile is None:
            yield Proof("no live session was asked; --caller-profile, of one who may assume the role, asks one", None)
            return
        if self.probe is None or (self.old is None and not was_shut):
            yield Proof(f"no live session could be asked: {self.why_not}", holds=False)
            return
        for ask in (self._old, self._neighbour, self._new):
            try:
                with told(self.profile):
                    yield from ask(cut, future=future, shut=was_shut or (cut.everything and not left_open))
            except Unusable as error:
                yield Proof(f"the live session gave no answer: {error}", holds=False)

    def _old(self, cut: Cut, **_: bool) -> Iterator[Proof]:
        if self.old is None:
            yield Proof("no session from before could be asked: the role was shut already", holds=None)
        elif self.old.begun >= cut.moment and not cut.everything:
            moment = instant(cut.moment)
            yield Proof(f"no session from before {moment} could be asked: now only later ones can be begun", holds=None)
        else:
            before = (
                "was let through before the change and" if self.was_let_through else "was refused before it too and"
            )
            yield self._answer(self.old, expected=False, what=f"a live session from before {before}")

    def _neighbour(self, cut: Cut, **_: bool) -> Iterator[Proof]:
        if self.neighbour and not cut.everything:
            yield self._answer(self.neighbour, expected=True, what="a session of another name from before")

    def _new(self, cut: Cut, *, future: bool, shut: bool) -> Iterator[Proof]:
        if shut:
            passed = settled(self._can_begin, expected=False, seconds=PATIENCE)
            words = "AssumeRole is refused" if passed is not None else f"AssumeRole is let through still, {_LATE}"
            yield Proof(f"{words}, asked with the profile {self.profile}", holds=passed is not None)
        elif future:
            yield Proof(f"no new session was asked: until {instant(cut.moment)} it would be hit too", holds=None)
        elif self.caller and self.probe:
            name = self.old.name if self.old else NAME
            new = begin(self.caller, self.grant, self.probe, profile=self.profile, name=name)
            yield self._answer(new, expected=not cut.everything, what="a new live session")

    def _answer(self, asked: Witness, *, expected: bool, what: str) -> Proof:
        passed = settled(asked.is_let_through, expected=expected, seconds=PATIENCE)
        words = {True: "is let through", False: "is refused"}
        if passed is None:
            return Proof(f"{what} {words[not expected]} still, {_LATE} ({asked.probe.words})", holds=False)
        late = f" after {passed:.0f} s" if passed >= 1 else ""
        return Proof(f"{what} {words[expected]}{late} ({asked.probe.words})", holds=True)

    def _can_begin(self) -> bool:
        if self.caller is None or self.probe is None:
            return False
        try:
            begin(self.caller, self.grant, self.probe, profile=self.profile)
        except ClientError as error:
            if code_of(error) != "AccessDenied":
                raise
            return False
        return True


_LATE = f"after {PATIENCE:.0f} s"


def _key_under(administrator: boto3.Session, bucket: str, prefix: str) -> str | None:
    listing = probe_of("s3:ListBucket", bucket, prefix, "")
    return send(client(administrator, "s3"), listing).key if listing else None
