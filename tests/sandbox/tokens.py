"""Tokens as identity providers issue them, but unsigned: the local accounts check no signature."""

import base64
import json
import time
from typing import Any


def token(*, issuer: str, subject: str, audience: str = "sts.amazonaws.com", **claims: Any) -> str:
    """Return a token that is valid for an hour, unless its claims say otherwise."""
    now = int(time.time())
    claimed = {"iss": issuer, "sub": subject, "aud": audience, "iat": now, "exp": now + 3600} | claims
    parts = [{"alg": "RS256", "typ": "JWT"}, claimed]
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*encoded, "unsigned"])
