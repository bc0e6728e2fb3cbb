"""The event log of a gateway, once more and exactly."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

import orjson
import pytest

from analytics import KpiSpec
from gateway.core import logged
from gateway.core.fold import Fold
from gateway.core.logged import Span, replay_log
from gateway.core.producer import Arrival
from gateway.core.producers import Producer
from gateway.core.record import encode_record
from gateway.core.replay import Replay
from gateway.wire.replies import Limits
from tests.core.simulation import LIMITS
from tests.core.test_catchup import SPECS as LIVE
from tests.core.test_catchup import Live

NOW = 1_795_334_400_000
SPECS = [KpiSpec(name="n", value="count(*)", window="tumbling 1s", delay="0s", grace="1h")]

# A batch that is told again is a repeat.
SEQS = count(1)


def _fold() -> Fold:
    return Fold(SPECS, Limits(262_144, 500, 16), 65_536, 100, 1_000, 512 << 20, exact=True)


def _row(*batches: tuple[str, int, list[dict[str, Any]]]) -> bytes:
    """A row of the log: of each batch its sender, the time of receipt and its events."""
    fold, arrivals = _fold(), list[Arrival]()
    for sender, received, events in batches:
        seq = next(SEQS)
        text = orjson.dumps({"type": "batch", "seq": seq, "events": events})
        batch = fold.codec.batch(text)
        arrivals.append(
            Arrival(Producer(sender, 1, 0), 1, seq, batch.events, batch.verdicts, text, received, 0, None, b"", None)
        )
    return encode_record(arrivals)


def _at(*seconds: float, **more: Any) -> list[dict[str, Any]]:
    return [{"event": "e", "timestamp": NOW + int(1_000 * s), **more} for s in seconds]


def _replay(*rows: bytes, span: Span = (None, None)) -> tuple[list[tuple[Any, ...]], Replay]:
    fold = _fold()
    replay = Replay(fold.engine)
    output = b"".join(replay_log(rows, fold, replay, span)).splitlines()
    rows_ = [json.loads(line) for line in output]
    return [((r["start"] - NOW) // 1_000, r["value"], r["kind"], r["rev"]) for r in rows_], replay


def test_corrections_come_one_by_one() -> None:
    """In the order of the log, also within one row of it."""
    rows, replay = _replay(_row(("p", NOW, _at(0, 1, 0.1, 0.2))), _row(("p", NOW, _at(0.3))))
    assert rows == [(0, 1, "final", 0), *((0, n, "correction", n - 1) for n in (2, 3, 4)), (1, 1, "final", 0)]
    assert replay.counts.events == 5


def test_the_slowest_producer_holds_the_watermark_until_it_is_idle() -> None:
    """As it was live, by the times of receipt in the log: an event that was in time is in the final."""
    first = _row(("slow", NOW, _at(0)), ("fast", NOW, _at(5)))
    in_time = _row(("fast", NOW + 9_000, _at(6)), ("slow", NOW + 9_000, _at(0.5)))
    late = _row(("fast", NOW + 11_000, _at(6)), ("slow", NOW + 11_000, _at(0.5)))
    assert _replay(first, in_time)[0][0] == (0, 2, "final", 0)
    assert _replay(first, late)[0][:3] == [(0, 1, "final", 0), (5, 1, "final", 0), (0, 2, "correction", 1)]


def test_what_the_gateway_refused_or_knew_is_refused_again() -> None:
    """Counted apart; a row that cannot be read is counted by the fold."""
    events = [*_at(0, 0, uuid="a"), {"event": "", "timestamp": NOW}, *_at(0)]
    rows, replay = _replay(_row(("p", NOW, events)), b"garbage")
    assert rows == [(0, 2, "final", 0)]
    assert (replay.counts.events, replay.counts.duplicates, replay.counts.rejected) == (4, 1, 1)


def test_a_span_leaves_the_rest_out() -> None:
    """Events outside move no watermark and are counted."""
    rows, replay = _replay(_row(("p", NOW, _at(0, 9, 1, 2))), span=(NOW + 1_000, NOW + 2_000))
    assert rows == [(1, 1, "final", 0)]
    assert replay.counts.outside == 3


@pytest.mark.parametrize("seed", range(3))
def test_rows_of_the_log_together_give_what_they_give_one_by_one(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every line, in order, with late events, idle producers, sessions and corrections."""
    live = Live(seed)

    def lines() -> bytes:
        fold = Fold(LIVE, LIMITS, 65_536, 1_000, 600, 512 << 20, exact=True)
        return b"".join(replay_log(live.log, fold, Replay(fold.engine)))

    together = lines()
    monkeypatch.setattr(logged, "EVENTS", 0)
    assert lines() == together
    assert together.count(b'"correction"') > 20
