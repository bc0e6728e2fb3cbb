"""A fold that takes in KPIs later is the fold that had them from the start, to the last byte."""

from __future__ import annotations

import random
from collections.abc import Sequence

import orjson
import pytest

from analytics import KpiError, KpiSpec, Row
from gateway.core.fold import Fold
from gateway.core.producer import Arrival
from gateway.core.producers import Producer
from gateway.core.record import encode_record
from tests.core.simulated_client import NOW
from tests.core.simulation import LIMITS, refold

OLD = """
[[kpi]]
name = "old"
value = "count(*)"
window = "tumbling 10s"
delay = "1s"
grace = "5s"
"""
KPIS = (
    OLD
    + """
[[kpi]]
name = "by_second"
value = "count(*)"
by = ["k"]
window = "tumbling 1s"
delay = "1s"
grace = "5s"

[[kpi]]
name = "value"
value = "sum(value) / uniq(distinct_id)"
window = "sliding 30s every 10s"
where = "k <> 'c'"
delay = "1s"
grace = "5s"

[[kpi]]
name = "day"
value = "quantile(value, 0.5)"
window = "cumulative 1d every 1m"
delay = "1s"
grace = "5s"

[[kpi]]
name = "visits"
value = "count(*)"
window = "session 2s"
delay = "1s"
grace = "5s"
"""
)
ALL = KpiSpec.parse(KPIS)


def new_fold(specs: Sequence[KpiSpec]) -> Fold:
    return Fold(specs, LIMITS, 65_536, producers=100, uuids=1_000, memory_budget=512 << 20)


def payloads(fold: Fold, count: int) -> list[bytes]:
    """Rows of a log: out of order, with repeated ids, of three sources."""
    chance, found = random.Random(3), []
    for number in range(count):
        events = [
            {
                "event": "x",
                "uuid": f"e{chance.randrange(count * 15)}",
                "timestamp": NOW + (number * 20 + nth) * 300 - chance.randrange(2_500),
                "distinct_id": f"u{chance.randrange(6)}",
                "properties": {"k": chance.choice("abc"), "value": chance.randrange(1_000)},
            }
            for nth in range(20)
        ]
        text = orjson.dumps({"type": "batch", "seq": number + 1, "events": events})
        batch = fold.codec.batch(text)
        producer = Producer(f"p{number % 3}", 1, number + 1)
        at = NOW + number * 6_000
        arrival = Arrival(producer, 1, number + 1, batch.events, batch.verdicts, text, at, 0, None, b"", None)
        found.append(encode_record([arrival], []))
    return found


def rows(fold: Fold, kpi: str) -> list[Row]:
    return fold.engine.rows(kpi, 0, 1 << 60)


@pytest.mark.parametrize("reload_at", [0, 1, 17, 60])
def test_the_rows_of_a_later_kpi_are_those_of_an_early_one(reload_at: int) -> None:
    """Value, kind, revision and error of every row, before the joining and behind it, and what goes to the store."""
    early, late = new_fold(ALL), new_fold(ALL[:1])
    log = payloads(early, 60)
    for payload in log:
        refold(early, payload)
    for payload in log[:reload_at]:
        refold(late, payload)
    late.reload(ALL)
    assert [spec.name for spec in late.filling] == ["by_second", "value", "day", "visits"]
    assert rows(late, "old") == rows_at(log[:reload_at])
    middle = (reload_at + 60) // 2
    aside = late.beside()
    for payload in log[reload_at:middle]:
        refold(late, payload)
    for payload in log[:middle]:
        refold(aside, payload)
    late.adopt(aside.engine.snapshot())
    assert late.filling == ()
    for payload in log[middle:]:
        refold(late, payload)
    for spec in ALL:
        assert len(rows(early, spec.name)) > 0
        assert rows(late, spec.name) == rows(early, spec.name), spec.name
    kept = [part for fold in (aside, late) for part in fold.chronicle.hand_over()]
    told = {tuple(row[:5]): row for part in kept for row in orjson.loads(part.rows)}
    expected = {tuple(row[:5]): row for part in early.chronicle.hand_over() for row in orjson.loads(part.rows)}
    assert told == expected
    again = new_fold(ALL)
    again.restore(late.snapshot())
    assert again.filling == ()
    assert rows(again, "by_second") == rows(early, "by_second")


def rows_at(log: Sequence[bytes]) -> list[Row]:
    """What the old KPI says after so much of the log."""
    fold = new_fold(ALL[:1])
    for payload in log:
        refold(fold, payload)
    return rows(fold, "old")


def test_a_snapshot_holds_nothing_that_is_filling() -> None:
    """So a start from it fills anew, and cannot take a part for the whole."""
    fold = new_fold(ALL[:1])
    fold.reload(ALL)
    again = new_fold(ALL)
    again.restore(fold.snapshot())
    assert [spec.name for spec in again.filling] == [spec.name for spec in ALL[1:]]
    assert [spec.name for spec in again.engine.specs] == ["old"]


def test_a_set_over_the_budget_is_refused_before_anything_changes() -> None:
    """Though only a part of it would run at once."""
    fold = Fold(ALL[:1], LIMITS, 65_536, producers=100, uuids=1_000, memory_budget=64 << 20)
    with pytest.raises(KpiError, match="budget"):
        fold.reload(
            [ALL[0], KpiSpec(name="huge", value="uniq(distinct_id)", by=("k",), window="tumbling 1s", max_keys=10**6)]
        )
    assert [spec.name for spec in fold.specs] == ["old"]
    assert fold.filling == ()
