"""Examples of what a grant denies, each proved from the statements: it holds for every request of its kind."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address

from crossrole.iam.arn import account_of, bucket_arn, session_arn
from crossrole.iam.policy import Policy, Statement, principals_of, texts
from crossrole.iam.session_denials import is_deny_all
from crossrole.report.access import EVERY, Access, Place, place_of
from crossrole.report.allowed import accesses, is_through_s3, outside_s3
from crossrole.report.callers import WIDE, Caller, begins
from crossrole.report.conditions import addresses, mfa_age, named, until
from crossrole.report.patterns import fits, is_pattern, may_match, surely_matches, widened
from crossrole.report.state import state_of
from crossrole.report.words import Name, Names, Words, duration, listed, moment
from crossrole.templates.grant import Grant
from crossrole.templates.inventory import Inventory

_WORDS = {"write": "writing ", "read": "reading ", "delete": "deleting "}
_ACTIONS = {"read": "s3:GetObject", "write": "s3:PutObject", "delete": "s3:DeleteObject"}


@dataclass(frozen=True)
class Surroundings:
    """What beside a grant's own policies decides on what its sessions do."""

    inventory: Inventory
    owners: Mapping[str, str]
    """The accounts of the buckets that templates make or have a policy for, by ARN."""
    open_accounts: Collection[str]
    """The accounts in which the templates have what is not evaluated and may give access outside S3."""
    names: Names
    now: datetime


def denied_of(grant: Grant, callers: Sequence[Caller], around: Surroundings) -> list[Words]:
    """Return what the grant denies at this moment to every request of its kind.

    A request that a policy outside the templates may allow is not among them.
    """
    sessions = _sessions_of(grant, around)
    return [*_in_s3(grant, sessions), *_outside_s3(grant, sessions, around), *_assuming(grant, callers, around)]


@dataclass(frozen=True)
class _Sessions:
    """The statements that may decide on what a grant's sessions do."""

    allows: Sequence[Statement]
    denies: Sequence[Statement]
    boundary: Sequence[Statement] | None
    """The Allow statements of the permissions boundary; None where it has none, or its statements are not known."""
    of_resources: Sequence[Statement]
    """The Allow statements of policies of resources in the same account that may name the role."""
    are_all: bool
    """Whether all of the role's own policies are in the templates."""

    def deny(self, action: str, resource: str) -> bool:
        """Return whether every request of the action on a resource that fits a pattern is denied."""
        if any(surely_matches(each, action, resource) for each in self.denies):
            return True
        if any(may_match(each, action, resource) for each in self.of_resources):
            return False
        limits = [self.allows] if self.are_all else []
        limits += [self.boundary] if self.boundary is not None else []
        return any(not any(_may_allow(each, action, resource) for each in allowing) for allowing in limits)

    def only(self, action: str) -> list[Place] | None:
        """Return the places that an action of S3 is denied outside of; None where they can't be told."""
        if not self.are_all or any(may_match(each, action, "arn:*:s3:::*") for each in self.of_resources):
            return None
        allowing = [each for each in self.allows if _may_allow(each, action, "arn:*:s3:::*")]
        resources = [resource for each in allowing for resource in texts(each.get("Resource"))]
        if any("Resource" not in each for each in allowing) or any(widened(each) != each for each in resources):
            return None
        places = [place_of(resource) for resource in resources]
        return [each for each in places if each] if all(places) else None


def _may_allow(statement: Statement, action: str, resource: str) -> bool:
    # Through an access point a bucket is reached under another ARN.
    others = [each for each in texts(statement.get("Resource")) if place_of(each) is None and ":s3" in each]
    return may_match(statement, action, resource) or any(may_match(statement, action, each) for each in others)


def _sessions_of(grant: Grant, around: Surroundings) -> _Sessions:
    role, own = grant.role, grant.role.policies
    beside = [
        policy
        for arn, policy in around.inventory.resource_policies.items()
        if ":role/" not in arn and (account_of(arn) or around.owners.get(arn, grant.account)) == grant.account
    ]
    return _Sessions(
        allows=[each for policy in own for each in policy.may_allow if not _is_over(each, around.now)],
        denies=[each for policy in own for each in policy.statements if each["Effect"] == "Deny"],
        boundary=_allowing(role.boundary) if role.boundary else None,
        of_resources=[each for policy in beside for each in _allowing(policy) if _may_name(each, grant)],
        are_all=not role.elsewhere,
    )


def _allowing(policy: Policy) -> list[Statement]:
    return policy.may_allow


def _is_over(statement: Statement, now: datetime) -> bool:
    end = until(statement)
    return end is not None and end <= now


def _may_name(statement: Statement, grant: Grant) -> bool:
    """Return whether a resource's policy may allow the role by itself: naming its account leaves that to the role's."""
    session = session_arn(grant.arn, EVERY)
    return any(each in {EVERY, grant.arn} or fits(each, session) for each in principals_of(statement))


def _in_s3(grant: Grant, sessions: _Sessions) -> Iterator[Words]:
    places = accesses(grant)
    place = next((each for each in places if each.objects), places[0] if places else None)
    if place is None:
        return
    arn = bucket_arn(grant.partition, place.bucket)
    for verb, word in _WORDS.items():
        if sessions.deny(_ACTIONS[verb], f"{arn}/{place.keys}"):
            yield (word, *place.object_words)
    if sessions.deny("s3:ListBucket", arn):
        yield ("listing ", *_bucket(place.bucket, ""))
    for verb in [each for each in _WORDS if {each, "everything"} & set(place.verbs)][:1]:
        yield from _elsewhere_in_s3(sessions, verb, place)
    if sessions.deny("s3:DeleteBucket", arn):
        yield ("deleting ", *_bucket(place.bucket, "the bucket "))


def _bucket(bucket: str, what: str) -> Words:
    if bucket == EVERY:
        return ("any bucket",)
    return ("a bucket whose name fits " if is_pattern(bucket) else what, Name(bucket))


def _elsewhere_in_s3(sessions: _Sessions, verb: str, place: Access) -> Iterator[Words]:
    """Yield that objects outside what the grant names are denied."""
    allowed = sessions.only(_ACTIONS[verb])
    if not allowed or any(is_pattern(each.bucket) for each in allowed):
        return
    keys = [key for each in allowed if each.bucket == place.bucket for key in each.keys]
    prefixes = [key.removesuffix(EVERY) for key in keys if key.endswith(EVERY)]
    if EVERY not in keys and len(prefixes) == len(keys) and not any(map(is_pattern, prefixes)):
        yield (f"{_WORDS[verb]}an object outside ", *listed(map(Name, dict.fromkeys(prefixes))))
    buckets = list(dict.fromkeys(each.bucket for each in allowed if each.keys))
    if len(buckets) == 1:
        yield (f"{_WORDS[verb]}an object in another bucket",)
    else:
        yield (f"{_WORDS[verb]}an object in a bucket other than ", *listed(map(Name, buckets)))


def _outside_s3(grant: Grant, sessions: _Sessions, around: Surroundings) -> Iterator[Words]:
    """Yield that all other services are denied, where no statement and nothing that is not evaluated may open one."""
    of_resources = [each for each in sessions.of_resources if not is_through_s3(each)]
    closed = (
        sessions.are_all
        and grant.account not in around.open_accounts
        and not outside_s3(sessions.allows)
        and not outside_s3(of_resources)
    )
    if closed or any(map(is_deny_all, sessions.denies)):
        keys = any(map(is_through_s3, [*sessions.allows, *sessions.of_resources]))
        but = " but the use of keys through S3" if keys else ""
        yield (f"anything outside S3{but}, such as reading a secret",)


def _assuming(grant: Grant, callers: Sequence[Caller], around: Surroundings) -> Iterator[Words]:
    if not callers:
        return
    words = [*_strangers(grant, callers, around), *_missing(begins(grant), callers, around)]
    yield from (("assuming the role ", *each) for each in words)


def _strangers(grant: Grant, callers: Sequence[Caller], around: Surroundings) -> Iterator[Words]:
    """Yield callers that are denied, whatever their requests carry."""
    first = callers[0]
    if state_of(grant, around.now).label in {"disabled", "expired"}:
        yield ("as ", *first.words)
    of_account = [each for each in callers if each.account == first.account or not each.account]
    if first.account and all(_is_one(each) or each.kind == "identity provider" for each in of_account):
        yield ("as any other role or user of ", *around.names.account(first.account))
    if all(each.account or each.kind == "identity provider" for each in callers):
        yield ("from any other account",) if any(each.account for each in callers) else ("from any account",)
    elif all(each.kind in {"organization", "unit"} for each in callers):
        yield ("from outside the organization",)


def _is_one(caller: Caller) -> bool:
    """Return whether it is one role, user or session, or those of one permission set."""
    whole = caller.kind == "permission set" or not is_pattern(caller.name)
    return bool(caller.account) and caller.kind not in WIDE and whole


def _missing(statements: Sequence[Statement], callers: Sequence[Caller], around: Surroundings) -> Iterator[Words]:
    """Yield ways to miss what every statement of the trust policy requires."""
    if all(named(each, "sts:externalid") for each in statements):
        yield ("with another external id",)
    ages = [mfa_age(each) for each in statements]
    if None not in ages:
        yield (f"with an MFA code older than {duration(max(filter(None, ages), default=0))}",)
    is_member = all(named(each, "aws:principalorgid") for each in statements)
    if is_member and not any(each.kind in WIDE for each in callers):
        yield ("from outside the organization",)
    ranges = [addresses(each) for each in statements]
    if None not in ranges:
        allowed = [network for each in ranges for network in each or []]
        # https://www.rfc-editor.org/rfc/rfc5737
        examples = ("192.0.2.1", "198.51.100.1", "203.0.113.1")
        outside = (each for each in examples if not any(ip_address(each) in network for network in allowed))
        yield from (("from another address, such as ", Name(each)) for each in list(outside)[:1])
    ends = [until(each) for each in statements]
    if None not in ends and (end := max(filter(None, ends), default=around.now)) > around.now:
        yield (f"after {moment(end)}",)
