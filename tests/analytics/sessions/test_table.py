"""Segments and chains of sessions, against what a list would do."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.sessions.table import NONE, SessionTable, segments

EVENTS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 60)), min_size=1, max_size=40)


@pytest.mark.parametrize("scale", [1, 1 << 60])
@given(events=EVENTS, gap=st.integers(1, 9))
def test_segments_are_cut_where_the_key_changes_or_the_gap_is_longer(
    scale: int, events: list[tuple[int, int]], gap: int
) -> None:
    """Gaps of at most `gap` hold a segment together, also when keys are too large for the one-number sort."""
    keys, times = (np.array(column, np.int64) for column in zip(*events, strict=True))
    found = segments(keys * scale, times, gap)
    expected: list[list[tuple[int, int, int]]] = []
    for key, time, at in sorted((key, time, at) for at, (key, time) in enumerate(events)):
        if expected and expected[-1][-1][0] == key and time - expected[-1][-1][1] <= gap:
            expected[-1].append((key, time, at))
        else:
            expected.append([(key, time, at)])
    assert found.key.tolist() == [part[0][0] * scale for part in expected]
    assert found.first.tolist() == [part[0][1] for part in expected]
    assert found.last.tolist() == [part[-1][1] for part in expected]
    assert found.arrived.tolist() == [min(at for _, _, at in part) for part in expected]
    assert {at: i for i, part in enumerate(expected) for _, _, at in part} == dict(enumerate(found.of.tolist()))


def chain(table: SessionTable, key: int) -> list[int]:
    """Starts of a key's sessions, newest first, and the same by the links the other way."""
    cells, cell = [], int(table.head[key])
    while cell != NONE:
        cells.append(cell)
        cell = int(table.older[cell])
    for newer, older in itertools.pairwise(cells):
        assert table.newer[older] == newer
    return [int(table.first[cell]) for cell in cells]


def append(table: SessionTable, *events: tuple[int, int]) -> None:
    """Open sessions for events that belong to none."""
    keys, times = (np.array(column, np.int64) for column in zip(*events, strict=True))
    parts = segments(keys, times, table.gap)
    head, _, after, _ = table.touches_head(parts)
    assert after.all()
    table.append(parts, head, after, np.full(len(parts.key), NONE))


def test_sessions_of_a_key_form_a_chain() -> None:
    """Several new sessions of one batch are chained in order of time, behind those that were there."""
    table = SessionTable(8, 5)
    append(table, (1, 100), (0, 0), (1, 0), (1, 50), (1, 3))
    assert chain(table, 1) == [100, 50, 0]
    append(table, (1, 200))
    assert chain(table, 1) == [200, 100, 50, 0]
    assert (len(table), table.free) == (5, 3)


def test_a_segment_finds_what_it_touches() -> None:
    """A gap of exactly `gap` touches on either side; what lies next to the place is named."""
    table = SessionTable(8, 5)
    append(table, (0, 0), (0, 10), (0, 30))
    first, second, third = (int(table.first.tolist().index(time)) for time in (0, 10, 30))
    assert table.around(0, 5, 5, lambda _: True) == ([second, first], NONE, third)
    assert table.around(0, 20, 20, lambda _: True) == ([], second, third)
    assert table.around(0, 15, 15, lambda _: True) == ([second], first, third)
    assert table.around(0, 15, 15, lambda cell: cell == third) == ([], second, third)
    table.insert(0, 20, 20, second, third)
    assert chain(table, 0) == [30, 20, 10, 0]
    table.swallow(first, [second])
    assert chain(table, 0) == [30, 20, 0]
    assert table.last[first] == 10


def test_removed_sessions_leave_the_rest_chained() -> None:
    """The oldest go, or the middle; a key without sessions is told, and the lowest cells are used again."""
    table = SessionTable(8, 5)
    append(table, (0, 0), (0, 10), (0, 20), (0, 30), (1, 0))
    cells = {int(table.first[c]): c for c in range(4)}
    assert table.remove(np.array([cells[0], 4])).tolist() == [1]
    assert table.remove(np.array([cells[20], cells[10]])).tolist() == []
    assert chain(table, 0) == [30]
    append(table, (2, 7))
    assert table.used.nonzero()[0].tolist() == [0, 3]
    assert table.remove(np.array([0, 3])).tolist() == [0, 2]
    assert len(table) == 0


def test_a_table_is_loaded_into_the_same_cells() -> None:
    """Chains are made anew from keys and starts."""
    table, other = SessionTable(8, 5), SessionTable(8, 5)
    append(table, (0, 0), (0, 10), (1, 3))
    cells = table.open_cells()
    other.load(cells, table.first[cells], table.last[cells], table.key[cells], table.final[cells])
    assert [chain(other, key) for key in (0, 1)] == [[10, 0], [3]]
    assert (len(other), other.top) == (3, 3)
