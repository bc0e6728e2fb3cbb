"""Leaps of time in pieces, against all of it at once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import Batch, Engine, KpiSpec, Row, leap
from analytics.sessions import grid as session_grid
from tests.analytics.streams import STREAMS, TIMES, WINDOWS, Stream, Windows, batch


def _specs(window: Windows, delay: int, grace: int) -> list[KpiSpec]:
    """Windows of all kinds, with measures that can change earlier ones than an event's own."""
    own: dict[str, Any] = {"tz": window.tz, "delay": window.ms(delay), "grace": window.ms(grace)}
    return [
        KpiSpec("b", "uniq(distinct_id)", window.text, **own),
        KpiSpec("a", "top(country, 2)", "sliding 5s every 1s", by=("country",), max_keys=2),
        KpiSpec("c", "sum(price)", "tumbling 1s", delay="1s", grace="3s", where="event = 'buy'"),
        KpiSpec("d", "count(*)", "session 1s", by=("distinct_id",), delay="0s", grace="2s"),
        KpiSpec("e", "quantile(price, 0.5)", "session 3s", by=("country",), delay="4s"),
        KpiSpec("f", "uniq(distinct_id)", "cumulative 1d every 1h", by=("country",), delay="2s"),
        KpiSpec("g", "session_seconds(gap => '2s')", "sliding 4s every 2s", delay="0s", grace="9s"),
    ]


def _fed(specs: list[KpiSpec], events: Batch) -> tuple[Engine, list[Row]]:
    engine = Engine(specs, exact=True)
    engine.ingest(events, 0)
    return engine, engine.settled().rows


@given(STREAMS, WINDOWS, TIMES, TIMES, st.sampled_from([1, 5_000]), st.sampled_from([1, 2, 1_024]))
def test_the_rest_in_pieces_is_what_it_is_at_once(
    stream: Stream, window: Windows, delay: int, grace: int, most: int, together: int
) -> None:
    """The same rows in the same order, and the same watermarks, whatever kinds of windows there are."""
    stream = window.moved(stream)
    specs = _specs(window, delay, grace)
    (split, rows), (whole, expected) = (_fed(specs, batch(stream)) for _ in range(2))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(leap, "MOST", most)
        patch.setattr(session_grid, "PIECE", together)
        found = list(split.finishing())
    at_once = whole.finish()
    assert rows + [row for changes in found for row in changes.rows] == expected + at_once.rows
    assert found[-1].watermark == at_once.watermark


@given(STREAMS, WINDOWS, TIMES, TIMES, st.sampled_from([1, 3_000]), st.lists(st.integers(0, 25_000), min_size=60))
def test_a_batch_in_pieces_is_what_it_is_at_once(
    stream: Stream, window: Windows, delay: int, grace: int, most: int, moments: list[int]
) -> None:
    """The same rows in the same order, and what is late, wherever time leaps: with an event, or as a source is idle."""
    specs, first, second = _specs(window, delay, grace), stream[::2], stream[1::2]
    split, whole = (Engine(specs, exact=True) for _ in range(2))
    found, expected = list[Row](), list[Row]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(leap, "MOST", most)
        for part, now in (first, sorted(moments[:30])), (second, sorted(moments[30:])):
            if part:
                events = batch(window.moved(part))
                nows = [at + 25_000 * (part is second) for at in now[: len(events.sources)]]
                found += [row for changes in split.ingesting(events, 0, nows) for row in changes.rows]
                whole.ingest(events, 0, nows)
                expected += whole.settled().rows
        found += [row for changes in split.finishing() for row in changes.rows]
    assert found == expected + whole.finish().rows
    assert split.stats()["late_by_kpi"] == whole.stats()["late_by_kpi"]


def test_a_leap_goes_in_pieces_of_what_may_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over a gap, from one event to the next, and when many events bring some windows each; a busy batch is one."""
    monkeypatch.setattr(leap, "MOST", 50_000)
    for times in ([5, 200_000, 200_001], range(0, 200_000, 100)):
        engine = Engine([KpiSpec("k", "count(*)", "sliding 1m every 100ms", delay="0s", grace="0s")], exact=True)
        events = Batch.from_events([{"timestamp": time} for time in times])
        sizes = [len(changes.rows) for changes in engine.ingesting(events, 0)]
        assert sum(sizes) >= 600
        assert max(sizes) < 60
    busy = Batch.from_events([{"timestamp": 200_000 + at % 100} for at in range(500)])
    assert len(list(engine.ingesting(busy, 0))) == 1


def test_a_piece_is_as_much_as_may_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hardly more, whatever there is of it; the last one is what is left."""
    monkeypatch.setattr(leap, "MOST", 50_000)
    engine, _ = _fed([KpiSpec("k", "count(*)", "sliding 1m every 100ms")], Batch.from_events([{"timestamp": 5}]))
    sizes = [len(changes.rows) for changes in engine.finishing()]
    assert sum(sizes) == 600
    assert len(sizes) > 10
    assert max(sizes) < 60
