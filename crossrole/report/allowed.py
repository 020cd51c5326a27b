"""What a grant's permissions policies allow, in words."""

from collections.abc import Iterator
from dataclasses import dataclass

from crossrole.errors import CommandError
from crossrole.iam.actions import details, known_action
from crossrole.iam.condition_keys import EVERY_ACTION, matching_actions
from crossrole.iam.condition_words import phrase
from crossrole.iam.policy import Statement, texts
from crossrole.report.words import Name, Words, listed
from crossrole.templates.grant import Grant

EVERY_BUCKET = "*"
_MULTIPART = {"s3:abortmultipartupload", "s3:listmultipartuploadparts"}
_VERBS = {"s3:getobject": "read", "s3:putobject": "write", "s3:deleteobject": "delete", "s3:listbucket": "list"}
# These conditions are described elsewhere: with the place, the conditions or the key.
_SAID = {"aws:resourceaccount", "s3:prefix", "aws:currenttime", "aws:sourceip", "kms:viaservice"}


@dataclass(frozen=True)
class Access:
    """The actions allowed on one place: the keys of a bucket under a prefix, or the bucket itself."""

    verbs: tuple[str, ...]
    """`read`, `write`, `delete`, `list`, or `everything`."""
    exact: tuple[str, ...]
    """Actions that no verb stands for."""
    bucket: str
    """The bucket's name, or "*" for every bucket."""
    prefix: str
    whole: bool
    """Whether it is every key, or the bucket itself."""

    @property
    def words(self) -> Words:
        """The allowed actions, as the end of a sentence that begins with "may"."""
        done: list[str | Words] = []
        if "everything" in self.verbs:
            done.append(("do everything (", Name("s3:*"), ")"))
        named = [verb for verb in ("read", "write", "delete", "list") if verb in self.verbs]
        if named:
            done.append(listed(named))
        if self.exact:
            done.append(("do ", *listed(map(Name, self.exact))))
        return (*listed(done), " ", *self._place)

    @property
    def _place(self) -> Words:
        everything, objects = "everything" in self.verbs, bool(set(self.verbs) - {"everything"})
        if self.bucket == EVERY_BUCKET:
            return ("objects in every bucket of the account" if objects else "with every bucket of the account",)
        if self.prefix:
            return ("objects under " if objects else "under ", Name(f"{self.bucket}/{self.prefix}"))
        what = "every object in the bucket " if objects else "with the bucket "
        return (what, Name(self.bucket), *([" and its objects"] if everything else []))


def accesses(grant: Grant) -> list[Access]:
    """Return what the grant allows in S3, place by place, in the order of its policies."""
    places: dict[tuple[str, str], list[str]] = {}
    for reach in grant.reaches:
        actions = [each for each in reach.actions if each.lower() != "s3:listallmybuckets"]
        if actions:
            places.setdefault((reach.bucket, reach.prefix), []).extend(actions)
    return [_access(bucket, prefix, list(dict.fromkeys(actions))) for (bucket, prefix), actions in places.items()]


def _access(bucket: str, prefix: str, actions: list[str]) -> Access:
    folded = {action.lower() for action in actions}
    full = bool(folded & {"s3:*", "*"})
    verbs = ["everything"] if full else [verb for action, verb in _VERBS.items() if action in folded]
    spoken = _VERBS.keys() | (_MULTIPART if "s3:putobject" in folded else set()) | {"s3:*", "*"}
    exact = [] if full else [action for action in actions if action.lower() not in spoken]
    return Access(tuple(verbs), tuple(exact), bucket, prefix, whole=not prefix)


def allowances(grant: Grant) -> list[Words]:
    """Return everything that the grant's policies allow, each as the end of a sentence that begins with "may"."""
    found = [each.words for each in accesses(grant)]
    for statement in (each for policy in grant.role.policies for each in policy.statements):
        if statement["Effect"] == "Allow":
            found += [*_beside(statement), *_unusual(statement)]
    found += [("do whatever the managed policy ", Name(each), " allows") for each in grant.role.managed_elsewhere]
    return list(dict.fromkeys(found))


def _beside(statement: Statement) -> Iterator[Words]:
    """Yield what a statement allows outside the keys of buckets."""
    if "NotAction" in statement or "NotResource" in statement:
        but = [*texts(statement.get("NotAction")), *texts(statement.get("NotResource"))]
        yield ("do everything except ", *listed(map(Name, but)))
        return
    actions = texts(statement.get("Action"))
    others = [each for each in actions if not each.lower().startswith("s3:") and each != "*"]
    if any(each.lower() == "s3:listallmybuckets" for each in actions):
        yield ("list the names of all buckets of the account",)
    if others and all(each.lower().startswith("kms:") for each in others):
        through = " through S3" if "kms:viaservice" in _keys(statement) else ""
        yield ("use the key ", *listed(map(Name, texts(statement.get("Resource")))), through or " for anything")
    elif others:
        yield ("do ", *listed(map(Name, others)), " on ", *listed(map(Name, texts(statement.get("Resource")))))
    if "*" in actions:
        yield ("do everything outside S3 too, on ", *listed(map(Name, texts(statement.get("Resource")))))


def _unusual(statement: Statement) -> Iterator[Words]:
    for operator, keys in statement.get("Condition", {}).items():
        for key, values in keys.items():
            if key.lower() not in _SAID:
                what = statement.get("Sid") or texts(statement.get("Action", "*"))[0]
                yield ("of that, ", Name(what), " only if ", Name(phrase(operator, key, texts(values))))


def _keys(statement: Statement) -> set[str]:
    return {key.lower() for keys in statement.get("Condition", {}).values() for key in keys}


def gives_on(grant: Grant) -> list[str]:
    """Return the actions with which a session could give access to others, such as s3:PutBucketPolicy."""
    named = {
        action
        for policy in grant.role.policies
        for statement in policy.statements
        if statement["Effect"] == "Allow"
        for action in texts(statement.get("Action"))
    }
    # Of s3:* it is said that it gives everything.
    return sorted(each for each in named - {"s3:*"} if any(map(_manages_permissions, _meant(each))))


def everything_but(grant: Grant) -> list[str]:
    """Return what statements leave out that allow all else: their NotAction and NotResource."""
    statements = [each for policy in grant.role.policies for each in policy.statements if each["Effect"] == "Allow"]
    names = ("NotAction", "NotResource")
    return list(dict.fromkeys(each for one in statements for name in names for each in texts(one.get(name))))


def _meant(action: str) -> list[str]:
    """Return the actions that a name or a pattern stands for."""
    if action in EVERY_ACTION:
        return ["iam:PutRolePolicy"]
    return list(matching_actions(action)) if {"*", "?"} & set(action) else [action]


def _manages_permissions(action: str) -> bool:
    try:
        return "Permissions management" in details(known_action(action))["accessLevel"]
    except CommandError:
        return False  # no action that AWS knows


def keys_of(grant: Grant) -> list[str]:
    """Return the ARNs of the keys that sessions may use."""
    named = [
        resource
        for policy in grant.role.policies
        for statement in policy.statements
        if statement["Effect"] == "Allow"
        and any(action.lower().startswith("kms:") for action in texts(statement.get("Action")))
        for resource in texts(statement.get("Resource"))
        if resource.startswith("arn:")
    ]
    return list(dict.fromkeys(named))
