"""Rows for which there is no room go at once, and all rows are those that would have gone later."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from analytics import Batch, Changes, Engine, KpiSpec, Row, clockwork
from analytics.outlet import MOST, ROW_BYTES, Load, Outlet
from analytics.time import BEGINNING

START = 1_795_334_400_000
PARTS: tuple[Callable[[Changes], list[Row]], ...] = (lambda changes: changes.rows, lambda changes: changes.coarse)


def specs(window: str) -> list[KpiSpec]:
    """Two KPIs of one set of windows, and one of another."""
    more: dict[str, Any] = {"window": window, "by": ("page",), "delay": "2s", "grace": "10s"}
    return [
        KpiSpec(name="views", value="count(*)", **more),
        KpiSpec(name="users", value="uniq(user)", **more),
        KpiSpec(name="minutes", value="count(*)", window="tumbling 1m", delay="2s", grace="10s"),
    ]


def offline(events: int) -> Batch:
    """What a producer sends that was offline for an hour and a half."""
    times = START + np.arange(events) * (5_400_000 // events)
    columns = {"page": [f"/{i % 3}" for i in range(events)], "user": [f"u{i % 50}" for i in range(events)]}
    return Batch(events, times, columns, [("s", events)])


@pytest.mark.parametrize(
    ("window", "events"), [("tumbling 1s", 1_500), ("sliding 60s every 1s", 1_500), ("session 1s", 6_000)]
)
def test_what_is_spilled_and_what_is_left_is_everything(window: str, events: int) -> None:
    """The same rows, coarse ones too, as where nobody takes any before the tick; those of panes in their order."""
    waiting, spilling, spilled = Engine(specs(window)), Engine(specs(window)), list[Changes]()
    spilling.spill(spilled.append)
    found = []
    for engine in (waiting, spilling):
        engine.ingest(offline(events), 0)
        rest = engine.advance(0)
        changes = [*spilled, rest]
        rows, coarse = ([row for each in changes for row in part(each)] for part in PARTS)
        for unordered in (coarse, rows)[: 1 + window.startswith("session")]:
            unordered.sort(key=lambda row: (row.kpi, row.start, row.end, repr(row.dims)))
        found.append([*([row for row in rows if row.kpi == kpi] for kpi in ("views", "users", "minutes")), coarse])
    assert len(found[0][0]) > 1_000
    assert found[0] == found[1]
    assert spilled
    assert all(changes.watermark == {} for changes in spilled)


def test_no_more_goes_together_than_there_is_room_for() -> None:
    """However many windows become final in one batch; what is left for the tick is no more than that, too."""
    engine, taken = Engine(specs("sliding 60s every 1s")), list[int]()
    engine.spill(lambda changes: taken.append(len(changes.rows)))
    engine.ingest(offline(1_500), 0)
    taken.append(len(engine.advance(0).rows))
    assert sum(taken) > 20_000
    assert max(taken) * ROW_BYTES <= MOST + 4 * ROW_BYTES


def test_windows_that_end_at_once_are_not_all_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve thousand that become final with one batch, of which few are kept: some MB less than what all take."""
    peaks = []
    for few in (clockwork.FEW, 1 << 40):
        monkeypatch.setattr(clockwork, "FEW", few)
        engine = Engine([KpiSpec(name="k", value="count(*)", window="sliding 20m every 100ms", grace="0s")])
        engine.spill(lambda _: None)
        first, second = (Batch(1, np.array([at]), {}, [("s", 1)]) for at in (START, START + 86_400_000))
        engine.ingest(first, 0)
        engine.advance(0)
        tracemalloc.start()
        try:
            engine.ingest(second, 0)
            engine.advance(0)
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    assert peaks[1] - peaks[0] > 4e6


def test_each_load_counts_until_it_is_taken() -> None:
    """Several sets of windows share an outlet, and nobody is asked before it is full."""
    outlet, asked = Outlet(), []
    one, other = Load(outlet), Load(outlet)
    one.add(MOST - 1, 5)
    outlet.relieve = lambda: asked.append(outlet.bytes)
    other.add(0, 9)
    assert asked == []
    other.add(7, 8)
    assert asked == [MOST + 6]
    one.clear()
    assert (outlet.bytes, outlet.latest) == (7, 9)
    one.clear()
    other.clear()
    assert (outlet.bytes, outlet.latest) == (0, BEGINNING)
