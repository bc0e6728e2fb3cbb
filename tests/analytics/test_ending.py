"""The end of a stream in pieces, against all of it at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import Batch, Engine, KpiSpec, Row, ending
from analytics.sessions import grid as session_grid
from tests.analytics.streams import STREAMS, TIMES, WINDOWS, Stream, Windows, batch


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
    specs = [
        KpiSpec("b", "uniq(distinct_id)", window.text, tz=window.tz, delay=window.ms(delay), grace=window.ms(grace)),
        KpiSpec("a", "top(country, 2)", "sliding 5s every 1s", by=("country",), max_keys=2),
        KpiSpec("c", "sum(price)", "tumbling 1s", delay="1s", grace="3s", where="event = 'buy'"),
        KpiSpec("d", "count(*)", "session 1s", by=("distinct_id",), delay="0s", grace="2s"),
        KpiSpec("e", "quantile(price, 0.5)", "session 3s", by=("country",), delay="4s"),
        KpiSpec("f", "uniq(distinct_id)", "cumulative 1d every 1h", by=("country",), delay="2s"),
    ]
    (split, rows), (whole, expected) = (_fed(specs, batch(stream)) for _ in range(2))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ending, "MOST", most)
        patch.setattr(session_grid, "PIECE", together)
        found = list(split.finishing())
    at_once = whole.finish()
    assert rows + [row for changes in found for row in changes.rows] == expected + at_once.rows
    assert found[-1].watermark == at_once.watermark


def test_a_piece_is_as_much_as_may_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hardly more, whatever there is of it; the last one is what is left."""
    monkeypatch.setattr(ending, "MOST", 50_000)
    engine, _ = _fed([KpiSpec("k", "count(*)", "sliding 1m every 100ms")], Batch.from_events([{"timestamp": 5}]))
    sizes = [len(changes.rows) for changes in engine.finishing()]
    assert sum(sizes) == 600
    assert len(sizes) > 10
    assert max(sizes) < 60
