"""`crossrole restore GRANT`: take out of a role's policies what `revoke` has put there, and nothing else.

The trust policy comes first: what is killed between the two calls leaves the role denying, and the same line again
finishes it.
"""

from dataclasses import dataclass, replace

from crossrole.environment import Environment
from crossrole.errors import CommandError
from crossrole.iam.names import REVOCATION_POLICY
from crossrole.iam.policy import instant
from crossrole.iam.session_denials import Document, denies_everything, is_shut, moment_of, statements_of
from crossrole.live.sessions import as_command_error, live_session
from crossrole.revoke.changes import READ_BACK_WITHIN, Change, Done, Plan, needed, read_back, write
from crossrole.revoke.deployed_role import TRUST, Iam
from crossrole.revoke.statements import is_ours, restored
from crossrole.templates.grant import Grant


@dataclass(frozen=True, kw_only=True)
class Restored(Done):
    """What became of a restoration."""

    dry_run: bool

    @property
    def left(self) -> list[str]:
        """What still denies, and is not ours."""
        policy = self.document(REVOCATION_POLICY)
        moment = moment_of(policy, None)
        others = {**self.plan.found.inline, REVOCATION_POLICY: policy}
        trust = self.document(TRUST)
        return [
            *([f"{REVOCATION_POLICY} denies sessions begun before {instant(moment)}"] if moment else []),
            *(f"{name} denies everything" for name, each in others.items() if denies_everything(each, name)),
            *(["the trust policy denies everyone"] if trust and is_shut(trust) else []),
        ]


def restore(grant: Grant, *, profile: str, dry_run: bool, environment: Environment) -> Restored:
    """Take our statements out; raises `CommandError` where nothing was changed."""
    with as_command_error(profile):
        iam = Iam(live_session(profile, region=grant.region), grant, environment)
        iam.expect_account(profile)
        role = iam.role()
    plan = Plan(grant, role, needed(role, [_change(grant, TRUST), _change(grant, REVOCATION_POLICY)]))
    if dry_run or not plan.changes:
        return Restored(plan, dry_run=dry_run)
    done = Restored(plan, tuple(write(plan, iam, environment, profile=profile)), dry_run=dry_run)
    if done.wrong:
        return done
    check, _ = read_back(
        iam,
        environment,
        lambda found: not any(_holds_ours(found.document(name), name) for name in (REVOCATION_POLICY, TRUST)),
        profile=profile,
        yes="IAM answers the role back without it",
        no=f"IAM still answers with it after {READ_BACK_WITHIN:.0f} s",
    )
    return replace(done, checks=(check,))


def _change(grant: Grant, name: str) -> Change:
    return Change(
        name,
        changed=lambda found: _without_ours(found, name, grant),
        is_made=lambda found: not _holds_ours(found, name),
        doing=f"write the {name} of {grant.name} without what revoke added",
        if_full="look at the role's policies in IAM",
        if_not_made=f"; the {name} still denies: run the same line again",
    )


def _without_ours(found: Document | None, name: str, grant: Grant) -> Document | None:
    document = restored(found, _in_words(name))
    if document is None and name == TRUST:
        raise CommandError(
            f"the trust policy of {grant.name} would be empty, which IAM does not take; look at it in IAM"
        )
    return document


def _holds_ours(document: Document | None, name: str) -> bool:
    return document is not None and any(map(is_ours, statements_of(document, _in_words(name))))


def _in_words(name: str) -> str:
    return f"the {name}" if name == TRUST else name
