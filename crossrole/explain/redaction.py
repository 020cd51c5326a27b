"""Removes the secrets from a text before anything else reads it, so that none can be printed."""

import re
from collections.abc import Callable

_NAMES = (
    r"aws_?secret_?access_?key|secret_?access_?key|secret_?key|aws_?session_?token|session_?token|"
    r"(?:x-amz-)?security[_-]token|(?:x-amz-)?signature|x-amz-credential|password|passwd|client_?secret|"
    r"authorization|token[_-]?code|bearer|(?:x-)?api[_-]?key|(?:access|refresh|id|auth)[_-]?token"
)
_OPTIONS = r"--(?:token-code|secret-access-key|session-token|password)"

# Each is tried from few places and ends soon, so that a hostile text costs no more than a long one.
_KEY_BODY = r"(?:(?!-----)[\s\S]){0,16000}-----END [A-Z ]{0,30}PRIVATE KEY-----|(?:\s{0,9}[A-Za-z0-9+/=]{16,}(?=\s|$))*"
_VALUE = r"(?:(?<=[\"'])[^\"'\n\\]{4,4000}(?=\\?[\"'])|[^\s\"'&,<>;]{4,})"
_NAMED = (
    rf"(?:\b|_)((?:{_NAMES})\\?[\"']?\s{{0,3}}[=:>]\s{{0,3}}\\?[\"']?|(?:{_NAMES})[\"']\s{{0,3}},\s{{0,3}}b?[\"'])"
    rf"(?:AWS4-HMAC-SHA256|bearer|basic)?\s{{0,3}}({_VALUE})"
)
_GIVEN = rf"((?<![\w-]){_OPTIONS}\s{{1,3}}[\"']?|\baws_(?:secret_access_key|session_token)\s{{1,3}})([^\s\"']{{6,}})"
_QUOTED = r"([\"']token[\"']\s{0,3}:\s{0,3}[\"'])([^\"'\s]{8,})"
# A terminal or an e-mail breaks a secret anywhere; the rest of it begins the next line.
_REST = r"(?:[ \t]{0,9}\n[ \t]{0,9}([A-Za-z0-9/+%]{1,2000}={0,2})(?=[\"',;]{0,3}(?:\s|$)))?"
_WITHIN_URL = r"\b([a-z][a-z0-9+.-]{1,20}://)(?:[^\s/:@\"'<>]{0,100}:[^\s/\"'<>]{1,200}|[^\s/:@\"'<>]{20,200})@"
_MIXED = r"(?=[A-Za-z0-9/+%_-]{0,39}[A-Z])(?=[A-Za-z0-9/+%_-]{0,39}[a-z])"
_PLACE = r"arn:aws[a-z-]{0,10}:[^\s\"'<>,]{1,1100}|[a-z][a-z0-9]{1,9}://[^\s\"'<>?,]{1,1100}"
_TORN = r"(?<![\w+/%])([A-Za-z0-9/+]{8,39})[ \t]{0,9}\n[ \t]{0,9}([A-Za-z0-9/+]{1,32})(?![\w+/%:.=-])"
_SECRET_KEY_LENGTH = 40
"""Characters of a secret access key, as AWS makes each."""


def _with_its_rest(match: "re.Match[str]") -> str:
    """Return a named secret redacted; the next line is redacted too where both make one secret."""
    name, value, rest = match.groups()
    length = len(value) + len(rest or "")
    torn = len(value) != _SECRET_KEY_LENGTH and _SECRET_KEY_LENGTH in {length, min(len(value), _SECRET_KEY_LENGTH)}
    return f"{name}[secret]" + ("" if torn or not rest else match[0][match.end(2) - match.start() :])


def _torn(match: "re.Match[str]") -> str:
    """Return the replacement of two pieces that make one secret access key; other words stay."""
    joined = match[1] + match[2]
    mixed = all(any(map(kind, joined)) for kind in (str.isupper, str.islower, str.isdigit))
    return "[secret]" if len(joined) == _SECRET_KEY_LENGTH and mixed else match[0]


def _unless_a_place(match: "re.Match[str]") -> str:
    return match["place"] or "[secret]"


_RULES: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (re.compile(rf"-----BEGIN [A-Z ]{{0,30}}PRIVATE KEY-----(?:{_KEY_BODY})"), "[private key]"),
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{12,128}\b"), "[access key id]"),
    (re.compile(_WITHIN_URL, re.IGNORECASE), r"\1[secret]@"),
    (re.compile(_NAMED + _REST, re.IGNORECASE), _with_its_rest),
    (re.compile(_GIVEN + _REST, re.IGNORECASE), _with_its_rest),
    (re.compile(_QUOTED + _REST, re.IGNORECASE), _with_its_rest),
    (re.compile(_TORN), _torn),
    # A secret access key has 40 such characters, a session token some hundreds; a checksum in hexadecimal has no
    # capital letter. After a sign that paths have too, only what is as long as one of the two is taken for it.
    (
        re.compile(
            rf"(?P<place>{_PLACE})|(?<![\w+/%.@-])(?<!::)(?<!\d:){_MIXED}[A-Za-z0-9/+%]{{40,}}={{0,2}}|"
            rf"(?<![A-Za-z0-9/+%]){_MIXED}(?=[A-Za-z/+]{{0,39}}\d)(?:[A-Za-z0-9/+]{{40}}(?![A-Za-z0-9/+=])|"
            r"[A-Za-z0-9/+%]{100,}={0,2})"
        ),
        _unless_a_place,
    ),
)


def without_secrets(text: str) -> str:
    """Return the text with every secret, and everything that looks like one, replaced by its kind."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text
