"""What was said last, and whether something new differs from it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from analytics.history import FINAL
from analytics.sessions.said import Said

ALL = np.arange(3)


def say(said: Said, cells: list[int], values: Any) -> list[bool]:
    """Say these values; returns which of them are news."""
    fresh = said.fit(np.array(values))
    news: list[bool] = said.differs(np.array(cells), fresh).tolist()
    said.kinds[cells] = FINAL
    said.values[cells] = fresh
    return news


def test_nulls_are_equal_to_each_other_and_to_nothing_else() -> None:
    """Among floats and among objects."""
    for null in (np.nan, None):
        said = Said(3)
        say(said, [0, 1, 2], [null, 0.5, null])
        assert say(said, [0, 1, 2], [null, 0.5, 1.5]) == [False, False, True]
        assert say(said, [1, 2], [null, null]) == [True, True]
        assert said.dump_values(ALL) == [None, None, None]


def test_a_measure_that_changes_its_kind_keeps_its_values() -> None:
    """Integers stay integers when a float is said of another session, and silence stays silence."""
    said = Said(3)
    say(said, [0], [3])
    assert said.values.dtype == np.int64
    assert say(said, [1], [0.5]) == [True]
    assert say(said, [0, 1], [3, 7]) == [False, True]
    assert list(map(repr, said.dump_values(ALL))) == ["3", "7", "None"]
    said.forget(np.array([0]))
    assert said.dump_values(ALL) == [None, 7, None]


def test_numbers_are_kept_as_numbers_while_they_are_of_one_kind() -> None:
    """Before anything was said the kind may still change."""
    said = Said(3)
    say(said, [0], [0.5])
    assert said.values.dtype == np.float64
    said.forget(np.array([0]))
    say(said, [0], [3])
    assert said.values.dtype == np.int64


@pytest.mark.parametrize("values", [[1, 2], [0.5, 2.5], [1, 2.5], [b"[]", None], [None, None]])
def test_a_dump_comes_back(values: list[Any]) -> None:
    """As it was, and what is said again is no news."""
    said, restored = Said(3), Said(3)
    column = np.fromiter(values, object, 2)
    fresh = said.fit(column)
    said.kinds[[0, 2]] = FINAL
    said.values[[0, 2]] = fresh
    dumped = said.dump_values(ALL)
    assert list(map(repr, dumped)) == [repr(values[0]), "None", repr(values[1])]
    restored.kinds[:] = said.kinds
    restored.load_values(ALL, dumped)
    assert list(map(repr, restored.dump_values(ALL))) == list(map(repr, dumped))
    assert not restored.differs(np.array([0, 2]), restored.fit(column)).any()
