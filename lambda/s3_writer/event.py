"""The shape of an event: one object, or many."""

from collections.abc import Collection

from s3_writer.errors import InvalidEvent
from s3_writer.request import FIELDS, PutRequest, fields_of, kind, quote

# At 32 at a time some seconds; more belong in more invocations, which run side by side.
MAX_OBJECTS = 1000


def read_event(event: object, *, prefix: str, request_id: str) -> PutRequest | tuple[PutRequest | InvalidEvent, ...]:
    """Return the put that `event` asks for or, for a batch, each put or its error.

    An object without a key gets one from `request_id`, which stays the same when Lambda retries an
    asynchronous event, so that a retry overwrites instead of writing a second object.

    Raises `InvalidEvent` for a single object's faults, and for a shape that leaves open what was meant.
    """
    fields = fields_of(event, "event", (*FIELDS, "objects"))
    if "objects" not in fields:
        if "body" not in fields:
            raise InvalidEvent("event", "neither 'body' nor 'objects'", "one of them")
        return PutRequest.read(event, at="", prefix=prefix, default_key=f"{prefix}{request_id}")
    if len(fields) > 1:
        beside = ", ".join(repr(name) for name in fields if name != "objects")
        raise InvalidEvent("event", f"'objects' and beside it {beside}", "'objects' alone, or one object's fields")
    objects = fields["objects"]
    if not isinstance(objects, list):
        raise InvalidEvent("objects", kind(objects), "an array of objects")
    if not 1 <= len(objects) <= MAX_OBJECTS:
        raise InvalidEvent("objects", f"{len(objects)} objects", f"1 to {MAX_OBJECTS}")
    _check_repeated_keys(objects)
    return tuple(
        _read_one(item, f"objects[{index}]", prefix, f"{prefix}{request_id}-{index}")
        for index, item in enumerate(objects)
    )


def _read_one(item: object, at: str, prefix: str, default_key: str) -> PutRequest | InvalidEvent:
    try:
        return PutRequest.read(item, at=at, prefix=prefix, default_key=default_key)
    except InvalidEvent as fault:
        return fault


def _check_repeated_keys(objects: Collection[object]) -> None:
    """Raise `InvalidEvent` where two objects have one key: both would be confirmed, and one be lost."""
    first: dict[str, int] = {}
    for index, item in enumerate(objects):
        key = item.get("key") if isinstance(item, dict) else None
        if not isinstance(key, str):
            continue
        if key in first:
            raise InvalidEvent(
                f"objects[{index}].key",
                f"{quote(key)}, the key of objects[{first[key]}] too",
                "a key of its own",
            )
        first[key] = index
