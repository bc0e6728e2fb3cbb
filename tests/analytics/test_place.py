"""Lines and columns of a KPI file."""

from __future__ import annotations

import pytest

from analytics.place import Places

TEXT = """\
title = "before any table"

[[kpi]]
name = "a"
"value" = 'count(*)'

  [[ kpi ]]
name = "b"
name = "twice"
value = \"\"\"
sum(x)\"\"\"
"""


def test_a_key_stands_where_its_value_starts() -> None:
    """Keys, quoted or not, are found in their own table; the first of two counts."""
    places = Places(TEXT)
    assert places.of(0, "name") == (4, 8)
    assert places.of(0, "value") == (5, 11)
    assert places.of(1, "name") == (8, 8)


def test_an_unknown_key_stands_at_the_header() -> None:
    """A key the table does not have gets the place of the table's header, whatever character is asked for."""
    places = Places(TEXT)
    assert places.of(0) == (3, 1)
    assert places.of(1, "window", 5) == (7, 3)
    assert places.of(0, "title") == (3, 1)


def test_what_stands_in_texts_and_values_is_no_table_and_no_key() -> None:
    """Lines of a text, comments, lists over several lines and tables inside of values."""
    text = """\
kpi_of = { value = 1 }
[[kpi]] # [[kpi]]
description = \'\'\'
[[kpi]]
value = 'no'
\'\'\'
by = [ # value = 2
  "a,]", \'b\', ["value"], { value = "inner" },
]
since = 2026-11-30 08:00:00
value.of = "first"
[other]
value = 3
[["kpi"]]
"value" = 4
"""
    places = Places(text)
    assert places.names == ["kpi", "kpi"]
    assert [places.of(0, key) for key in ("description", "by", "since", "value")] == [
        (3, 15),
        (7, 6),
        (10, 9),
        (11, 12),
    ]
    assert [places.of(1), places.of(1, "value")] == [(14, 1), (15, 11)]


def test_tables_may_be_written_as_a_list() -> None:
    """Each has the place of its brace."""
    places = Places("kpi = [\n  {name = 'a', value = 'x'}, # first\n  {name = 'b', by = ['}'], value = 'y'},\n]\n")
    assert [places.of(0), places.of(0, "value", 0)] == [(2, 3), (2, 25)]
    assert [places.of(1), places.of(1, "value")] == [(3, 3), (3, 36)]
    assert places.of(2) == (None, None)


def test_an_unknown_table_has_no_place() -> None:
    """A table that the text does not have has neither line nor column."""
    assert Places(TEXT).of(2, "name") == (None, None)
    assert Places("").of(0) == (None, None)


def test_a_character_of_a_string_is_behind_its_quotes() -> None:
    """Characters are counted from the opening quotes, after the line break that follows a triple quote."""
    places = Places(TEXT)
    assert places.of(0, "value", 0) == (5, 12)
    assert places.of(1, "value", 4) == (11, 5)


@pytest.mark.parametrize(("body", "column"), [(r"\"b", 11), (r"\u0041b", 15), (r"\U00000041b", 19)])
def test_an_escape_is_one_character(body: str, column: int) -> None:
    """An escape of a double-quoted string counts as one character of the text, as long as it may be written."""
    assert Places(f'[[kpi]]\nwhere="{body}"').of(0, "where", 1) == (2, column - 1)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_line_that_is_continued_has_no_characters_at_its_end(end: str) -> None:
    """A backslash at the end of a line, and all blanks behind it, are nothing of the text."""
    text = end.join(["[[kpi]]", 'value = """', "  a \\  ", "", "    b", 'c"""'])
    places = Places(text)
    # The text is `  a b`, a line end, `c`.
    assert [places.of(0, "value", n) for n in (2, 4, 5, 6)] == [(3, 3), (5, 5), (5, 6), (6, 1)]
    assert Places("[[kpi]]\nvalue = '''\na\\\nb'''").of(0, "value", 3) == (4, 1)


def test_a_single_quoted_string_has_no_escapes() -> None:
    """A backslash of a literal string is a character of its own."""
    assert Places("[[kpi]]\nwhere='\\nb'").of(0, "where", 2) == (2, 10)
