"""How far commit groups are apart, and when nothing is gained by it."""

from __future__ import annotations

from itertools import pairwise

from gateway.core.spacing import ENOUGH, SPACING_S, Spacing


def waits(spacing: Spacing, groups: int, more: int = 0) -> list[float]:
    """What so many groups of one batch wait, each asked for half the spacing after the one before has begun."""
    now, found = 0.0, []
    spacing.begin(now, 1)
    for _ in range(groups):
        now += SPACING_S / 2
        wait = spacing.wait(now, 1)
        found.append(wait / SPACING_S)
        now += wait
        spacing.begin(now, 1 + (more if wait else 0))
    return found


def test_the_first_group_begins_at_once() -> None:
    """And so does each that comes long enough behind the last, or is large."""
    spacing = Spacing()
    assert spacing.wait(0.0, 1) == 0
    spacing.begin(0.0, 1)
    assert spacing.wait(SPACING_S, 1) == 0
    assert spacing.wait(0.0, ENOUGH) == 0


def test_groups_are_kept_apart_while_more_comes() -> None:
    """Whatever is left of the spacing."""
    assert waits(Spacing(), 4, more=1) == [0.5, 0.5, 0.5, 0.5]


def test_waiting_that_brings_nothing_becomes_rare() -> None:
    """A client that sends one batch after the ack of the other loses next to nothing; that is found out again, and
    again the more seldom.
    """
    found = waits(Spacing(), 2_000)
    tried = [place for place, wait in enumerate(found) if wait]
    gaps = [after - before for before, after in pairwise(tried)]
    assert gaps == [9, 17, 33, 65, 129, 257, 513, 513]
    assert len(tried) < 10


def test_one_wait_that_brings_something_counts() -> None:
    """From then on groups wait as before."""
    spacing = Spacing()
    waits(spacing, 100)
    found = waits(spacing, 100, more=1)
    first = next(place for place, wait in enumerate(found) if wait)
    assert all(found[first:])
