"""Arguments of a call: in order, by name, and what is refused."""

from __future__ import annotations

import pytest
import sqlglot

from analytics.call import Call, whole_number
from analytics.reader import DefinitionError, Expressions, Reader


def call(text: str) -> Call:
    """The call that a text is."""
    return Call(Reader(text), sqlglot.parse_one(text, dialect=Expressions))


def test_arguments_come_in_order_and_by_name() -> None:
    """What has no name keeps its order; names are read in any case."""
    made = call("Funnel(a, b = 1, WITHIN => '30m', times => TRUE)")
    assert made.name == "funnel"
    assert [tree.sql() for tree in made.arguments] == ["a", "b = 1"]
    assert made.duration("within", "1s") == 1_800_000
    assert made.truth("times") is True
    assert made.named("exclude") is None


def test_what_is_missing_has_its_default() -> None:
    """Durations, numbers, texts and truths that were not written."""
    made = call("f()")
    assert made.duration("gap", "2s") == 2_000
    assert made.whole("periods", 7, 1, 60) == 7
    assert made.text("mode", "default") == "default"
    assert made.truth("times") is False


@pytest.mark.parametrize(
    ("text", "read", "reason"),
    [
        ("f(a => 1, b)", lambda c: c, "what has a name comes last"),
        ("f(a => 1, A => 2)", lambda c: c, "given twice"),
        ("f(DISTINCT x)", lambda c: c, r"uniq\(x\)"),
        ("f(b => 1)", lambda c: c.only("a"), "no 'b'; it knows a"),
        ("f(b => 1)", lambda c: c.only(), "no 'b'$"),
        ("f(gap => 5)", lambda c: c.duration("gap", "1s"), "a duration in quotes"),
        ("f(gap => '5 parsec')", lambda c: c.duration("gap", "1s"), "a duration in quotes"),
        ("f(gap => '0s')", lambda c: c.duration("gap", "1s"), "between 1ms and 366d"),
        ("f(gap => '367d')", lambda c: c.duration("gap", "1s"), "between 1ms and 366d"),
        ("f(n => 0)", lambda c: c.whole("n", 1, 1, 60), "a whole number from 1 to 60"),
        ("f(n => 61)", lambda c: c.whole("n", 1, 1, 60), "a whole number from 1 to 60"),
        ("f(n => 1.5)", lambda c: c.whole("n", 1, 1, 60), "a whole number from 1 to 60"),
        ("f(mode => strict)", lambda c: c.text("mode", ""), "a text in quotes"),
        ("f(times => 'yes')", lambda c: c.truth("times"), "TRUE or FALSE"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, read: object, reason: str) -> None:
    """Each refusal has a reason and a place within the text."""
    with pytest.raises(DefinitionError, match=reason) as refused:
        read(call(text))  # type: ignore[operator]
    assert refused.value.offset is not None
    assert 0 <= refused.value.offset < len(text)


def test_only_a_literal_is_a_whole_number() -> None:
    """Digits and nothing else; a text of digits is none."""
    numbers = [whole_number(sqlglot.parse_one(text)) for text in ("12", "1.5", "'12'", "x", "-1")]
    assert numbers == [12, None, None, None, None]
