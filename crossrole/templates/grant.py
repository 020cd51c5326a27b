"""What a grant requires of its callers and allows their sessions, read from the templates' policies."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from crossrole.errors import CommandError
from crossrole.iam.actions import ASSUME
from crossrole.iam.arn import partition_of, resource_of
from crossrole.iam.policy import Policy, Statement, overlap, texts, trusted
from crossrole.iam.quotas import ROLE_CHAINING_LIMIT
from crossrole.iam.session_denials import denies_everyone, is_deny_all
from crossrole.templates.inventory import Identity, Inventory
from crossrole.unknown import unknowns_in

_EQUAL, _WITHIN, _UNTIL, _FROM = "StringEquals", "NumericLessThanEquals", "DateLessThan", "IpAddress"


@dataclass(frozen=True)
class Reach:
    """Actions that one statement allows on keys of a bucket; `prefix` is "" where every key is meant."""

    actions: tuple[str, ...]
    bucket: str
    """The bucket's name, or "*" for every bucket of the account."""
    prefix: str
    on_objects: bool
    """Whether the actions work on objects, and not on the bucket itself."""
    statement: Statement


@dataclass(frozen=True)
class Grant:
    """One role of the templates that principals of other accounts may assume."""

    role: Identity
    trust: Policy
    region: str
    """The region to work in: the bucket's where a template makes it, else that of the role's stack."""

    @property
    def name(self) -> str:
        """The role's name."""
        return self.role.name

    @property
    def arn(self) -> str:
        """The role's ARN."""
        return self.role.arn

    @property
    def account(self) -> str:
        """The account that the role is in: production's."""
        return self.role.account

    @property
    def partition(self) -> str:
        """The ARN partition that the role is in, such as `aws` or `aws-cn`."""
        return partition_of(self.arn)

    @property
    def principals(self) -> list[str]:
        """The principals that the trust policy trusts, as it names them: ARNs and ARN patterns, account ids, or "*"."""
        return trusted(self.trust)

    @property
    def external_id(self) -> str | None:
        """The external ID that every caller must send."""
        return next(iter(self._wanted("sts:externalid", _EQUAL)), None)

    @property
    def mfa_max_age(self) -> int | None:
        """Seconds since the caller's MFA that are allowed; None where no MFA is asked for."""
        ages = [int(each) for each in self._wanted("aws:multifactorauthage", _WITHIN)]
        return min(ages) if ages else None

    @property
    def organizations(self) -> list[str]:
        """The organizations that a caller's account must belong to one of."""
        return self._wanted("aws:principalorgid", _EQUAL)

    @property
    def source_ips(self) -> list[str]:
        """The address ranges that a caller must come from."""
        return self._wanted("aws:sourceip", _FROM)

    @property
    def expires(self) -> datetime | None:
        """The moment from which nobody can assume the role."""
        moments = [datetime.fromisoformat(each) for each in self._wanted("aws:currenttime", _UNTIL)]
        return min(moments) if moments else None

    @property
    def revoked_before(self) -> datetime | None:
        """The moment that a session must not be older than."""
        moments = [
            datetime.fromisoformat(moment)
            for policy in self.role.policies
            for statement in policy.statements
            if statement["Effect"] == "Deny"
            for keys in statement.get("Condition", {}).values()
            for key, moment in keys.items()
            if key.lower() == "aws:tokenissuetime"
        ]
        return max(moments) if moments else None

    @property
    def disabled(self) -> bool:
        """Whether nobody can assume the role: the trust policy denies it to everyone, on no condition."""
        return any(map(denies_everyone, self.trust.statements))

    @property
    def sessions_shut(self) -> bool:
        """Whether the permissions policies deny everything, on no condition."""
        return any(is_deny_all(each) for policy in self.role.policies for each in policy.statements)

    @property
    def services(self) -> list[str]:
        """The AWS services that the trust policy trusts."""
        return self._other_principals("Service")

    @property
    def federations(self) -> list[str]:
        """The identity providers that the trust policy trusts."""
        return self._other_principals("Federated")

    @property
    def takes_source_identity(self) -> bool:
        """Whether a caller may set a source identity."""
        return bool(self._allowing("sts:SetSourceIdentity"))

    @property
    def session_tags(self) -> list[str]:
        """The keys that a caller may tag its session with."""
        keys = [
            key
            for statement in self._allowing("sts:TagSession")
            for name, values in statement.get("Condition", {}).get("ForAllValues:StringEquals", {}).items()
            if name.lower() == "aws:tagkeys"
            for key in texts(values)
        ]
        return list(dict.fromkeys(keys))

    @property
    def max_session(self) -> int:
        """Seconds that a session may last."""
        return self.role.asked_session or self.role.max_session or ROLE_CHAINING_LIMIT

    def longest_session(self, *, chained: bool) -> int:
        """Return the seconds that a session may last; one that a role's credentials ask for is chained."""
        return min(self.max_session, ROLE_CHAINING_LIMIT) if chained else self.max_session

    @property
    def reaches(self) -> list[Reach]:
        """What the permissions policies allow in S3, statement by statement."""
        return [
            reach for policy in self.role.policies for statement in policy.statements for reach in _reaches(statement)
        ]

    def _allowing(self, action: str) -> list[Statement]:
        return [
            each
            for each in self.trust.statements
            if each["Effect"] == "Allow" and any(overlap(text, action) for text in texts(each.get("Action")))
        ]

    def _other_principals(self, kind: str) -> list[str]:
        principals = [each.get("Principal") for each in self.trust.statements if each["Effect"] == "Allow"]
        named = [name for each in principals if isinstance(each, Mapping) for name in texts(each.get(kind))]
        return list(dict.fromkeys(named))

    def _wanted(self, key: str, operator: str) -> list[str]:
        """Return the values of a key that every Allow statement requires; none where one statement requires none."""
        of_statements = [
            {
                value
                for name, values in statement.get("Condition", {}).get(operator, {}).items()
                if name.lower() == key
                for value in texts(values)
            }
            for statement in self._allowing(ASSUME)
        ]
        return sorted(set.intersection(*of_statements)) if of_statements else []


def grant_of(inventory: Inventory, name: str) -> Grant:
    """Return the grant of that name or role ARN.

    Raises `CommandError` with the nearest names where there is none, and for a statement that can't be read.
    """
    role = inventory.grant(name)
    policies = [*role.policies, *([role.trust] if role.trust else [])]
    statements = [each for policy in policies for each in policy.statements]
    for unknown in unknowns_in([role.arn, *(each["Effect"] for each in statements)]):
        if unknown.shape is None:
            raise CommandError(unknown.text)
    return _grant(inventory, role)


def grants_of(inventory: Inventory) -> list[Grant]:
    """Return every grant of the templates."""
    return [_grant(inventory, role) for role in inventory.grants]


def _grant(inventory: Inventory, role: Identity) -> Grant:
    if role.trust is None:
        raise CommandError(f"{role.arn} has no trust policy in the templates")
    grant = Grant(role, role.trust, role.region)
    regions = {
        bucket.region
        for reach in grant.reaches
        for arn, bucket in inventory.buckets.items()
        if arn.rpartition(":")[2] == reach.bucket
    }
    return Grant(role, role.trust, regions.pop()) if len(regions) == 1 else grant


def _reaches(statement: Statement) -> Iterator[Reach]:
    if statement["Effect"] != "Allow":
        return
    actions = tuple(each for each in texts(statement.get("Action")) if each == "*" or each.lower().startswith("s3:"))
    for resource in texts(statement.get("Resource")) if actions else []:
        name = resource_of(resource)
        bucket, slash, keys = name.partition("/")
        for prefix in [keys] if slash else _listed_prefixes(statement):
            yield Reach(actions, bucket, prefix.removesuffix("*"), on_objects=bool(slash), statement=statement)


def _listed_prefixes(statement: Statement) -> list[str]:
    return texts(statement.get("Condition", {}).get("StringLike", {}).get("s3:prefix")) or [""]
