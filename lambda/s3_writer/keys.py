"""What an object key must look like."""

import unicodedata

_MAX_KEY_BYTES = 1024  # S3: "up to 1,024 bytes long" in UTF-8


def key_fault(key: str) -> str | None:
    """Return what was expected of `key` where it is not so, or None when the key is sound.

    S3 itself stores nearly any key. The segments are invalid because clients that resolve ".." or drop empty
    segments would take such a key for one outside the prefix, and a trailing "/" because consoles show it as
    a folder.
    """
    try:
        size = len(key.encode())
    except UnicodeEncodeError:  # JSON can carry half a surrogate pair, UTF-8 cannot
        return "text that can be encoded as UTF-8"
    if not 1 <= size <= _MAX_KEY_BYTES:
        return f"1 to {_MAX_KEY_BYTES} bytes of UTF-8 instead of {size}"
    if any(unicodedata.category(character) == "Cc" for character in key):
        return "no control characters"
    if key.endswith("/"):
        return "a name after the last '/'"
    # Windows takes a backslash for a slash.
    if "\\" in key or any(segment in {"", ".", ".."} for segment in key.split("/")):
        return "no path segment that is empty, '.' or '..', and no backslash"
    return None
