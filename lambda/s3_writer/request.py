"""One object of an event, validated."""

import base64
import binascii
import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from s3_writer.errors import InvalidEvent
from s3_writer.keys import key_fault

FIELDS = ("key", "body", "content_type", "encoding", "if_absent", "metadata")

# Lambda takes 6 MB of JSON in a synchronous invocation (1 MB in an asynchronous one): 5 MiB of text fits with
# its quotes and escapes, and in base64 Lambda's own limit comes first. One PutObject carries it: an upload in
# parts would need more permissions than s3:PutObject, and leave parts behind when it fails.
MAX_BODY_BYTES = 5 * 1024 * 1024
_MAX_METADATA_BYTES = 2048  # S3: the names and values of user-defined metadata together

_HEADER_VALUE = re.compile(r"[ -~]*")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_LONGEST_QUOTE = 80
_KINDS = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "null"}


def kind(value: object) -> str:
    """Name the JSON type of `value`, never the value: it may be what must not reach a log."""
    return _KINDS.get(type(value), "a number")


def quote(text: str) -> str:
    """Quote `text` for a message, cut short, with what isn't printable escaped."""
    return ascii(text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}...")


def fields_of(value: object, name: str, known: Sequence[str]) -> Mapping[str, object]:
    """Return the fields of the JSON object `value`.

    Raises `InvalidEvent`, naming `name`, where it is not an object or has a field that is not `known`.
    """
    if not isinstance(value, dict):
        raise InvalidEvent(name, kind(value), "an object with a 'body'")
    for unknown in (str(entry) for entry in value if entry not in known):
        near = difflib.get_close_matches(unknown, known, n=1)
        hint = f"; did you mean {near[0]!r}" if near else ""
        raise InvalidEvent(name, f"an unknown field {quote(unknown)}", f"only {', '.join(known)}{hint}")
    return value


@dataclass(frozen=True, kw_only=True, slots=True)
class PutRequest:
    """One object to write; the body is kept out of its repr."""

    key: str
    body: bytes = field(repr=False)
    content_type: str | None
    metadata: Mapping[str, str]
    if_absent: bool

    @classmethod
    def read(cls, value: object, *, at: str, prefix: str, default_key: str) -> "PutRequest":
        """Validate one object found at the path `at` of the event ("" for the event itself).

        Raises `InvalidEvent` for the first field that is not as it should be.
        """
        fields = fields_of(value, at or "event", FIELDS)
        path = f"{at}." if at else ""
        return cls(
            key=_key(fields.get("key", default_key), f"{path}key", prefix),
            body=_body(fields, path),
            content_type=_content_type(fields, f"{path}content_type"),
            metadata=_metadata(fields.get("metadata", {}), f"{path}metadata"),
            if_absent=_if_absent(fields.get("if_absent", False), f"{path}if_absent"),
        )


def _key(key: object, name: str, prefix: str) -> str:
    if not isinstance(key, str):
        raise InvalidEvent(name, kind(key), "a string")
    expected = key_fault(key)
    if expected is None and not key.startswith(prefix):
        expected = f"a key that begins with {prefix!r}"
    if expected is not None:
        raise InvalidEvent(name, quote(key), expected)
    return key


def _body(fields: Mapping[str, object], path: str) -> bytes:
    body = fields.get("body")
    if not isinstance(body, str):
        raise InvalidEvent(f"{path}body", kind(body) if "body" in fields else "nothing", "a string")
    if "encoding" not in fields:
        try:
            data = body.encode()
        except UnicodeEncodeError:
            raise InvalidEvent(f"{path}body", "half a surrogate pair", "text in UTF-8, or base64") from None
    elif fields["encoding"] == "base64":
        try:
            data = base64.b64decode(body, validate=True)
        except (binascii.Error, ValueError):
            raise InvalidEvent(f"{path}body", "other text", "base64, as 'encoding' says") from None
    else:
        got = fields["encoding"]
        shown = quote(got) if isinstance(got, str) else kind(got)
        raise InvalidEvent(f"{path}encoding", shown, "'base64', or no encoding for text")
    if len(data) > MAX_BODY_BYTES:
        raise InvalidEvent(f"{path}body", f"{len(data)} bytes", f"at most {MAX_BODY_BYTES}")
    return data


def _content_type(fields: Mapping[str, object], name: str) -> str | None:
    value = fields.get("content_type")
    if "content_type" not in fields:
        return None
    if not isinstance(value, str):
        raise InvalidEvent(name, kind(value), "a string such as 'text/csv'")
    if not value or not _HEADER_VALUE.fullmatch(value):
        raise InvalidEvent(name, quote(value), "printable ASCII such as 'text/csv'")
    return value


def _metadata(value: object, name: str) -> Mapping[str, str]:
    if not isinstance(value, dict):
        raise InvalidEvent(name, kind(value), "an object of strings")
    for entry, text in value.items():
        if not isinstance(entry, str) or not _HEADER_NAME.fullmatch(entry):
            raise InvalidEvent(name, f"the name {quote(str(entry))}", "letters, digits, '-', '_' or '.'")
        if not isinstance(text, str):
            raise InvalidEvent(name, f"{kind(text)} for {quote(entry)}", "a string")
        if not _HEADER_VALUE.fullmatch(text):
            raise InvalidEvent(name, f"other characters for {quote(entry)}", "printable ASCII")
    if len({entry.lower() for entry in value}) < len(value):  # S3 keeps the names in lower case
        raise InvalidEvent(name, "names that differ only in case", "names of their own")
    size = sum(len(entry) + len(text) for entry, text in value.items())
    if size > _MAX_METADATA_BYTES:
        raise InvalidEvent(name, f"{size} bytes", f"at most {_MAX_METADATA_BYTES} for all names and values")
    return value


def _if_absent(value: object, name: str) -> bool:
    if not isinstance(value, bool):
        raise InvalidEvent(name, kind(value), "true or false")
    return value
