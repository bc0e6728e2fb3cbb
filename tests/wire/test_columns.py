"""Columns hold equal texts once."""

from __future__ import annotations

from gateway.wire.columns import MAX_TEXT, Columns, TextTable


def text(value: str) -> str:
    """An object of its own."""
    return "".join(list(value))


def test_equal_texts_become_one_object() -> None:
    """The first one stands for all."""
    table = TextTable()
    first, second = text("/checkout"), text("/checkout")
    assert first is not second
    assert table[first] is table[second] is first


def test_values_of_other_kinds_go_through() -> None:
    """1, 1.0 and True are equal as keys, and stay what they are."""
    values = [1, True, 1.0, None, 0, False, ("a",)]
    table = TextTable()
    assert [(type(value), value) for value in map(table.__getitem__, values)] == [(type(v), v) for v in values]


def test_a_full_table_starts_anew() -> None:
    """However many texts there are, it keeps a bounded number, and gives the right one."""
    table = TextTable(max_texts=10)
    for number in range(1_000):
        assert table[f"u{number % 37}"] == f"u{number % 37}"
        assert len(table) <= 12
    assert table[None] is None


def test_a_long_text_is_not_kept() -> None:
    """A table of long texts would be as large as what it saves."""
    table = TextTable()
    assert table["x" * (MAX_TEXT + 1)] == "x" * (MAX_TEXT + 1)
    assert len(table) == 1


def test_a_batch_is_identified_when_every_event_has_an_id() -> None:
    """One without is enough to say no; no events, no doubt."""
    assert [Columns(2, 0, (), ids, ()).identified for ids in (("a", "b"), ("a", None), None)] == [True, False, False]
    assert Columns(0, 0, (), None, ()).identified
