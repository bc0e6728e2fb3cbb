"""What measures share whose state belongs to panes, not to slots."""

from __future__ import annotations

from analytics.measures.distinct import Distinct
from tests.analytics.measures.values import add, opened, read


def test_a_slot_that_changes_hands_starts_empty() -> None:
    """The pairs of a pane that was closed do not show in the next pane of its slot."""
    users = opened(Distinct, 2, 2)
    for pane in range(200, 260):
        add(users, [0] * 100 + [1], range(pane, pane + 101))
        assert read(users, 0) == [100, 1]
        users.clear(0)
        users.open(0, pane)


def test_panes_far_apart_are_read_together() -> None:
    """A window's panes need not have neighbouring numbers, and may have negative ones."""
    users = Distinct(3, 2)
    for slot, pane in enumerate((-(1 << 40), 5, 1 << 40)):
        users.open(slot, pane)
    add(users, [0, 2, 4, 5], ["a", "b", "a", "c"])
    assert read(users, 0, 1, 2) == [2, 1]
