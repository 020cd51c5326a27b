"""What the policies of buckets, keys and queues open to others by themselves, without a grant."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from crossrole.iam.arn import account_of
from crossrole.iam.policy import Policy, Statement
from crossrole.report.allowed import allowances_of
from crossrole.report.callers import Caller, callers_in
from crossrole.report.words import MAY, Name, Names, Words, bucket_of, listed, may_within
from crossrole.templates.intrinsics import Template
from crossrole.templates.inventory import Inventory


@dataclass(frozen=True)
class Opening:
    """What one statement, or an ACL, lets one caller do that is not of the resource's own account."""

    resource: str
    """The resource's ARN."""
    name: Words
    """The resource in a sentence."""
    caller: Caller
    what: Words
    """What the caller may do."""
    is_public: bool
    """Whether it is everyone, and nothing narrows who that is."""
    is_blocked: bool
    """Whether Block Public Access of the template keeps the public out all the same."""
    may: str = MAY
    """The words between the caller and what it may do."""

    @property
    def words(self) -> Words:
        """Who may do what, and under which conditions."""
        only = (", only if the caller ", *listed(self.caller.conditions)) if self.caller.conditions else ()
        blocked = ("; its Block Public Access keeps out who is not of its account",) if self.is_blocked else ()
        return (*self.caller.words, self.may, *self.what, *only, *blocked)


def openings_of(
    templates: Sequence[Template], inventory: Inventory, owners: Mapping[str, str], names: Names
) -> tuple[Opening, ...]:
    """Return what policies of resources open to other accounts and to the public; `owners` are buckets' accounts."""
    found = [
        opening
        for arn, policy in inventory.resource_policies.items()
        if ":role/" not in arn
        for opening in _of_policy(inventory, arn, policy, account_of(arn) or owners.get(arn, ""), names)
    ]
    may = may_within(inventory)
    return tuple(replace(each, may=may) for each in dict.fromkeys([*found, *_by_acls(templates, inventory)]))


# https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl
_ACLS = {
    "PublicRead": ("everyone on the internet", "list every object in the bucket "),
    "PublicReadWrite": ("everyone on the internet", "list and write every object in the bucket "),
    "AuthenticatedRead": ("everyone in AWS", "list every object in the bucket "),
}


def _by_acls(templates: Sequence[Template], inventory: Inventory) -> Iterator[Opening]:
    """Yield what the ACLs of buckets open."""
    for template in templates:
        for logical_id, resource in template.resources.items():
            acl = template.properties(logical_id).get("AccessControl")
            if resource.get("Type") == "AWS::S3::Bucket" and isinstance(acl, str) and acl in _ACLS:
                arn, (who, what) = template.arn(logical_id), _ACLS[acl]
                bucket = Name(bucket_of(arn))
                yield Opening(
                    arn,
                    ("the bucket ", bucket),
                    Caller("everyone", "", "", "*", pinned=False, conditions=(), narrowed=False, words=(who,)),
                    (what, bucket, ", by its ACL"),
                    is_public=True,
                    is_blocked=bool(inventory.buckets[arn].public_access_block.get("IgnorePublicAcls")),
                )


def _of_policy(inventory: Inventory, arn: str, policy: Policy, owner: str, names: Names) -> Iterator[Opening]:
    bucket = inventory.buckets.get(arn)
    block = bucket.public_access_block if bucket else {}
    for statement in policy.statements:
        if statement["Effect"] == "Allow":
            for caller in callers_in(statement, names):
                if caller.is_outside(owner):
                    everyone = caller.kind == "everyone"
                    yield Opening(
                        arn,
                        name_of_resource(arn, names),
                        replace(caller, words=("everyone on the internet",))
                        if everyone and _takes_anyone(arn)
                        else caller,
                        _what(statement, arn, names),
                        is_public=everyone and not caller.narrowed,
                        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
                        is_blocked=everyone and bool(block.get("RestrictPublicBuckets")),
                    )


def _takes_anyone(arn: str) -> bool:
    """Return whether the service answers a request that nobody has signed."""
    return arn.split(":")[2] in {"s3", "sqs", "sns"}


def _what(statement: Statement, arn: str, names: Names) -> Words:
    # A key's policy names the key as "*".
    own: Sequence[Statement] = [{**statement, "Resource": arn}] if ":kms:" in arn else [statement]
    bare = [{key: value for key, value in each.items() if key != "Condition"} for each in own]
    return listed(allowances_of(bare, names)) or ("do nothing with ", *name_of_resource(arn, names))


def name_of_resource(arn: str, names: Names) -> Words:
    """Return a bucket, key, queue or the like in a sentence."""
    service, name = arn.split(":")[2], bucket_of(arn)
    kinds = {"s3": "the bucket ", "sqs": "the queue ", "sns": "the topic "}
    return names.key(arn) if service == "kms" else (kinds.get(service, ""), Name(name if service in kinds else arn))
