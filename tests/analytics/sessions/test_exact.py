"""The session windows of a replay: each row at the event that brought it."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from analytics import Engine
from tests.analytics.model import VALUES
from tests.analytics.sessions.model import SessionModel
from tests.analytics.sessions.test_grid import (
    A_START_THAT_IS_TAKEN,
    CUTS,
    GAPS,
    STREAMS,
    TIMES,
    a_kpi,
    assert_rows,
    told,
)
from tests.analytics.streams import Stream, batch, pieces


@given(STREAMS, CUTS, GAPS, TIMES, TIMES, st.sampled_from(["count(*)", "sum(price)", "uniq(distinct_id)"]))
@example(A_START_THAT_IS_TAKEN, [], 3_500, 0, 8_000, "count(*)")
def test_rows_come_at_their_events(
    stream: Stream, cuts: list[int], gap: int, delay: int, grace: int, value: str
) -> None:
    """Whatever the batches, the rows are those of an engine that is asked after every event, in that order."""
    spec = a_kpi(value, gap, delay, grace, "country")
    engine, model = Engine([spec], exact=True), SessionModel(VALUES[value], gap, delay, grace, "country")
    found: list[Any] = []
    for piece in pieces(stream, cuts):
        engine.ingest(batch(piece), 0)
        found += told(engine.settled().rows)
    expected: list[Any] = []
    for event, source in stream:
        model.add(event, source)
        rows = model.advance(partial=False)
        assert_rows(found[len(expected) :][: len(rows)], rows)
        expected += sorted(rows, key=lambda row: row[1])
    assert [row[1] for row in found] == [row[1] for row in expected]
    assert_rows(told(engine.finish().rows), model.finish())
