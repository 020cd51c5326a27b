"""What `restore` answers: what can work again, what was written, what still refuses."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from crossrole.revoke.plan import TRUST
from crossrole.revoke.refusals import POLICY_NAME, moment_of
from crossrole.revoke.restore import Restored
from crossrole.revoke.revocation import instant
from crossrole.revoke.revoke_text import indented, proofs_lines, wrong_lines


def restored_text(done: Restored) -> str:
    """Return the answer as a person reads it."""
    if not done.changes:
        lines = [f"nothing to restore: no statement of revoke is in the policies of {done.grant.arn}"]
    else:
        verb = "to be restored" if done.dry_run else "restored" if done.is_proved else "NOT PROVED"
        lines = [f"{verb}: {done.grant.arn}", "", "can work again", *indented(_again(done))]
        lines += ["", "to be written" if done.dry_run else "written", *indented(_restored_policies(done))]
        lines += ["", "shown", *proofs_lines(done.proofs)] if done.proofs else []
    if done.left:
        ours = "access.toml" if done.grant.revoked_before or done.grant.disabled else "something else"
        lines += ["", f"still there, for {ours} put it there", *indented(iter(done.left))]
    return "\n".join([*lines, *wrong_lines(done.wrong)])


def restored_json(done: Restored) -> dict[str, Any]:
    """Return the answer for `--json`."""
    return {
        "grant": done.grant.name,
        "role": done.grant.arn,
        "dry_run": done.dry_run,
        "changes": done.changes,
        "written": done.written,
        "documents": {POLICY_NAME: done.policy, TRUST: done.trust},
        "again": list(_again(done)) if done.changes else [],
        "left": done.left,
        "proofs": [{"text": each.text, "holds": each.holds} for each in done.proofs],
        "wrong": done.wrong,
        "proved": done.is_proved,
    }


def _restored_policies(done: Restored) -> Iterator[str]:
    gone = f"inline policy {POLICY_NAME}: deleted, nothing else was in it"
    kept = f"inline policy {POLICY_NAME}: what else was in it stays"
    texts = {POLICY_NAME: kept if done.policy else gone, TRUST: "trust policy: what else was in it stays"}
    yield from (texts[name] for name in (done.changes if done.dry_run else done.written))


def _again(done: Restored) -> Iterator[str]:
    moment = moment_of(done.found.inline.get(POLICY_NAME), None)
    yield "sessions that were cut off and have not expired, and the presigned URLs that they have made"
    if moment:
        yield f"  the last of those begun before {instant(moment)} ends at " + instant(
            moment + timedelta(seconds=done.found.max_session)
        )
    if TRUST in done.changes:
        yield "whoever the trust policy lets in can begin new ones"
