"""What the statements of a grant's policies allow, and take away again, in words."""

from collections.abc import Iterator, Sequence, Set as AbstractSet
from datetime import datetime
from functools import cache

from crossrole.errors import CommandError
from crossrole.iam.actions import carries, details, known_action
from crossrole.iam.condition_keys import EVERY_ACTION, matching_actions
from crossrole.iam.condition_words import phrase
from crossrole.iam.policy import Statement, texts
from crossrole.iam.session_denials import is_deny_all, reach
from crossrole.report.access import EVERY, EVERYTHING_OF_S3, Access, accesses_of, meant, place_of, works_on
from crossrole.report.callers import begins
from crossrole.report.conditions import Condition, conditions_of, named
from crossrole.report.patterns import fits, is_pattern
from crossrole.report.words import Name, Names, Words, listed
from crossrole.templates.grant import Grant


def accesses(grant: Grant) -> list[Access]:
    """Return what the grant allows in S3, place by place, in the order of its policies."""
    return accesses_of(allows_of(grant))


def allows_of(grant: Grant) -> list[Statement]:
    """Return the Allow statements of the role's policies."""
    return [each for policy in grant.role.policies for each in policy.statements if each["Effect"] == "Allow"]


def allowances(grant: Grant, names: Names) -> list[Words]:
    """Return everything that the grant's policies allow, each as the end of a sentence that begins with "may"."""
    of_callers = [{each.as_compared for each in conditions_of(one)} for one in begins(grant)]
    found = allowances_of(allows_of(grant), names, said=set.intersection(*of_callers) if of_callers else set())
    found += [("do whatever the managed policy ", Name(each), " allows") for each in grant.role.managed_elsewhere]
    return list(dict.fromkeys(found))


def allowances_of(
    statements: Sequence[Statement], names: Names, *, said: AbstractSet[Condition] = frozenset()
) -> list[Words]:
    """Return what Allow statements allow; conditions among `said` are said elsewhere."""
    # A statement of all but what it names is said in its own words alone.
    plain = [each for each in statements if not {"NotAction", "NotResource"} & each.keys()]
    found = [each.words for each in accesses_of(plain)]
    for statement in statements:
        found += [*_beside(statement, names), *_unusual(statement, said)]
    return list(dict.fromkeys(found))


def _beside(statement: Statement, names: Names) -> Iterator[Words]:
    """Yield what a statement allows beside the keys of buckets and buckets themselves."""
    if "NotAction" in statement or "NotResource" in statement:
        yield ("do ", *what_words(statement))
        return
    actions = texts(statement.get("Action"))
    others = [each for each in actions if not each.lower().startswith("s3:") and each != EVERY]
    of_s3 = [each for each in actions if each.lower().startswith("s3:")]
    elsewhere = [each for each in texts(statement.get("Resource")) if place_of(each) is None]
    if of_s3 and elsewhere:
        yield ("do ", *listed(map(Name, of_s3)), " on ", *listed(map(Name, elsewhere)))
    yield from _of_the_account(statement)
    if others and all(each.lower().startswith("kms:") for each in others):
        keys = listed(map(names.key, texts(statement.get("Resource"))))
        yield ("use ", *keys, " through S3" if is_through_s3(statement) else " for anything")
    elif others:
        yield ("do ", *listed(map(Name, others)), *_on_words(statement))
    if EVERY in actions:
        yield ("do everything outside S3 too", *_on_words(statement))


def _of_the_account(statement: Statement) -> Iterator[Words]:
    """Yield the actions of S3 that work on no bucket, which only a statement on every bucket allows."""
    places = [place_of(each) for each in texts(statement.get("Resource"))]
    if not any(each and each.bucket == EVERY for each in places):
        return
    actions = [each for each in texts(statement.get("Action")) if each.lower() not in EVERYTHING_OF_S3]
    listing = [each for each in actions if "s3:listallmybuckets" in meant(each.lower())]
    others = [each for each in actions if meant(each.lower()) and each not in listing]
    if rest := [each for each in others if not works_on("object", each) and not works_on("bucket", each)]:
        yield ("do ", *listed(map(Name, rest)), *_on_words(statement))
    if listing:
        yield ("list the names of all buckets of the account",)


def is_through_s3(statement: Statement) -> bool:
    """Return whether a statement is on keys, and holds only for what S3 asks of them."""
    services = named(statement, "kms:viaservice")
    through = services is not None and all(fits(each, "s3.*.amazonaws.com*") for each in services.values)
    return through and all(each.lower().startswith("kms:") for each in texts(statement.get("Action", EVERY)))


def what_words(statement: Statement) -> Words:
    """Return a statement's actions and resources, after a "do"."""
    if "NotAction" in statement:
        what: Words = ("everything except ", *listed(map(Name, texts(statement["NotAction"]))))
    else:
        what = listed(map(Name, texts(statement.get("Action"))))
    return (*what, *_on_words(statement))


def _on_words(statement: Statement) -> Words:
    if "NotResource" in statement:
        return (" on everything except ", *listed(map(Name, texts(statement["NotResource"]))))
    resources = texts(statement.get("Resource"))
    return (" on every resource",) if EVERY in resources else (" on ", *listed(map(Name, resources)))


def _unusual(statement: Statement, said: AbstractSet[Condition]) -> Iterator[Words]:
    for each in conditions_of(statement):
        if each.as_compared not in said and not _is_said_with_the_place(statement, each):
            what = statement.get("Sid") or texts(statement.get("Action", EVERY))[0]
            yield ("of that, ", Name(what), " only if ", Name(phrase(each.operator, each.key, list(each.values))))


def _is_said_with_the_place(statement: Statement, condition: Condition) -> bool:
    _, key = condition.folded
    if named(statement, key) != condition:
        return False
    listing = all(
        meant(each.lower()) and all(carries(one, key) for one in meant(each.lower()))
        for each in texts(statement.get("Action"))
    )
    return (
        key == "aws:resourceaccount"
        or (key == "s3:prefix" and listing)
        or (key == "kms:viaservice" and is_through_s3(statement))
    )


def never(grant: Grant) -> list[Words]:
    """Return what Deny statements take away again, after a "do"; a grant's state says which sessions can do nothing."""
    found: list[Words] = []
    for statement in (each for policy in grant.role.policies for each in policy.statements):
        if statement["Effect"] == "Deny" and not is_deny_all(statement) and not _revokes_all(statement):
            where = [Name(phrase(each.operator, each.key, list(each.values))) for each in conditions_of(statement)]
            found.append((*what_words(statement), *((" where ", *listed(where)) if where else ())))
    return list(dict.fromkeys(found))


def revoked_before(grant: Grant) -> datetime | None:
    """Return the moment before which every session that began can do nothing; None where none is revoked."""
    denies = [each for policy in grant.role.policies for each in policy.statements if each["Effect"] == "Deny"]
    return max(filter(None, map(_revokes_all, denies)), default=None)


def _revokes_all(statement: Statement) -> datetime | None:
    moment, session = reach(statement)
    return moment if session is None else None


def gives_on(grant: Grant) -> list[str]:
    """Return the actions with which a session could give access to others, such as s3:PutBucketPolicy."""
    # Of s3:* it is said that it gives everything.
    return sorted(each for each in _actions(grant) - {"s3:*"} if _manages_permissions(each))


def becomes(grant: Grant) -> list[str]:
    """Return the actions with which a session could become other roles, or hand them to a service."""
    ways = ("sts:assumerole", "iam:passrole")
    return sorted(each for each in _actions(grant) if any(fits(way, each.lower()) for way in ways))


def outside_s3(statements: Sequence[Statement]) -> list[str]:
    """Return the actions of other services that statements name or take in, but for the use of keys through S3."""
    others = [each for each in statements if not is_through_s3(each)]
    named_ones = {action for each in others for action in texts(each.get("Action", EVERY))}
    return sorted(each for each in named_ones if not each.lower().startswith("s3:"))


def _actions(grant: Grant) -> set[str]:
    return {action for each in allows_of(grant) for action in texts(each.get("Action"))}


def everything_but(grant: Grant) -> list[str]:
    """Return what statements leave out that allow all else: their NotAction and NotResource."""
    names = ("NotAction", "NotResource")
    return list(dict.fromkeys(each for one in allows_of(grant) for name in names for each in texts(one.get(name))))


@cache
def _manages_permissions(action: str) -> bool:
    if action in EVERY_ACTION:
        return True
    meant = matching_actions(action) if is_pattern(action) else (action,)
    return any("Permissions management" in _access_level(each) for each in meant)


def _access_level(action: str) -> str:
    try:
        return str(details(known_action(action))["accessLevel"])
    except CommandError:
        return ""  # no action that AWS knows


def keys_of(grant: Grant) -> list[str]:
    """Return the ARNs of the keys that sessions may use."""
    named_keys = [
        resource
        for statement in allows_of(grant)
        if any(action.lower().startswith("kms:") for action in texts(statement.get("Action")))
        for resource in texts(statement.get("Resource"))
        if resource.startswith("arn:")
    ]
    return list(dict.fromkeys(named_keys))
