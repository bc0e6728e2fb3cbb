"""The backlogs of an engine: what some windows count at once waits for others, and is what it is once."""

from __future__ import annotations

from typing import Any

from analytics import KpiSpec
from analytics.backlog import LARGEST
from tests.analytics.counted import Counted

VIEWS = KpiSpec("views", "sum(price)", "tumbling 10s", delay="0s", grace="0s")
VISITS = KpiSpec("visits", "sum(price)", "session 5s", delay="1s", grace="0s")
STRICT = KpiSpec("strict", "max(price)", "session 3s", where="event = 'buy'", delay="0s", grace="0s")


def event(second: float, price: Any = 1, name: str = "buy") -> dict[str, Any]:
    """Of one user."""
    return {"event": name, "timestamp": round(second * 1_000), "distinct_id": "ann", "properties": {"price": price}}


def test_windows_wait_for_themselves() -> None:
    """Sessions without a delay count each batch, others none; a tick has all of it counted."""
    counted = Counted(VIEWS, VISITS, STRICT)
    for second in range(4):
        assert counted.take(event(second), event(second + 0.5)) == []
    assert counted.sizes == {"views": [], "visits": [], "strict": [2, 2, 2, 2]}
    rows = counted.engine.advance(0).rows
    assert [(row.kpi, row.value) for row in rows] == [("strict", 1), ("visits", 8), ("views", 8)]
    assert counted.sizes == {"views": [8], "visits": [8], "strict": [2, 2, 2, 2]}


def test_what_is_late_somewhere_may_be_in_time_where_it_waits() -> None:
    """`warn` where others take it, `drop` where nobody who asked does."""
    counted = Counted(VIEWS, STRICT)
    assert counted.take(event(9)) == []
    assert counted.take(event(4), event(9)) == [(0, "warn")]
    assert counted.sizes["views"] == []
    strict = Counted(KpiSpec("few", "count(*)", "tumbling 10s", where="event = 'view'", delay="0s", grace="0s"), STRICT)
    assert strict.take(event(9)) == []
    assert strict.take(event(4), event(9)) == [(0, "drop")]


def test_a_value_that_is_no_number_is_counted_once() -> None:
    """Whoever reads it first, at once or after it has waited, alone or together with others."""
    counted = Counted(VIEWS, VISITS, STRICT)
    counted.take(event(0, "odd"), event(0.5))
    counted.take(event(1, "odd"), event(1.5, "odd", "view"))
    counted.take(event(2, 5, "view"), event(2.5, 7))
    assert counted.engine.stats()["clashes"] == 3
    counted = Counted(VIEWS, VISITS)
    for second in range(6):
        counted.take(event(second, "odd" if second % 2 else None), event(second + 0.5, 1 << 60))
        if second == 3:
            counted.take(event(0))  # behind the watermark of one of them, which counts what waits
    assert counted.engine.stats()["clashes"] == 3
    assert counted.sizes == {"views": [13], "visits": [8, 1, 4]}
    assert [row.value for row in counted.engine.finish().rows] == [6 * (1 << 60) + 1] * 2


def test_there_are_too_many_as_soon_as_one_has_too_many() -> None:
    """Though the others count each batch."""
    counted = Counted(VIEWS, STRICT)
    counted.take(*[event(1)] * (LARGEST - 1))
    counted.take(event(1))
    assert counted.sizes == {"views": [], "strict": [LARGEST - 1, 1]}
    counted.take(event(1))
    assert counted.sizes == {"views": [LARGEST], "strict": [LARGEST - 1, 1, 1]}


def test_counting_goes_on_from_one_to_the_next() -> None:
    """In steps, as far as there is much; what is not much waits on."""
    counted = Counted(VIEWS, VISITS)
    counted.take(event(1))
    assert list(counted.engine.relieving()) == []
    counted.take(*[event(1)] * LARGEST)
    seen = [{name: len(sizes) for name, sizes in counted.sizes.items()} for _ in counted.engine.relieving()]
    assert seen == [{"views": 1, "visits": 0}, {"views": 1, "visits": 1}]
