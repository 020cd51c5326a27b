"""The error texts that the tests of `explain` share."""

import tomllib
from pathlib import Path

TEXTS: list[tuple[str, str, str]] = [
    (each["trouble"], each["said"], each["source"])
    for each in tomllib.loads((Path(__file__).parent / "explain_texts.toml").read_text(encoding="utf-8"))["text"]
]
"""The trouble, what is said, and where the wording is from."""
