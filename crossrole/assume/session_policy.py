"""A session policy that narrows what a grant gives: to some of its actions, to keys under a longer prefix."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from crossrole.errors import CommandError, nearest
from crossrole.iam.actions import carries, details, known_action
from crossrole.iam.policy import VERSION, Statement, overlap, texts
from crossrole.iam.quotas import SESSION_POLICY
from crossrole.templates.grant import Grant

_PREFIX = re.compile(r"[\w!.()=@:+,/-]+", re.ASCII)
_LISTINGS = ("s3:ListBucket", "s3:ListBucketVersions")


def narrowed(grant: Grant, *, only: Sequence[str], prefix: str | None) -> str | None:
    """Return the session policy, or None where nothing is to be narrowed.

    A session may do what the role's policies and this one allow, so the role's conditions hold without being said
    again. https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session
    Raises `CommandError` for an action that the grant does not give and for a prefix outside of the grant's.
    """
    if not only and prefix is None:
        return None
    wanted = [known_action(each) for each in only]
    given = [each for policy in grant.role.policies for each in policy.statements if each["Effect"] == "Allow"]
    for action in wanted:
        _must_be_given(grant, action, given)
    if prefix is not None:
        _must_be_inside(grant, prefix)
    statements = [each for statement in given for each in _narrowed(statement, wanted, prefix)]
    if not any(_of_s3(each["Action"]) for each in statements):
        raise CommandError(f"nothing that {grant.name} gives is left under {prefix}; leave out --prefix")
    policy = json.dumps({"Version": VERSION, "Statement": statements}, separators=(",", ":"))
    if len(policy) > SESSION_POLICY:
        raise CommandError(
            f"the session policy would have {len(policy)} characters, and STS takes {SESSION_POLICY}; "
            "name fewer actions with --only, or a shorter --prefix"
        )
    return policy


def _narrowed(statement: Statement, wanted: Sequence[str], prefix: str | None) -> Iterator[dict[str, Any]]:
    actions, resources = texts(statement.get("Action")), texts(statement.get("Resource"))
    if not _of_s3(actions):
        # The bucket's key: without it the objects can't be read or written.
        yield _allow(actions, resources)
        return
    kept = [each for each in wanted if _gives(actions, each)] if wanted else actions
    if not kept:
        return
    if prefix is None:
        yield _allow(kept, resources)
        return
    objects = [f"{each.partition('/')[0]}/{prefix}*" for each in resources if "/" in each]
    on_objects = [each for each in kept if _works_on("object", each)]
    if objects and on_objects:
        yield _allow(on_objects, list(dict.fromkeys(objects)))
    buckets = [each for each in resources if "/" not in each]
    # Of what a pattern allows on a bucket as a whole, only a listing can be held to a prefix.
    on_buckets = [each for name in kept for each in (_LISTINGS if "*" in name else [name])]
    listings = [each for each in on_buckets if carries(each, "s3:prefix")]
    others = [each for each in on_buckets if each not in listings and not _works_on("object", each)]
    if buckets and listings:
        yield _allow(listings, buckets) | {"Condition": {"StringLike": {"s3:prefix": f"{prefix}*"}}}
    if buckets and others:
        yield _allow(others, buckets)


def _works_on(resource_type: str, action: str) -> bool:
    return "*" in action or any(each["name"] == resource_type for each in details(action)["resourceTypes"])


def _allow(actions: list[str], resources: list[str]) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources}


def _of_s3(actions: Sequence[str]) -> bool:
    return any(overlap(each, "s3:*") or each.lower().startswith("s3:") for each in actions)


def _gives(actions: Sequence[str], action: str) -> bool:
    return any(overlap(each, action) for each in actions)


def _must_be_given(grant: Grant, action: str, given: Sequence[Statement]) -> None:
    actions = list(dict.fromkeys(each for statement in given for each in texts(statement.get("Action"))))
    of_s3 = [each for each in actions if _of_s3([each])]
    if not _gives(of_s3, action):
        meant = nearest(action, of_s3) or f"; it gives {', '.join(of_s3)}"
        raise CommandError(f"--only {action}: {grant.name} does not give it, and a session can only be narrowed{meant}")


def _must_be_inside(grant: Grant, prefix: str) -> None:
    if not _PREFIX.fullmatch(prefix) or prefix.startswith("/"):
        raise CommandError(f'--prefix "{prefix}" is not a key prefix; expected one such as {_example(grant)}')
    if any(each.bucket == "*" and each.prefix == "" and _is_narrowable(each.actions) for each in grant.reaches):
        raise CommandError(
            f"--prefix can't narrow {grant.name}, which is for every bucket: IAM's * crosses slashes, so that "
            f"x/{prefix} would be open too"
        )
    outside = sorted({each.prefix for each in grant.reaches if each.prefix and not prefix.startswith(each.prefix)})
    if outside:
        raise CommandError(
            f'--prefix "{prefix}" is outside of "{outside[0]}", which is all that {grant.name} reaches; '
            f"expected one such as {_example(grant)}"
        )


def _is_narrowable(actions: Sequence[str]) -> bool:
    return any(each.lower() != "s3:listallmybuckets" for each in actions)


def _example(grant: Grant) -> str:
    longest = max((each.prefix for each in grant.reaches), key=len, default="")
    return f"{longest}2026/"
