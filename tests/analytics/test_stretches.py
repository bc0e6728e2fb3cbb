"""Panes of long windows that are added up once: every window is what its panes are, whatever changes in between."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from analytics import Batch, Engine, KpiSpec, Row
from analytics import stretches as module
from analytics.arrays import Ints
from analytics.panes import PanePool
from analytics.stretches import LENGTH, WORTH, Stretches, room


class Rows:
    """A pool whose slots hold one number each, and what stretches add up of them."""

    def __init__(self, slots: int, count: int) -> None:
        self.pool = PanePool(slots)
        self.values: Ints = np.zeros(slots + count, np.int64)
        self.folds = 0
        self.stretches = Stretches(self.pool, slots, count, self.fold)

    def fold(self, sources: Ints, target: int) -> None:
        self.folds += 1
        self.values[target] = self.values[sources].sum()

    def add(self, pane: int, value: int) -> None:
        slot = self.pool.slot(pane) if pane in self.pool else self.pool.open(pane)
        self.values[slot] += value
        self.stretches.forget([pane])

    def window(self, first: int, last: int, busy: tuple[int, ...] = ()) -> Ints:
        return self.stretches.rows(self.pool.slots(self.pool.between(first, last)), busy)


def test_a_long_window_is_read_from_few_rows() -> None:
    """A thousand panes are 30 stretches and the panes at the ends; the next window adds nothing up anew."""
    rows = Rows(1_000, room(1_000))
    for pane in range(1_000):
        rows.add(pane, pane)
    found = rows.window(10, 1_000)
    assert len(found) < 990 // LENGTH + 2 * LENGTH
    assert int(rows.values[found].sum()) == sum(range(10, 1_000))
    before = rows.folds
    assert int(rows.values[rows.window(11, 1_000)].sum()) == sum(range(11, 1_000))
    assert rows.folds == before


def test_short_windows_are_read_pane_by_pane() -> None:
    """Below WORTH panes the slots are what they were."""
    rows = Rows(WORTH, 4)
    for pane in range(WORTH):
        rows.add(pane, 1)
    assert rows.window(1, WORTH).tolist() == rows.pool.slots(list(range(1, WORTH))).tolist()
    assert rows.folds == 0


def test_a_stretch_with_events_since_the_last_tick_is_not_added_up() -> None:
    """It would have to be again, with the next event."""
    rows = Rows(4 * WORTH, room(4 * WORTH))
    for pane in range(4 * WORTH):
        rows.add(pane, 1)
    rows.window(0, 4 * WORTH, busy=(LENGTH, 2 * LENGTH))
    assert rows.folds == 4 * WORTH // LENGTH - 2


@pytest.mark.parametrize("seed", range(5))
def test_any_window_is_the_sum_of_its_panes(seed: int) -> None:
    """With gaps, late changes, panes that close in any place and too few slots for all stretches."""
    rng = Random(seed)
    rows = Rows(700, 9)
    truth: dict[int, int] = {}
    for step in range(400):
        pane = rng.randrange(step, step + 600)
        if pane in truth or len(truth) < 690:
            rows.add(pane, step)
            truth[pane] = truth.get(pane, 0) + step
        if step % 3 == 0 and truth:
            gone = min(truth) if rng.random() < 0.8 else rng.choice(sorted(truth))
            rows.values[rows.pool.close(gone)] = 0
            rows.stretches.forget([gone])
            del truth[gone]
        for extra in range(rng.randrange(4)):
            if len(truth) < 690:
                rows.add(step + 300 + extra, 1)
                truth[step + 300 + extra] = truth.get(step + 300 + extra, 0) + 1
        first = rng.randrange(step, step + 200)
        last = first + rng.randrange(150, 600)
        expected = sum(value for pane, value in truth.items() if first <= pane < last)
        assert int(rows.values[rows.window(first, last)].sum()) == expected


def _rows(events: list[tuple[int, str, float]], value: str) -> list[Row]:
    spec = KpiSpec("k", value, f"sliding {2 * WORTH}s every 1s", by=("c",), max_keys=5, delay="40s", grace="60s")
    engine, found = Engine([spec]), list[Row]()
    for start in range(0, len(events), 40):
        made = [{"timestamp": t, "properties": {"c": c, "x": x}} for t, c, x in events[start : start + 40]]
        engine.ingest(Batch.from_events(made), 0)
        found += engine.advance(0).rows
    return found + engine.finish().rows


@pytest.mark.parametrize("value", ["count(*)", "sum(x)", "min(x) + max(x)", "avg(x)"])
def test_rows_are_the_same_as_without(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Partials, finals and corrections of long windows, over events out of order and some that come late."""
    rng = Random(3)
    events = [
        (
            1_000 * max(0, step + rng.randrange(-90, 1)),
            rng.choice("abcdefg"),
            rng.choice([1e17, -1e17, 0.1, 5.0, 1e-40]),
        )
        for step in range(500)
    ]
    fewer = _rows(events, value)
    monkeypatch.setattr(module, "WORTH", 1 << 30)
    assert fewer == _rows(events, value)
    assert {row.kind for row in fewer} == {"partial", "final", "correction"}
