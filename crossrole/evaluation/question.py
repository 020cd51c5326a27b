"""The question that `can` is asked, made of the words on the command line."""

import re
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

from crossrole.engines.simulator import Context
from crossrole.errors import CommandError, nearest
from crossrole.iam.actions import known_action, works_on_no_resource
from crossrole.iam.arn import bucket_arn, is_role, name_of, parse_arn, parse_principal, role_arn
from crossrole.iam.policy import Policy
from crossrole.templates.identity_providers import IdentityProvider
from crossrole.templates.inventory import Identity, Inventory
from crossrole.unknown import has_unknowns, without_unknowns, worded


@dataclass(frozen=True)
class Question:
    """May the caller, itself or as a session of `via`, do the action on the resource: what `can` is asked."""

    caller: str
    via: Identity | None
    action: str
    resource: str
    given: Context
    now: datetime
    session: str | None = None
    """The name of the caller's session, where the question is about one session of a role."""
    session_policy: Policy | None = None
    """The policy that the acting session was begun with, which limits it."""
    token: IdentityProvider | None = None
    """Who signed the token that the caller brings; the caller is the provider's ARN then."""
    shown: str = ""
    """How the caller was named, where that is not its ARN."""

    @property
    def asker(self) -> str:
        """The caller as output names it."""
        return self.shown or self.caller

    @property
    def actor(self) -> str:
        """The ARN of the principal that does the action itself."""
        return self.via.arn if self.via else self.caller


def question_of(
    inventory: Inventory,
    *,
    caller: str,
    via: str | None,
    action: str,
    resource: str,
    given: Context,
    now: datetime,
    session_policy: Policy | None = None,
) -> Question:
    """Return the question that the words ask; raises `CommandError` for words that mean nothing here."""
    known, whole = known_resource(inventory, action, resource)
    if token := _token(inventory, caller):
        return _with_a_token(inventory, token, caller, via=via, action=known, resource=whole, given=given, now=now)
    arn, session = _caller(inventory, caller)
    if session_policy and not via and not is_role(arn):
        raise CommandError(f"{arn} is a user, and a session policy limits a role's session; ask via GRANT")
    return Question(
        caller=arn,
        session=session,
        session_policy=session_policy,
        via=inventory.grant(via) if via else None,
        action=known,
        resource=whole,
        given=given,
        now=now,
    )


def _token(inventory: Inventory, text: str) -> IdentityProvider | None:
    """Return whose token the text names as NAME:SUBJECT; None where it names no token."""
    name, colon, _ = text.partition(":")
    if text.startswith("arn:") or not colon:
        return None
    if name not in inventory.identity_providers:
        known = list(inventory.identity_providers)
        others = f"; the roles trust tokens of {', '.join(known)}" if known else "; no role trusts a token"
        raise CommandError(f'"{name}" is not the name of an identity provider{nearest(name, known) or others}')
    return inventory.identity_providers[name]


def _with_a_token(
    inventory: Inventory,
    token: IdentityProvider,
    text: str,
    *,
    via: str | None,
    action: str,
    resource: str,
    given: Context,
    now: datetime,
) -> Question:
    if via is None and action != token.action:
        raise CommandError(f"a token does nothing but {token.action}; ask {text} via GRANT")
    folded = {key.lower() for key in given}
    claims = {key: value for key, value in token.carried(text.partition(":")[2]).items() if key.lower() not in folded}
    return Question(
        caller=token.arn,
        via=inventory.grant(via) if via else None,
        action=action,
        resource=resource,
        given={**claims, **given},
        now=now,
        token=token,
        shown=text,
    )


def _caller(inventory: Inventory, text: str) -> tuple[str, str | None]:
    """Return the ARN of the user or role, and the name of the session where the text names one."""
    if not text.startswith("arn:"):
        return _in_unit(inventory, text) or _named(inventory, text), None
    if has_unknowns(text):
        return text, None
    if set(text) & set("*?"):
        one = re.sub(r"[*]|[?]+", "0123456789abcdef", text)
        raise CommandError(f'"{text}" stands for several callers; give one of them, such as {one}')
    arn = parse_principal(text)
    if arn.service != "sts":
        return text, None
    # A session's ARN leaves out the role's path, which the policies know.
    _, role, session = arn.resource.split("/")
    known = list(filter(None, (_as_role(each, arn.account, role) for each in inventory.named_principals())))
    if len(known) > 1:
        raise CommandError(f'"{text}" may be a session of {" or ".join(known)}; give the role\'s ARN')
    return known[0] if known else role_arn(arn.partition, arn.account, role), session


def _in_unit(inventory: Inventory, text: str) -> str | None:
    """Return the ARN of whoever has the policies of a StackSet in a unit's accounts; None for what is no unit."""
    found = [each for each in inventory.fleets.values() if text in {each.unit, each.path}]
    if len(found) > 1:
        raise CommandError(f'"{text}" has the policies of {" and of ".join(each.stack_set for each in found)}')
    if not found and re.fullmatch(r"(?:o-\w+/r-\w+/(?:ou-[\w-]+/)*)?(?:ou-[\w-]+|r-\w+)", text):
        units = list(dict.fromkeys(each.unit for each in inventory.fleets.values()))
        known = f"; the units are {', '.join(units)}" if units else "; no StackSet of the templates has any"
        raise CommandError(f'"{text}" is not a unit that a StackSet of the templates deploys to{known}')
    return found[0].arn if found else None


def _as_role(named: str, account: str, role: str) -> str | None:
    """Return the ARN of the role, if a name in the templates is its ARN, or a pattern that its ARN is like."""
    path, _, name = named.rpartition("/")
    fits = named.startswith("arn:") and f":{account}:role" in path and fnmatchcase(role, name.replace("[", "[[]"))
    return f"{path}/{role}" if fits else None


def _named(inventory: Inventory, name: str) -> str:
    known = [each for each in inventory.identities if each.arn not in inventory.fleets]
    found = [
        identity.arn
        for identity in known
        # A role that only the deployment names is called by its logical id.
        if name in {identity.name, identity.place.rpartition("/")[2] if has_unknowns(identity.arn) else identity.name}
    ]
    found = found or [each for each in inventory.named_principals() if name_of(each) == name]
    if len(found) == 1:
        return found[0]
    if found:
        raise CommandError(f'"{name}" is {" and ".join(map(worded, found))}; give the ARN of one')
    names = [worded(identity.name) for identity in known]
    raise CommandError(f'"{name}" is not a role or user in the templates{nearest(name, names)}')


def known_resource(inventory: Inventory, action_text: str, text: str) -> tuple[str, str]:
    """Return the action and the resource as AWS writes them; raises `CommandError` for words that are neither."""
    action = known_action(action_text)
    if works_on_no_resource(action):
        if text != "*":
            raise CommandError(f'{action} works on no single resource; write "*"')
        return action, text
    example = (
        bucket_arn(inventory.partition, "BUCKET/KEY")
        if action.startswith("s3:")
        else "the one that aws … describe shows"
    )
    if text.startswith("s3://"):
        meant = bucket_arn(inventory.partition, text.removeprefix("s3://"))
        raise CommandError(f'"{text}" is not an ARN; write {meant}')
    parse_arn(text, example=example)
    if not without_unknowns(text).isprintable():
        raise CommandError(f"{text!r} has a non-printable character; the two engines do not agree on such a resource")
    if "*" in text:
        raise CommandError(f"{text} stands for many resources; name one, such as {text.replace('*', 'example')}")
    return action, text
