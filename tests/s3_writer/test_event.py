"""The event contract: which events are invalid, in which field, before anything is written."""

import base64
from collections.abc import Callable
from typing import Any

import pytest

from s3_writer.errors import InvalidEvent
from s3_writer.event import MAX_OBJECTS, read_event
from s3_writer.request import MAX_BODY_BYTES, PutRequest
from tests.fakes.aws import FakeAws

Write = Callable[..., dict[str, Any]]
KNOWN = "key, body, content_type, encoding, if_absent, metadata, objects"


def read(event: object) -> PutRequest | tuple[PutRequest | InvalidEvent, ...]:
    """Read `event` as a function with the prefix "dev/" does."""
    return read_event(event, prefix="dev/", request_id="request-1")


def invalid(event: object) -> InvalidEvent:
    """Return the error of an invalid `event`."""
    with pytest.raises(InvalidEvent) as caught:
        read(event)
    return caught.value


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("", "1 to 1024 bytes"),
        ("other/a", "a key that begins with 'dev/'"),
        ("dev", "a key that begins with 'dev/'"),
        ("Dev/a", "a key that begins with 'dev/'"),
        ("development/a", "a key that begins with 'dev/'"),
        ("/dev/a", "no path segment"),
        ("dev/", "a name after the last '/'"),
        ("dev/a/", "a name after the last '/'"),
        ("dev//a", "no path segment"),
        ("dev/./a", "no path segment"),
        ("dev/../prod/a", "no path segment"),
        ("dev/a/..", "no path segment"),
        ("dev/.", "no path segment"),
        ("dev/..\\..\\a", "no path segment"),
        ("dev/a\nb", "no control characters"),
        ("dev/a\x00", "no control characters"),
        ("dev/a\x7f", "no control characters"),
        ("dev/a\x85b", "no control characters"),
        ("dev/" + "a" * 1021, "1 to 1024 bytes"),
        ("dev/" + "é" * 511, "1 to 1024 bytes"),
        ("dev/\ud800", "text that can be encoded as UTF-8"),
    ],
)
def test_given_an_unsound_key_when_read_then_it_is_invalid(key: str, expected: str) -> None:
    """A key outside the prefix, or one that a client could take for one outside it, is invalid."""
    error = invalid({"key": key, "body": "x"})

    assert error.field == "key"
    assert str(error).startswith("key: got '")
    assert f", expected {expected}" in str(error)


@pytest.mark.parametrize(
    "key",
    ["dev/a", "dev/a.b", "dev/...", "dev/..a", "dev/a b", "dev/ünï", "dev/" + "a" * 1020, "dev/%2e%2e/a"],
)
def test_given_a_sound_key_when_read_then_it_is_taken_as_it_is(key: str) -> None:
    """Dots within a name, spaces and other alphabets are part of a key."""
    request = read({"key": key, "body": "x"})

    assert isinstance(request, PutRequest)
    assert key == request.key


@pytest.mark.parametrize(
    ("field", "value", "got"),
    [
        ("key", None, "null"),
        ("key", 7, "a number"),
        ("body", None, "null"),
        ("body", {"a": 1}, "an object"),
        ("body", ["x"], "an array"),
        ("body", True, "a boolean"),
        ("body", "\udc00", "half a surrogate pair"),
        ("encoding", "hex", "'hex'"),
        ("encoding", None, "null"),
        ("content_type", None, "null"),
        ("content_type", "", "''"),
        ("content_type", "text/csv\r\nx-amz-acl: public-read", "'text/csv\\r\\nx-amz-acl: public-read'"),
        ("content_type", "text/ü", "'text/\\xfc'"),
        ("if_absent", None, "null"),
        ("if_absent", "true", "a string"),
        ("if_absent", 1, "a number"),
        ("metadata", None, "null"),
        ("metadata", [], "an array"),
        ("metadata", {"a": 1}, "a number for 'a'"),
        ("metadata", {"a": "ü"}, "other characters for 'a'"),
        ("metadata", {"a": "x\ny"}, "other characters for 'a'"),
        ("metadata", {"ü": "x"}, "the name '\\xfc'"),
        ("metadata", {"a b": "x"}, "the name 'a b'"),
        ("metadata", {"": "x"}, "the name ''"),
        ("metadata", {"a": "x", "A": "y"}, "names that differ only in case"),
        ("metadata", {"a": "x" * 2048}, "2049 bytes"),
    ],
)
def test_given_a_wrong_value_when_read_then_the_field_is_named(field: str, value: object, got: str) -> None:
    """Each field that isn't as it should be is invalid with its name and what was got."""
    error = invalid({"body": "x", field: value})

    assert field == error.field
    assert str(error).startswith(f"{field}: got {got}, expected ")


@pytest.mark.parametrize("body", ["a", "YQ", "YQ==\n", "Y Q=", "YQ==YQ==", "-_==", "é===", "x" * 5])
def test_given_bad_base64_when_read_then_it_is_invalid(body: str) -> None:
    """Base64 is taken to the letter: no white space, no missing padding, nothing after it."""
    error = invalid({"body": body, "encoding": "base64"})

    assert str(error) == "body: got other text, expected base64, as 'encoding' says"


@pytest.mark.parametrize(
    ("event", "size"),
    [
        ({"body": "x" * MAX_BODY_BYTES}, MAX_BODY_BYTES),
        ({"body": "é" * (MAX_BODY_BYTES // 2)}, MAX_BODY_BYTES),
        ({"body": base64.b64encode(bytes(MAX_BODY_BYTES)).decode(), "encoding": "base64"}, MAX_BODY_BYTES),
    ],
    ids=["ascii", "utf-8", "base64"],
)
def test_given_the_largest_body_when_read_then_it_is_taken(event: dict[str, str], size: int) -> None:
    """A body of 5 MiB, encoded or decoded, is the largest taken."""
    request = read(event)

    assert isinstance(request, PutRequest)
    assert size == len(request.body)


@pytest.mark.parametrize(
    "event",
    [
        {"body": "x" * (MAX_BODY_BYTES + 1)},
        {"body": "é" * (MAX_BODY_BYTES // 2) + "x"},
        {"body": base64.b64encode(bytes(MAX_BODY_BYTES + 1)).decode(), "encoding": "base64"},
    ],
    ids=["ascii", "utf-8", "base64"],
)
def test_given_a_byte_more_when_read_then_it_is_invalid(event: dict[str, str]) -> None:
    """The limit counts the bytes that would be stored."""
    assert str(invalid(event)) == "body: got 5242881 bytes, expected at most 5242880"


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ([], "event: got an array, expected an object with a 'body'"),
        ("x", "event: got a string, expected an object with a 'body'"),
        (None, "event: got null, expected an object with a 'body'"),
        ({}, "event: got neither 'body' nor 'objects', expected one of them"),
        ({"key": "dev/a"}, "event: got neither 'body' nor 'objects', expected one of them"),
        (
            {"body": "x", "objects": []},
            "event: got 'objects' and beside it 'body', expected 'objects' alone, or one object's fields",
        ),
        ({"objects": {}}, "objects: got an object, expected an array of objects"),
        ({"objects": []}, "objects: got 0 objects, expected 1 to 1000"),
        ({"objects": [{"body": "x"}] * (MAX_OBJECTS + 1)}, "objects: got 1001 objects, expected 1 to 1000"),
        (
            {"objects": [{"key": "dev/a", "body": "x"}, {"body": "x"}, {"key": "dev/a", "body": "y"}]},
            "objects[2].key: got 'dev/a', the key of objects[0] too, expected a key of its own",
        ),
        (
            {"bdoy": "x"},
            f"event: got an unknown field 'bdoy', expected only {KNOWN}; did you mean 'body'",
        ),
        (
            {"body": "x", "acl": "public-read"},
            f"event: got an unknown field 'acl', expected only {KNOWN}",
        ),
    ],
)
def test_given_a_malformed_event_when_read_then_it_is_invalid_as_a_whole(event: object, message: str) -> None:
    """An ambiguous shape is invalid before anything is written."""
    assert message == str(invalid(event))


def test_given_a_long_invalid_value_when_read_then_the_message_is_short() -> None:
    """An error quotes no more than the beginning of what it got."""
    assert len(str(invalid({"key": "k" * 100_000, "body": "x"}))) < 200
    assert len(str(invalid({"n" * 100_000: 1, "body": "x"}))) < 250


def test_given_an_invalid_event_when_written_then_aws_is_not_asked(aws: FakeAws, write: Write) -> None:
    """An invalid event costs no call to STS or S3."""
    with pytest.raises(InvalidEvent):
        write({"key": "prod/a", "body": "x"})

    assert ([], []) == (aws.assume_roles, aws.puts)
