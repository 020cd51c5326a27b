"""What statements allow in S3, place by place: the keys of a bucket that fit a pattern, or the bucket itself."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from crossrole.errors import CommandError
from crossrole.iam.actions import details, known_action
from crossrole.iam.condition_keys import matching_actions
from crossrole.iam.policy import Statement, texts
from crossrole.report.conditions import named
from crossrole.report.patterns import covers, fits, is_pattern, overlap
from crossrole.report.words import Name, Words, listed

EVERY = "*"
EVERYTHING_OF_S3 = {"*", "s3:*"}
_MULTIPART = {"s3:abortmultipartupload", "s3:listmultipartuploadparts"}
_VERBS = {"s3:getobject": "read", "s3:putobject": "write", "s3:deleteobject": "delete", "s3:listbucket": "list"}
_PARTS_OF_AN_ARN = 6


@dataclass(frozen=True)
class Access:
    """The actions allowed on one place: the keys of a bucket that fit a pattern, or the bucket itself."""

    verbs: tuple[str, ...]
    """`everything`, `read`, `write`, `delete`, `list`."""
    exact: tuple[str, ...]
    """Actions that no verb stands for."""
    bucket: str
    """The bucket's name or a pattern of names; "*" for every bucket."""
    keys: str
    """A pattern of keys; "*" for every key."""
    objects: bool
    """Whether `everything` works on objects; where it is not allowed, whether any of the actions does."""
    itself: bool
    """The same of the bucket itself."""
    own: bool
    """Whether it must be a bucket of the role's own account."""

    @property
    def whole(self) -> bool:
        """Whether it is every key, or the bucket itself."""
        return self.keys == EVERY

    @property
    def prefix(self) -> str:
        """The beginning that all keys have, where that is what the pattern says; else the whole pattern."""
        beginning = self.keys.removesuffix(EVERY)
        return self.keys if is_pattern(beginning) else beginning

    @property
    def words(self) -> Words:
        """The allowed actions, as the end of a sentence that begins with "may"."""
        done: list[Words] = []
        if "everything" in self.verbs:
            done.append(("do everything (", Name("s3:*"), ") ", *self._place_of_everything))
        if verbs := [verb for verb in _VERBS.values() if verb in self.verbs]:
            done.append((*listed(verbs), " ", *self.objects_words))
        if self.exact:
            done.append(("do ", *listed(map(Name, self.exact)), " ", *self._place))
        return listed(done)

    @property
    def objects_words(self) -> Words:
        """All of its objects."""
        if not self.whole:
            relation, name = self._relation
            return ("objects ", relation, name) if relation else ("the object ", name)
        return ("objects in " if self.bucket == EVERY else "every object in ", *self._bucket)

    @property
    def object_words(self) -> Words:
        """One of its objects, whichever it is."""
        if not self.whole:
            relation, name = self._relation
            return ("an object ", _OF_ONE.get(relation, relation), name) if relation else ("the object ", name)
        if self.bucket == EVERY:
            return ("an object in any bucket",)
        return ("an object in ", "a bucket whose name fits " if is_pattern(self.bucket) else "", Name(self.bucket))

    @property
    def _bucket(self) -> Words:
        if self.bucket == EVERY:
            return ("every bucket of the account",) if self.own else ("every bucket",)
        return ("the buckets whose names fit " if is_pattern(self.bucket) else "the bucket ", Name(self.bucket))

    @property
    def _relation(self) -> tuple[str, Name]:
        """How objects stand to a name: under it, beginning with it, fitting it; an empty text where it names one."""
        pattern, prefix = f"{self.bucket}/{self.keys}", self.prefix
        if not is_pattern(pattern):
            return "", Name(pattern)
        if is_pattern(self.bucket) or is_pattern(prefix):
            return "that fit ", Name(pattern)
        return ("under " if prefix.endswith("/") else "that begin with "), Name(f"{self.bucket}/{prefix}")

    @property
    def _place(self) -> Words:
        if self.whole:
            # Beside everything on the one side, an action that no verb stands for is of the other.
            objects = not self.objects if "everything" in self.verbs else self.objects and not self.itself
            return ("with ", *(self.objects_words if objects else self._bucket))
        relation, name = self._relation
        return (relation, name) if relation == "under " else ("with ", *self.objects_words)

    @property
    def _place_of_everything(self) -> Words:
        if not self.whole or self.bucket == EVERY:
            return self._place
        if not self.itself:
            return ("with every object in ", *self._bucket)
        return ("with ", *self._bucket, " and its objects" if self.objects else " itself")


_OF_ONE = {"that fit ": "that fits ", "that begin with ": "that begins with "}


def accesses_of(statements: Iterable[Statement]) -> list[Access]:
    """Return what Allow statements allow in S3, place by place, in their order."""
    places: dict[tuple[str, str], list[_Part]] = {}
    for statement in statements:
        for part in _parts(statement):
            places.setdefault((part.bucket, part.keys), []).append(part)
    return [_access(bucket, keys, parts) for (bucket, keys), parts in places.items()]


@dataclass(frozen=True)
class _Part:
    """The actions of one statement, or all but its NotAction, on one place."""

    actions: tuple[str, ...]
    everything: bool
    bucket: str
    keys: str
    objects: bool
    own: bool


def _parts(statement: Statement) -> Iterator[_Part]:
    actions = texts(statement.get("Action"))
    if "NotAction" in statement:
        but = [each.lower() for each in texts(statement["NotAction"])]
        left = [each for each in _VERBS if not any(covers(one, each) for one in but)]
        actions = left if any(overlap(each, "s3:*") for each in but) else ["s3:*"]
    own = named(statement, "aws:resourceaccount") is not None
    prefixes = named(statement, "s3:prefix")
    listed_keys = [each if is_pattern(each) else f"{each}*" for each in prefixes.values] if prefixes else [EVERY]
    for place in _places(statement):
        for kind, all_keys in (("object", place.keys), ("bucket", listed_keys if place.itself else [])):
            fitting = tuple(each for each in actions if all_keys and works_on(kind, each))
            everything = bool(EVERYTHING_OF_S3 & {each.lower() for each in fitting})
            for keys in all_keys if fitting else []:
                yield _Part(fitting, everything, place.bucket, keys, objects=kind == "object", own=own)


@dataclass(frozen=True)
class Place:
    """What one resource of a statement names in S3."""

    bucket: str
    keys: tuple[str, ...]
    """A pattern of keys; none where it names no object."""
    itself: bool
    """Whether it names the bucket."""


def _places(statement: Statement) -> list[Place]:
    if "NotResource" in statement or "Resource" not in statement:
        return [Place(EVERY, (EVERY,), itself=True)]
    return [place for each in texts(statement["Resource"]) for place in [place_of(each)] if place]


def place_of(resource: str) -> Place | None:
    """Return what a resource names in S3; None for what is neither a bucket nor an object, such as an access point."""
    parts = resource.split(":", _PARTS_OF_AN_ARN - 1)
    if len(parts) < _PARTS_OF_AN_ARN:
        return Place(EVERY, (EVERY,), itself=True) if EVERY in resource else None
    if not fits("s3", parts[2]) or "".join(parts[3:5]).strip(EVERY):
        return None
    bucket, slash, keys = parts[5].partition("/")
    if slash:
        return Place(bucket, (keys,), itself=False)
    # Without a slash a pattern of buckets fits their objects too.
    return Place(bucket, (EVERY,) if bucket.endswith(EVERY) else (), itself=True)


def works_on(kind: str, action: str) -> bool:
    """Return whether an action, or one that a pattern stands for, works on an `object` or a `bucket`."""
    folded = action.lower()
    return folded in EVERYTHING_OF_S3 or any(kind in _kinds(each) for each in meant(folded))


@cache
def meant(pattern: str) -> tuple[str, ...]:
    """Return the actions of S3 that a pattern in lower case stands for, in lower case."""
    if not is_pattern(pattern):
        return (pattern,) if pattern.startswith("s3:") else ()
    return tuple(each for each in map(str.lower, matching_actions("s3:*")) if fits(each, pattern))


@cache
def _kinds(action: str) -> frozenset[str]:
    """Return the types of resources that an action works on; none for what AWS does not know."""
    try:
        return frozenset(each["name"] for each in details(known_action(action))["resourceTypes"])
    except CommandError:
        return frozenset()


def _access(bucket: str, keys: str, parts: Sequence[_Part]) -> Access:
    full = {each.objects for each in parts if each.everything}
    rest = list(dict.fromkeys(action for each in parts if each.objects not in full for action in each.actions))
    of_rest = {each for action in rest for each in meant(action.lower())}
    spoken = _VERBS.keys() | (_MULTIPART if "s3:putobject" in of_rest else set())
    return Access(
        verbs=(*(["everything"] if full else []), *(verb for action, verb in _VERBS.items() if action in of_rest)),
        exact=tuple(action for action in rest if action.lower() not in spoken),
        bucket=bucket,
        keys=keys,
        objects=True in full if full else any(each.objects for each in parts),
        itself=False in full if full else not all(each.objects for each in parts),
        own=all(each.own for each in parts),
    )
