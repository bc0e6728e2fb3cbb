"""Chains of spans that users left behind."""

from __future__ import annotations

import numpy as np

from analytics.arrays import Ints
from analytics.bygone import Bygone, Spans


def ints(*values: int) -> Ints:
    """A column."""
    return np.array(values, np.int64)


def spans(*lasts: int, row: int = 0) -> Spans:
    """Spans of one user, of one event each."""
    column = ints(*lasts)
    return Spans(np.full(len(column), row), column, column, column // 10, np.zeros_like(column))


def chained(pool: Bygone, *lasts: int, row: int = 0) -> int:
    """A chain of these spans, oldest first; returns its head."""
    entries = pool.add(spans(*lasts, row=row), np.full(len(lasts), -1))
    pool.link(entries[1:])
    return int(entries[-1])


def test_a_chain_is_followed_as_far_as_it_matters() -> None:
    """From the newest on, up to the first span that ended before the time asked for."""
    pool = Bygone(100)
    one, other = chained(pool, 10, 20, 30), chained(pool, 15, row=1)
    entries, rest = pool.reach(ints(one, other, -1), ints(20, 99, 0))
    assert sorted(pool.spans(entries).lasts.tolist()) == [20, 30]
    assert pool.spans(rest[:2]).lasts.tolist() == [10, 15]
    assert rest[2] == -1


def test_tidying_keeps_what_matters_and_its_chains() -> None:
    """Old and dropped spans are gone; the numbers of the others are told."""
    pool = Bygone(2_000)
    head = chained(pool, 10, 20, 30, 40)
    pool.drop(ints(head))
    numbers, lost = pool.tidy(20, 5_000)
    assert lost == 0
    entries, rest = pool.reach(numbers[ints(head - 1)], ints(0))
    assert pool.spans(entries).lasts.tolist() == [30, 20]
    assert rest.tolist() == [-1]
    assert numbers[head] == -1
    assert not pool.full(5_000)


def test_beyond_the_cap_the_oldest_go() -> None:
    """As many as there is room for stay, those that ended last."""
    pool = Bygone(3)
    chained(pool, 1, 2, 3, 4, 5, 5)
    _, lost = pool.tidy(0, 0)
    assert lost == 3
    assert pool.spans(pool.mattering(0)).lasts.tolist() == [4, 5, 5]


def test_spans_that_ended_together_go_together() -> None:
    """What is forgotten does not depend on the order in which they came."""
    pool = Bygone(3)
    chained(pool, 1, 2, 2, 2, 9)
    _, lost = pool.tidy(0, 0)
    assert lost == 4
    assert pool.spans(pool.mattering(0)).lasts.tolist() == [9]


def test_users_can_be_forgotten() -> None:
    """All of their spans go; those of others stay."""
    pool = Bygone(100)
    chained(pool, 1, 2)
    chained(pool, 3, row=1)
    pool.drop_of(np.array([True, False]))
    assert pool.spans(pool.mattering(0)).lasts.tolist() == [3]


def test_panes_can_be_merged() -> None:
    """What started in some panes started in another one afterwards."""
    pool = Bygone(100)
    chained(pool, 10, 20, 30)
    pool.rehome(ints(1, 2), 7)
    assert pool.spans(pool.mattering(0)).panes.tolist() == [7, 7, 3]
