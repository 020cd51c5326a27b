"""Tags as CloudFormation takes them."""

from collections.abc import Iterator, Mapping
from typing import Any

from crossrole.unknown import Unknown, is_unknown, token


def tags_in(value: Any) -> dict[str, str]:
    """Return the tags that a resolved value holds: a list of objects, or for some types an object.

    A key that is not known stands for any number of tags that are not known.
    """
    if isinstance(value, Mapping):
        return {str(key): _text(each) for key, each in value.items()}
    return dict(pair for each in (value if isinstance(value, list) else [value]) for pair in _pairs(each))


def _pairs(tag: Any) -> Iterator[tuple[str, str]]:
    if isinstance(tag, Mapping) and isinstance(tag.get("Key"), str):
        yield tag["Key"], _text(tag.get("Value", ""))
    else:
        unknown = tag if is_unknown(tag) else token(Unknown("tags that are not as CloudFormation takes them"))
        yield unknown, unknown


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
