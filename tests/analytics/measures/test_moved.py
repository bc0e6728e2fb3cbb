"""Users whose level is another one."""

from __future__ import annotations

from analytics.measures.moved import Moved
from tests.analytics.measures.values import cells


def test_they_are_joined_in_order() -> None:
    """One part is itself, several are one after the other, nobody is nobody."""
    one, other = Moved(cells(1), cells(0), cells(2)), Moved(cells(1, 3), cells(2, 0), cells(3, 1))
    assert Moved.joined([one]) is one
    both = Moved.joined([one, Moved.none(), other])
    assert [column.tolist() for column in both] == [[1, 1, 3], [0, 2, 0], [2, 3, 1]]
