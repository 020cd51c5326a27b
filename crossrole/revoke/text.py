"""What `revoke` answers: what it affects and what not, what was written, what was verified, what makes it permanent."""

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from crossrole.escaping import command, json_text, toml_text
from crossrole.iam.names import REVOCATION_POLICY
from crossrole.iam.policy import Policy, instant, trusted
from crossrole.iam.session_denials import is_shut, moment_of, other_kinds, statements_of
from crossrole.revoke.deployed_role import TRUST
from crossrole.revoke.live_check import Check
from crossrole.revoke.plan import Revoked
from crossrole.revoke.restore import Restored
from crossrole.revoke.statements import is_ours

MARKS = re.compile(
    r"^(?:(?P<ok>(?:revoked|restored)(?=[:, ])|  ok(?=  ))|(?P<denied>NOT VERIFIED|  FAIL(?=  ))"
    r"|(?P<unknown>  --(?=  ))|(?P<heading>affects|does not affect|(?:to be )?written|verified|to make it permanent"
    r"|can work again|still there, .*|wrong)$)",
    re.MULTILINE,
)
"""How the two texts are coloured."""


def revoked_text(done: Revoked) -> list[str]:
    """Return the lines of the answer as a person reads it."""
    lines = [
        _headline(done),
        "",
        "affects",
        *indented(affects(done)),
        "",
        "does not affect",
        *indented(does_not_affect(done)),
    ]
    lines += ["", "to be written" if done.plan.asked.dry_run else "written", *indented(_written(done))]
    if done.plan.asked.dry_run:
        lines += [line for name, document in _documents(done).items() for line in _shown(name, document)]
    lines += ["", "verified", *check_lines(done.checks), "", "to make it permanent", *indented(permanent(done))]
    return [*lines, *wrong_lines(done.wrong)]


def revoked_json(done: Revoked) -> dict[str, Any]:
    """Return the answer for `--json`."""
    return {
        "grant": done.plan.grant.name,
        "role": done.plan.grant.arn,
        "before": instant(done.plan.cut.moment),
        "session": done.plan.asked.session,
        "disabled": done.plan.asked.and_disable,
        "dry_run": done.plan.asked.dry_run,
        "affects": list(affects(done)),
        "does_not_affect": list(does_not_affect(done)),
        "changes": done.changes,
        "written": done.written,
        "documents": _documents(done),
        "checks": [{"text": each.text, "holds": each.holds} for each in done.checks],
        "wrong": done.wrong,
        "verified": done.is_verified,
        "access_toml": toml_lines(done),
        "permanent": list(permanent(done)),
    }


def affects(done: Revoked) -> Iterator[str]:
    """Yield which sessions the revocation affects."""
    moment = instant(done.plan.cut.moment)
    who = f"the sessions named {done.plan.asked.session}" if done.plan.asked.session else "every session"
    end = instant(done.plan.cut.moment + timedelta(seconds=done.plan.found.max_session))
    if done.plan.cut.everything:
        yield "every session of the role, also one that is begun later: each is denied everything"
        if done.plan.asked.dry_run or TRUST in done.written or is_shut(done.plan.found.trust):
            yield "nobody can begin one: the trust policy denies everyone"
    else:
        yield f"{who} of {done.plan.grant.arn} begun before {moment}: denied everything"
        yield f"by themselves the last of them would end at {end}"
    yield "presigned URLs that those sessions have made"
    if done.plan.in_the_future and not done.plan.cut.everything:
        yield f"sessions that are begun from now until {moment} too: the moment is in the future"


def does_not_affect(done: Revoked) -> Iterator[str]:
    """Yield what goes on all the same, and how to stop it."""
    asked = done.plan.asked
    word = asked.named or done.plan.grant.name
    again = command("python -m crossrole revoke", word, profile=asked.profile, and_disable=None)
    if done.plan.asked.session:
        yield "sessions of other names"
    if not done.plan.cut.everything:
        yield f"sessions begun from {instant(done.plan.cut.moment)} on; who can begin one: {', '.join(_who(done))}"
        yield f"  to stop those too: {again}"
    yield "the callers' own credentials, and sessions of other roles that a session has begun: revoke those there"
    yield "what was read, written or deleted before; the audit trail is in CloudTrail"


def permanent(done: Revoked) -> Iterator[str]:
    """Yield what makes it permanent, or why that is not needed."""
    if done.plan.asked.session:
        end = instant(done.plan.cut.moment + timedelta(seconds=done.plan.found.max_session))
        yield f"not needed: such a session ends by itself at {end} at the latest; restore removes the statement"
        yield "access.toml can't hold one session; this line affects every session begun before:"
    else:
        yield f"access.toml, below [[grants]] name = {toml_text(done.plan.grant.name)}:"
    yield from (f"  {line}" for line in toml_lines(done))
    yield f"then: make synth && {command('cdk deploy ProdAccessStack', profile=done.plan.asked.profile)}"
    anew = f"writes {REVOCATION_POLICY} anew, without what revoke has added"
    yield f"a deploy that changes the grant's revoked_before {anew}"
    if done.plan.cut.everything:
        yield "and without disabled = true one that changes its trust policy lets callers in again"


def toml_lines(done: Revoked) -> list[str]:
    """Return the lines of access.toml that say the same."""
    stands = moment_of(done.document(REVOCATION_POLICY), None) or done.plan.cut.moment
    own = done.plan.grant.revoked_before or stands
    moment = instant(max(done.plan.cut.moment, stands, own))
    return [*(["disabled = true"] if done.plan.cut.everything else []), f"revoked_before = {moment}"]


def _headline(done: Revoked) -> str:
    if done.plan.asked.dry_run:
        verb = "would revoke" if done.changes else "would change nothing, for it is revoked already"
    elif not done.is_verified:
        verb = "NOT VERIFIED"
    else:
        verb = "revoked" if done.changes else "revoked already, nothing written"
    what = f"sessions named {done.plan.asked.session}" if done.plan.asked.session else "sessions"
    disabled = ", and the role disabled" if done.plan.cut.everything else ""
    return f"{verb}: {what} of {done.plan.grant.name} begun before {instant(done.plan.cut.moment)}{disabled}"


def _who(done: Revoked) -> list[str]:
    if is_shut(done.plan.found.trust):
        return ["nobody, for the trust policy denies everyone"]
    trust = {"Statement": statements_of(done.plan.found.trust, "the trust policy")}
    return [*trusted(Policy("IAM", done.plan.grant.name, TRUST, trust)), *other_kinds(done.plan.found.trust)]


def _written(done: Revoked) -> Iterator[str]:
    found = done.plan.found.inline.get(REVOCATION_POLICY)
    before = statements_of(found, REVOCATION_POLICY) if found else []
    policy = done.document(REVOCATION_POLICY)
    after = statements_of(policy, REVOCATION_POLICY) if policy else []
    added = [str(each["Sid"]) for each in after if is_ours(each) and each not in before]
    beside = ", and what else was in it" if len(after) > len(added) else ""
    texts = {
        REVOCATION_POLICY: f"inline policy {REVOCATION_POLICY}: {' and '.join(added)}{beside}",
        TRUST: "trust policy: one statement that denies everyone, and what else was in it",
    }
    of = done.changes if done.plan.asked.dry_run else done.written
    yield from (texts[name] for name in of)
    if not of:
        yield "nothing"


def _documents(done: Revoked) -> dict[str, Any]:
    return {name: done.document(name) for name in done.changes}


def _shown(name: str, document: Any) -> list[str]:
    return ["", name, *indented(iter(json_text(document).splitlines()))]


def check_lines(checks: Sequence[Check]) -> list[str]:
    """Return what was verified, a line each."""
    marks = {True: "ok  ", False: "FAIL", None: "--  "}
    return [f"  {marks[each.holds]}  {each.text}" for each in checks]


def wrong_lines(wrong: list[str]) -> list[str]:
    """Return what went wrong, if anything."""
    return ["", "wrong", *indented(iter(wrong))] if wrong else []


def indented(lines: Iterator[str]) -> list[str]:
    """Return the lines below a heading."""
    return [f"  {line}" for line in lines]


def restored_text(done: Restored) -> list[str]:
    """Return the lines of the answer as a person reads it."""
    if not done.changes:
        lines = [f"nothing to restore: no statement of revoke is in the policies of {done.plan.grant.arn}"]
    else:
        verb = "to be restored" if done.dry_run else "restored" if done.is_verified else "NOT VERIFIED"
        lines = [f"{verb}: {done.plan.grant.arn}", "", "can work again", *indented(_again(done))]
        lines += ["", "to be written" if done.dry_run else "written", *indented(_restored_policies(done))]
        lines += ["", "verified", *check_lines(done.checks)] if done.checks else []
    if done.left:
        ours = "access.toml" if done.plan.grant.revoked_before or done.plan.grant.disabled else "something else"
        lines += ["", f"still there, for {ours} put it there", *indented(iter(done.left))]
    return [*lines, *wrong_lines(done.wrong)]


def restored_json(done: Restored) -> dict[str, Any]:
    """Return the answer for `--json`."""
    return {
        "grant": done.plan.grant.name,
        "role": done.plan.grant.arn,
        "dry_run": done.dry_run,
        "changes": done.changes,
        "written": done.written,
        "documents": {name: done.document(name) for name in (REVOCATION_POLICY, TRUST)},
        "again": list(_again(done)) if done.changes else [],
        "left": done.left,
        "checks": [{"text": each.text, "holds": each.holds} for each in done.checks],
        "wrong": done.wrong,
        "verified": done.is_verified,
    }


def _restored_policies(done: Restored) -> Iterator[str]:
    gone = f"inline policy {REVOCATION_POLICY}: deleted, nothing else was in it"
    kept = f"inline policy {REVOCATION_POLICY}: what else was in it stays"
    policy = kept if done.document(REVOCATION_POLICY) else gone
    texts = {REVOCATION_POLICY: policy, TRUST: "trust policy: what else was in it stays"}
    yield from (texts[name] for name in (done.changes if done.dry_run else done.written))


def _again(done: Restored) -> Iterator[str]:
    moment = moment_of(done.plan.found.inline.get(REVOCATION_POLICY), None)
    yield "sessions that were cut off and have not expired, and the presigned URLs that they have made"
    if moment:
        yield f"  the last of those begun before {instant(moment)} ends at " + instant(
            moment + timedelta(seconds=done.plan.found.max_session)
        )
    if TRUST in done.changes:
        yield "the callers that the trust policy allows can begin new ones"
