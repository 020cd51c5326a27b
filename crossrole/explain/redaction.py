"""Takes the secrets out of a text before anything else reads it, so that none can be told again."""

import re

_VALUE = r"[^\s\"'&,<>;]{4,}"
_NAMES = (
    r"aws_?secret_?access_?key|secret_?access_?key|secret_?key|aws_?session_?token|session_?token|"
    r"(?:x-amz-)?security[_-]token|(?:x-amz-)?signature|x-amz-credential|password|passwd|client_?secret|"
    r"authorization|token[_-]?code|bearer"
)

# Each is tried from few places and ends soon, so that a hostile text costs no more than a long one.
_KEY_BODY = r"(?:(?!-----)[\s\S]){0,16000}-----END [A-Z ]{0,30}PRIVATE KEY-----|(?:\s{0,9}[A-Za-z0-9+/=]{16,}(?=\s|$))*"
_NAMED = rf"\b({_NAMES})(\\?[\"']?\s{{0,3}}[=:>]\s{{0,3}}\\?[\"']?)(?:AWS4-HMAC-SHA256|bearer|basic)?\s{{0,3}}{_VALUE}"
_GIVEN = r"\b(aws_secret_access_key|aws_session_token|--token-code|--secret-access-key)\s{1,3}[^\s\"']{6,}"
_QUOTED = r"([\"']token[\"']\s{0,3}:\s{0,3}[\"'])[^\"'\s]{8,}"
_BEFORE = r"(?<![\w+/%.@-])(?<!::)(?<!\d:)"
_MIXED = r"(?=[A-Za-z0-9/+%_-]{0,39}[A-Z])(?=[A-Za-z0-9/+%_-]{0,39}[a-z])"

_RULES = (
    (re.compile(rf"-----BEGIN [A-Z ]{{0,30}}PRIVATE KEY-----(?:{_KEY_BODY})"), "[private key]"),
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{12,128}\b"), "[access key id]"),
    (re.compile(_NAMED, re.IGNORECASE), r"\1\2[secret]"),
    (re.compile(_GIVEN, re.IGNORECASE), r"\1 [secret]"),
    (re.compile(_QUOTED, re.IGNORECASE), r"\1[secret]"),
    # A secret access key has 40 such characters, a session token some hundreds. An ARN's part or a path begins
    # otherwise, and a checksum in hexadecimal has no capital letter.
    (re.compile(rf"{_BEFORE}{_MIXED}[A-Za-z0-9/+%]{{40,}}={{0,2}}"), "[secret]"),
)


def without_secrets(text: str) -> str:
    """Return the text with every secret in it, and what looks like one, replaced by what kind it was."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text
