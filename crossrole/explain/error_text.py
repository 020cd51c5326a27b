"""A pasted text made readable: no control characters, no secrets, cut into its errors."""

import json
import re
from dataclasses import dataclass
from typing import Any

from crossrole.explain.redaction import without_secrets

MOST_BYTES = 64 * 1024 * 1024
"""The length of a text that is read; the rest is skipped."""
_PLENTY = 256 * 1024
_LONGEST_LINE = 64 * 1024
_LONGEST_ERROR = 4 * 1024
_MOST_ERRORS = 2000

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]{0,64}[ -/]{0,8}[@-~]|\][^\x07\x1b]{0,512}(?:\x07|\x1b\\)|[@-Z\\^_])")
# Control characters, those that turn the direction of writing or can't be seen, and halves of characters.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_SIGNS = (
    *("error", "denied", "deny", "exception", "not authorized", "fail", "expired", "invalid", "malformed", "mismatch"),
    *("unable", "could not", "cannot", "may not", "is not", "does not", "not allow", "not found", "no stack", "must"),
    *("bootstrap", "environ", "aroa", "aida", "credentials", "expected", "can not"),
    *("exceed", "quota", "refused", "timed out", "timeout", "clock", "skew", "redirect", "already", "in use", "mfa"),
)
"""One of these is in every error that is known, in lower case."""
_BEGINS = re.compile(
    r"An error occurred \(|\b\w{1,80}(?:Error|Exception)\b ?[:(]|\b\w{2,60}_FAILED\b|Caused by:|\[cause\]|❌|"
    r"^\W{0,3}\d{4}-\d\d-\d\d|^\d\d:\d\d:\d\d|^(?:ERROR|FATAL|fatal error|Error|error|aws: )\b|^\{"
)
_BEGINS_AGAIN = re.compile(r"(?=(?:An error occurred \(|Caused by:|\[cause\]|\"error\": ?\{))")
_BETWEEN = re.compile(r"\s+(?:File \"|at \S)|Traceback \(most recent|During handling of|The above exception was")
_NESTS = re.compile(r"Caused by:|\[cause\]")


@dataclass(frozen=True)
class ErrorText:
    """A whole text and the errors in it, the root of a chain first."""

    whole: str
    errors: tuple[str, ...]
    skipped: bool
    """Whether it was so long that only lines which look like errors were read, and of these the last."""


def read_error_text(given: bytes | str) -> ErrorText:
    """Return the errors of a text; it never raises an error."""
    raw = given.encode("utf-8", "replace") if isinstance(given, str) else given
    raw = raw[:MOST_BYTES].replace(b"\0", b"")
    long = len(raw) > _PLENTY
    text = (_sifted(raw) if long else raw).decode("utf-8", "replace")
    text = without_secrets(_clean(text if long else _one_line_each(text)))
    return ErrorText(whole=" ".join(text.split()), errors=_errors(text), skipped=long)


def _sifted(raw: bytes) -> bytes:
    """Return the lines that look like errors, where there are many the last of them."""
    folded = raw.lower()
    starts = set()
    for sign in map(str.encode, _SIGNS):
        at = folded.find(sign)
        while at >= 0:
            starts.add(folded.rfind(b"\n", 0, at) + 1)
            end = folded.find(b"\n", at)
            at = folded.find(sign, end) if end >= 0 else -1
    kept: list[bytes] = []
    size = 0
    for start in sorted(starts, reverse=True):
        end = raw.find(b"\n", start)
        line = _shortened(raw[start : end if end >= 0 else None])
        size += len(line) + 1
        if size > _PLENTY:
            break
        kept.insert(0, line)
    return b"\n".join(kept)


def _shortened(line: bytes) -> bytes:
    half = _LONGEST_LINE // 2
    return line if len(line) <= _LONGEST_LINE else line[:half] + b"\n" + line[-half:]


def _one_line_each(text: str) -> str:
    """Return JSON as one line for each record, so that what belongs together is read together; other text as it is."""
    if not text.lstrip().startswith(("{", "[")):
        return text
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return "\n".join(json.dumps(each, ensure_ascii=False) for each in _records(document))


def _records(document: Any) -> list[Any]:
    if isinstance(document, dict):
        for name in ("Records", "Events", "StackEvents", "events"):
            if isinstance(document.get(name), list):
                return list(document[name])
        return [document]
    return document if isinstance(document, list) else [document]


def _clean(text: str) -> str:
    text = _ESCAPES.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    text = _UNSEEN.sub("", text)
    # JSON in a string of JSON, as Lambda and CloudFormation answer it.
    text = re.sub(r"\\{1,8}n", "\n", text)
    return re.sub(r"\\{1,8}([\"/])", r"\1", text)


def _errors(text: str) -> tuple[str, ...]:
    """Return each error on one line of its own, the innermost first: a cause comes after "Caused by"."""
    found: list[tuple[int, str]] = []
    parts: list[str] = []
    depth = 0

    def close() -> None:
        joined = " ".join(" ".join(parts).split())
        if any(sign in joined.lower() for sign in _SIGNS):
            found.append((depth, joined[:_LONGEST_LINE]))
        parts.clear()

    for line in text.splitlines():
        for piece in filter(str.strip, _BEGINS_AGAIN.split(line)):
            if _BETWEEN.match(piece):
                close()
                continue
            if _begins(piece, parts):
                close()
            if _NESTS.match(piece):
                depth += 1
            elif piece.startswith("Traceback"):
                depth = 0
            parts.append(piece)
        if not line.strip():
            close()
    close()
    found.sort(key=lambda each: -each[0])
    return tuple(dict.fromkeys(error for _, error in found))[:_MOST_ERRORS]


def _begins(piece: str, parts: list[str]) -> bool:
    """Return whether an error begins here, and not the rest of a message that a terminal has wrapped."""
    if sum(map(len, parts)) > _LONGEST_ERROR:
        return True
    said = " ".join(parts)
    # "botocore.exceptions.ClientError: An error occurred (…)" is one error, not two.
    if re.fullmatch(r"[^(]{0,200}", said) and piece.startswith("An error occurred (") and len(parts) == 1:
        return False
    return piece.startswith('"error"') or bool(_BEGINS.search(piece))
