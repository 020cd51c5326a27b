"""The callers' own policies, and the buckets."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from crossrole.engines.simulator import Simulator
from crossrole.evaluation.assumptions import ASSUMED
from crossrole.evaluation.callers import representative
from crossrole.evaluation.question import Question
from crossrole.evaluation.requests import free, links_of, otherwise
from crossrole.iam.actions import ASSUME
from crossrole.iam.arn import account_of, bucket_arn
from crossrole.report.allowed import EVERY_BUCKET, accesses
from crossrole.report.callers import WIDE, Caller, callers_of
from crossrole.report.words import Name, Words, listed
from crossrole.templates.grant import Grant
from crossrole.templates.intrinsics import Template
from crossrole.templates.inventory import Inventory


@dataclass(frozen=True)
class Half:
    """A caller, the grants that trust it, and whether its own account lets it assume their roles."""

    caller: Words
    kind: str
    named: bool
    """Whether it is one role, user or permission set."""
    account: Name
    may: tuple[Name, ...]
    """The grants for which a template holds the caller's own policy."""
    elsewhere: tuple[Name, ...]
    """The grants for which the caller's own account must add its policy, outside the templates."""
    missing: tuple[Name, ...]
    """The grants that its policies in the templates do not let it assume."""


@dataclass(frozen=True)
class BucketFacts:
    """A bucket that grants reach or a template makes."""

    name: Name
    where: Words
    encryption: Words
    key: Name | None
    """The ARN of its customer key, where a template gives it one."""
    grants: tuple[Name, ...]


def halves_of(inventory: Inventory, simulator: Simulator, grants: Sequence[Grant], now: datetime) -> tuple[Half, ...]:
    """Return every caller that the grants trust, in the order of the grants."""
    pairs = [(caller, grant) for grant in grants for caller in callers_of(grant)]
    requests, open_ = [], []
    for caller, grant in pairs:
        principal = representative(caller.principal, grant.role, grant.partition).arn
        link = links_of(inventory, Question(principal, None, ASSUME, grant.arn, {}, now))[0]
        # Only the caller's own policy is asked about: an expired or disabled trust policy does not matter here.
        requests.append(replace(free(link), resource_policy=None, account=account_of(principal)))
        open_.append(bool(link.elsewhere))
    allowed = [each.allowed for each in simulator.decide(requests)]
    otherwise_allowed = [each.allowed for each in simulator.decide([otherwise(each) for each in requests])]
    made = [
        all(policy.template != ASSUMED for policy in request.identity) and not (more and there and not here)
        for request, more, here, there in zip(requests, open_, allowed, otherwise_allowed, strict=True)
    ]
    halves: dict[tuple[str, Words], dict[str, list[Name]]] = {}
    kinds: dict[tuple[str, Words], Caller] = {}
    for (caller, grant), known, may in zip(pairs, made, allowed, strict=True):
        key = (caller.principal, caller.words)
        kinds[key] = caller
        group = "elsewhere" if not known else "may" if may else "missing"
        halves.setdefault(key, {}).setdefault(group, []).append(Name(grant.name))
    return tuple(
        Half(
            caller.words if caller.kind in WIDE else (Name(caller.name),),
            caller.kind,
            caller.kind not in WIDE,
            Name(caller.account),
            *(tuple(dict.fromkeys(halves[key].get(group, []))) for group in ("may", "elsewhere", "missing")),
        )
        for key, caller in kinds.items()
    )


def buckets_of(templates: Sequence[Template], inventory: Inventory, grants: Sequence[Grant]) -> tuple[BucketFacts, ...]:
    """Return the buckets that templates make, and then those that only grants name."""
    named = [(access.bucket, Name(grant.name)) for grant in grants for access in accesses(grant)]
    made = {
        template.arn(logical_id).rpartition(":")[2]: (template, template.resolve(resource, at=logical_id))
        for template in templates
        for logical_id, resource in template.resources.items()
        if resource.get("Type") == "AWS::S3::Bucket"
    }
    found = []
    for bucket in dict.fromkeys([*made, *(name for name, _ in named)]):
        if bucket != EVERY_BUCKET:
            reaching = dict.fromkeys(grant for name, grant in named if name in {bucket, EVERY_BUCKET})
            key = None
            where: Words = ("exists already: no template makes it",)
            encryption: Words = ("as it is set there",)
            if bucket in made:
                template, resource = made[bucket]
                where = (Name(template.account), ", ", Name(template.region))
                key = inventory.buckets[bucket_arn(template.partition, bucket)].key
                encryption = _encryption(resource.get("Properties", {}), key)
            found.append(BucketFacts(Name(bucket), where, encryption, Name(key) if key else None, tuple(reaching)))
    return tuple(found)


def _encryption(properties: dict[str, Any], key: str | None) -> Words:
    if key:
        return ("the customer key ", Name(key))
    rules = properties.get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration", [])
    algorithms = [rule.get("ServerSideEncryptionByDefault", {}).get("SSEAlgorithm", "") for rule in rules]
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html
    return listed(
        {"AES256": "S3's own keys", "aws:kms": "AWS's key for S3 in KMS"}.get(each, Name(each)) for each in algorithms
    ) or ("S3's own keys, by S3's default",)
