"""LIKE patterns against whole texts."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.like import Like


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("abc", "abc", True),
        ("abc", "abcd", False),
        ("a_c", "abc", True),
        ("a_c", "ac", False),
        ("%b%", "abc", True),
        ("a%a", "a", False),
        ("%", "", True),
        ("a.c", "abc", False),
        ("a%", "a\nb", True),
        ("ABC", "abc", False),
    ],
)
def test_a_pattern_matches_the_whole_text(pattern: str, text: str, matches: bool) -> None:
    """`%` is any text, `_` one character, and all else stands for itself from end to end."""
    assert Like(pattern).matches(text) is matches


def test_an_escaped_wildcard_is_plain() -> None:
    """The escape makes the next character plain, itself included."""
    assert Like("10!%", "!").matches("10%")
    assert not Like("10!%", "!").matches("100")
    assert Like("a!!b", "!").matches("a!b")


@pytest.mark.parametrize(("pattern", "escape"), [("a!", "!"), ("a", "!!"), ("a", "")])
def test_a_bad_escape_is_refused(pattern: str, escape: str) -> None:
    """An escape that is not one character, or that ends the pattern, raises ValueError."""
    with pytest.raises(ValueError, match=r"(?i)escape"):
        Like(pattern, escape)


def test_case_is_ignored_when_asked_for() -> None:
    """`ignore_case` makes letters of either case equal, in the last piece too."""
    assert Like("/A%z", ignore_case=True).matches("/a/b/Z")


@given(st.text("ab%_", max_size=8), st.text("ab", max_size=10))
def test_it_agrees_with_a_backtracking_expression(pattern: str, text: str) -> None:
    """Matching pieces as early as possible finds what a regular expression that backtracks finds."""
    expression = pattern.replace("%", ".*").replace("_", ".")
    assert Like(pattern).matches(text) is (re.fullmatch(expression, text) is not None)
