"""The buckets that grants reach or a template makes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossrole.iam.arn import bucket_arn
from crossrole.report.access import EVERY
from crossrole.report.allowed import accesses
from crossrole.report.openings import Opening
from crossrole.report.patterns import fits, is_pattern, overlap
from crossrole.report.words import Name, Names, Words, bucket_of, listed
from crossrole.templates.grant import Grant
from crossrole.templates.intrinsics import Template
from crossrole.templates.inventory import Inventory


@dataclass(frozen=True)
class BucketFacts:
    """A bucket, or a pattern of buckets that a grant reaches."""

    name: Name
    anchor: str
    account: str
    """Empty where no template says it."""
    where: Words
    encryption: Words
    grants: tuple[str, ...]
    """The ARNs of the grants that reach it."""
    openings: tuple[Opening, ...]
    """What its own policy opens to others."""


def buckets_of(
    templates: Sequence[Template],
    inventory: Inventory,
    grants: Sequence[Grant],
    openings: Sequence[Opening],
    names: Names,
) -> tuple[BucketFacts, ...]:
    """Return the buckets that templates make, and then those that only grants or policies name."""
    named = [(access.bucket, grant.arn) for grant in grants for access in accesses(grant)]
    made = _made(templates)
    opened = [bucket_of(each.resource) for each in openings if ":s3:" in each.resource]
    found = []
    for number, bucket in enumerate(dict.fromkeys([*made, *opened, *(name for name, _ in named)]), start=1):
        if bucket == EVERY:
            continue
        account = ""
        where: Words = ("exists already: no template makes it",)
        encryption: Words = ("as it is set there",)
        if is_pattern(bucket):
            where, encryption = ("every bucket whose name fits",), ("as it is set for each",)
        if bucket in made:
            template, properties = made[bucket]
            account = template.account
            where = (*names.account(account), ", ", Name(template.region))
            encryption = _encryption(properties, inventory.buckets[bucket_arn(template.partition, bucket)].key, names)
        found.append(
            BucketFacts(
                Name(bucket),
                f"bucket-{number}",
                account,
                where,
                encryption,
                tuple(dict.fromkeys(arn for name, arn in named if overlap(name, bucket))),
                tuple(each for each in openings if fits(each.resource, f"*:s3:::{bucket}")),
            )
        )
    return tuple(found)


def _made(templates: Sequence[Template]) -> dict[str, tuple[Template, Mapping[str, Any]]]:
    """Return the properties of each bucket that a template makes, with those that matter here resolved."""
    return {
        bucket_of(template.arn(logical_id)): (
            template,
            template.resolve(
                {key: each for key, each in template.properties(logical_id).items() if key == "BucketEncryption"},
                at=logical_id,
            ),
        )
        for template in templates
        for logical_id, resource in template.resources.items()
        if resource.get("Type") == "AWS::S3::Bucket"
    }


def _encryption(properties: Mapping[str, Any], key: str | None, names: Names) -> Words:
    if key:
        return ("a customer key that the templates make",) if key in names.keys else ("the customer key ", Name(key))
    rules = properties.get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration", [])
    algorithms = [rule.get("ServerSideEncryptionByDefault", {}).get("SSEAlgorithm", "") for rule in rules]
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html
    return listed(
        {"AES256": "S3's own keys", "aws:kms": "AWS's key for S3 in KMS"}.get(each, Name(each)) for each in algorithms
    ) or ("S3's own keys, by S3's default",)
