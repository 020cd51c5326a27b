"""Patterns compared with every short text: what may fit both, and what surely fits one of them."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from crossrole.report.patterns import covers, fits, may_match, overlap, surely_matches
from crossrole.unknown import Unknown, token
from tests.examples import examples

TEXTS = ["".join(each) for length in range(6) for each in product("ab", repeat=length)]
PATTERNS = st.text("ab*?", max_size=4)
many = settings(max_examples=examples(300, ci=3000), deadline=None, derandomize=True, database=None)


@many
@given(PATTERNS, PATTERNS)
def test_patterns_overlap_where_a_text_fits_both(one: str, other: str) -> None:
    """Neither more nor fewer."""
    assert overlap(one, other) == any(fits(each, one) and fits(each, other) for each in TEXTS)


@many
@given(PATTERNS, PATTERNS)
def test_a_pattern_that_covers_another_fits_all_of_it(one: str, other: str) -> None:
    """No text fits the other alone."""
    assert not covers(one, other) or all(fits(each, one) for each in TEXTS if fits(each, other))


READ: dict[str, Any] = {"Action": "s3:Get*", "Resource": "arn:aws:s3:::vault/*"}
MATCHES: dict[str, tuple[dict[str, Any], tuple[str, str], tuple[bool, bool]]] = {
    "all of it": (READ, ("s3:GetObject", "arn:aws:s3:::vault/dev/*"), (True, True)),
    "in capitals": (READ, ("S3:GETOBJECT", "arn:aws:s3:::vault/x"), (True, True)),
    "part of it": (READ, ("s3:GetObject", "arn:aws:s3:::v*"), (True, False)),
    "none of it": (READ, ("s3:PutObject", "arn:aws:s3:::vault/x"), (False, False)),
    "under a condition": (
        {**READ, "Condition": {"Bool": {"aws:SecureTransport": "true"}}},
        ("s3:GetObject", "arn:aws:s3:::vault/x"),
        (True, False),
    ),
    "all but others": (
        {"NotAction": "s3:Put*", "NotResource": "arn:aws:s3:::shelf/*"},
        ("s3:GetObject", "arn:aws:s3:::vault/*"),
        (True, True),
    ),
    "all but it": ({"NotAction": "s3:*", "Resource": "*"}, ("s3:GetObject", "arn:aws:s3:::vault/*"), (False, False)),
    "a variable": (
        {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::${aws:username}/*"},
        ("s3:GetObject", "arn:aws:s3:::vault/x"),
        (True, False),
    ),
    "a name that deployment gives": (
        {"Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{token(Unknown('a name'))}/*"},
        ("s3:GetObject", "arn:aws:s3:::vault/x"),
        (True, False),
    ),
}


@pytest.mark.parametrize(("statement", "request_", "expected"), MATCHES.values(), ids=MATCHES)
def test_a_statement(statement: dict[str, Any], request_: tuple[str, str], expected: tuple[bool, bool]) -> None:
    """What it may match, and what it surely matches, of the requests that an action and a resource stand for."""
    assert expected == (may_match(statement, *request_), surely_matches(statement, *request_))
