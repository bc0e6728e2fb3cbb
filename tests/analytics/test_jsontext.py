"""JSON texts are read as the standard library reads them, and written so that they are read again."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.jsontext import as_json, parsed, parsed_each


def values(numbers: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """JSON values with these numbers."""
    scalars = st.none() | st.booleans() | numbers | st.text()
    return st.recursive(
        scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4)
    )


FINITE = st.integers() | st.floats(allow_nan=False, allow_infinity=False)


@given(values(FINITE | st.floats(allow_nan=False)))
def test_what_is_written_is_read_again(value: Any) -> None:
    """Integers of any size, floats to the last bit, texts in any script."""
    text = json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
    assert repr(parsed(text)) == repr(json.loads(text))


@given(values(FINITE))
def test_what_we_write_is_read_again(value: Any) -> None:
    """By us and by others, to the type."""
    text = as_json(value)
    assert repr(parsed(text)) == repr(json.loads(text)) == repr(value)


@pytest.mark.parametrize("value", ["\ud800", ["a\udfffb", 10**30], -(10**25), 2**64, 1e16, 'a"b\\\n\x1f'])
def test_what_the_fast_writer_does_not_know_is_written_all_the_same(value: Any) -> None:
    """Halves of surrogate pairs, and integers of any size."""
    assert repr(parsed(as_json(value))) == repr(value)


@pytest.mark.parametrize("value", ["\ud800", "a\udfffb", ["\ud83d", 1], float("inf")])
def test_what_is_no_strict_json_is_read_all_the_same(value: Any) -> None:
    """Halves of surrogate pairs are values like any other, and so are numbers that JSON has no word for."""
    text = json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
    assert parsed(text) == value


def test_equal_texts_are_read_once() -> None:
    """And are the same object; what is no text stays as it is."""
    texts = [b'{"steps":[2,1]}', b'{"steps":[2,2]}', bytes(bytearray(b'{"steps":[2,1]}'))]
    for values in (texts, [*texts, None, 5], [*texts, b'"\xed\xa0\x80"']):
        made = parsed_each(values)
        assert made[:2] == [{"steps": [2, 1]}, {"steps": [2, 2]}]
        assert made[2] is made[0]
    assert parsed_each([*texts, None, 5])[3:] == [None, 5]
    assert parsed_each([*texts, b'"\xed\xa0\x80"'])[3] == "\ud800"
    assert parsed_each([]) == []


def test_a_text_of_several_lines_is_one_text() -> None:
    """As none that is written here, but any that is valid."""
    assert parsed_each([b"[1,\n2]", b"3"]) == [[1, 2], 3]
