"""Both kinds of windows keep the contract that the engine relies on."""

from __future__ import annotations

import pytest

from analytics import Batch, Engine, KpiSpec
from analytics.windowing import Windowing


@pytest.mark.parametrize("window", ["tumbling 1s", "sliding 4s every 1s", "session 2s"])
def test_a_kind_of_windows_has_all_of_it(window: str) -> None:
    """Rows, sizes, notes and the watermark before and after the first event."""
    engine = Engine([KpiSpec(name="k", value="sum(v)", window=window, delay="1s", by=("page",))])
    [grid] = engine._grids
    kind: Windowing = grid
    assert engine.watermark("k") is None
    assert kind.take() == []
    assert set(kind.sizes()) == {"keys", "overflow", "panes", "sessions"}
    engine.ingest(Batch.from_events([{"event": "x", "timestamp": 5_000, "properties": {"page": "/", "v": 2}}]), 0)
    assert engine.watermark("k") == kind.watermark == 4_000
    assert kind.sizes()["keys"] == 1
    assert kind.sizes()["panes"] + kind.sizes()["sessions"] == 1
    kind.publish(5_000)
    told = kind.take()[0]
    assert (told.kpi, told.rows[0].value) == ("k", 2)
    assert next(kind.rows(0, 0, 9_000)).value == 2
    assert kind.notes() == {"sums_rounded": 0}
    assert (kind.late, kind.closed_early) == (0, 0)
