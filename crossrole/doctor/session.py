"""What a session of the grant's role may do: harmless requests, compared with the templates."""

import uuid
from typing import Any

import boto3

from crossrole.doctor.case import Case
from crossrole.doctor.check import Line, failed, ok, unknown
from crossrole.doctor.expected import expected
from crossrole.errors import CommandError
from crossrole.live.s3_probes import Answer, Probe, Seen, places_of, probes_of, send, unprobed
from crossrole.live.sessions import as_command_error, client


def planned(case: Case) -> list[Probe]:
    """Return the probes of a grant; their keys hold a name that is not used elsewhere."""
    return probes_of(case.grant, case.inventory, uuid.uuid4().hex[:12])


def probe_lines(case: Case, session: boto3.Session | None, probes: list[Probe]) -> list[Line]:
    """Return a line for each probe, and for each action without one."""
    if session is None:
        return [unknown("session", "what a session may do can only be checked in a session")]
    lines = []
    s3: Any = client(session, "s3")
    places = places_of(case.grant, case.inventory)
    known: dict[tuple[str, str], str] = {}
    for probe in probes:
        # A real object is read only where the grant is for it.
        place = probe.place if probe.place in places else None
        with as_command_error(case.profile):
            answer = send(s3, probe, known.get(place) if place else None)
        if answer.key and place:
            known[place] = answer.key
        lines.append(_line(case, probe, answer))
    lines += [unknown("session", f"{action}: {why}") for action, why in unprobed(case.grant).items()]
    if not places:
        lines.append(unknown("session", "the grant is for every bucket, and the templates make none to try it on"))
    return lines


def _line(case: Case, probe: Probe, answer: Answer) -> Line:
    what = f"{probe.action} {_where(case, probe)}"
    if answer.seen is Seen.UNKNOWN:
        return unknown("session", f"{what}: {answer.words}")
    try:
        verdict = expected(case, probe.action, probe.resource, probe.context)
    except CommandError as error:
        return unknown("session", f"{what}: {answer.seen.value}; {error}")
    allowed = answer.seen is Seen.ALLOWED
    if verdict.allowed == allowed:
        return ok("session", f"{what}: {answer.seen.value}")
    if allowed:
        return failed(
            "session",
            f"{what}: allowed, but not by the templates",
            fix=case.drift_fix or f"find the policy that allows it (the bucket's or the role's own): {case.put_back}",
        )
    return failed(
        "session",
        f"{what}: denied, but the templates allow it",
        f"AWS: {answer.words}",
        *(f"the templates allow it only if {each}" for each in verdict.conditions),
        fix=_fix(case, answer.words),
    )


def _where(case: Case, probe: Probe) -> str:
    if probe.place is None:
        return f"on {probe.resource.rpartition(':::')[2]}"
    bucket, prefix = probe.place
    if probe.place in places_of(case.grant, case.inventory):
        return f"on {bucket}/{prefix}*"
    return (
        f"on all of {bucket}"
        if "Prefix" not in probe.request and "Key" not in probe.request
        else f"elsewhere in {bucket}"
    )


_SOURCES = (
    ("service control policy", "ask who keeps your organization's control policies"),
    ("resource control policy", "ask who keeps your organization's control policies"),
    ("VPC endpoint policy", "widen the policy of the VPC endpoint that this machine calls through"),
    ("resource-based policy", "look at the bucket's policy, which denies it"),
    ("permissions boundary", "widen the role's permissions boundary, or take it off the role"),
    ("session policy", "the session was limited by a session policy: begin one without it"),
    ("kms:", "see the key's line"),
)


def _fix(case: Case, words: str) -> str:
    """Return the fix; AWS's newer messages name the kind of policy that denies."""
    for said, fix in _SOURCES:
        if said in words:
            return fix
    return case.drift_fix or f"the role's own policies no longer allow it: {case.put_back}"
