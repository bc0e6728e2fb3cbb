"""What holds of any set of KPIs over any stream: for the property tests of each kind of measure and window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analytics import Engine, KpiSpec, Snapshot
from tests.analytics.streams import Stream, batch, feed, key_of, pieces

__all__ = ["assert_order_changes_nothing", "assert_restart_changes_nothing", "assert_split_changes_nothing"]


def assert_split_changes_nothing(
    specs: Sequence[KpiSpec], stream: Stream, cuts: Sequence[int], others: Sequence[int]
) -> None:
    """However a stream is cut into batches, the rows of the next advance are the same, and so is the state."""
    one, other = Engine(specs), Engine(specs)
    feed(one, stream, cuts)
    feed(other, stream, others)
    assert one.snapshot().to_bytes() == other.snapshot().to_bytes()
    assert one.advance(0) == other.advance(0)


def assert_restart_changes_nothing(specs: Sequence[KpiSpec], stream: Stream, cuts: Sequence[int]) -> None:
    """An engine that is restored after every batch has the state and the rows of one that never stopped."""
    steady, restarted = Engine(specs), Engine(specs)
    for piece in pieces(stream, cuts):
        assert restarted.ingest(batch(piece), 0) == steady.ingest(batch(piece), 0)
        assert restarted.advance(0) == steady.advance(0)
        state = restarted.snapshot().to_bytes()
        assert state == steady.snapshot().to_bytes()
        restarted = Engine.restore(specs, Snapshot.from_bytes(state))
        assert restarted.snapshot().to_bytes() == state
        assert restarted.watermark() == steady.watermark()
    assert restarted.finish() == steady.finish()


def assert_order_changes_nothing(specs: Sequence[KpiSpec], stream: Stream, random: Any) -> None:
    """Nothing is late, and the last row of each window is that of the events in order."""
    shuffled = list(stream)
    random.shuffle(shuffled)
    ends = []
    for order in (sorted(stream, key=lambda item: item[0]["timestamp"]), shuffled):
        engine = Engine(specs)
        last: dict[Any, Any] = {}
        for piece in pieces(order, [7, 20, 33]):
            assert engine.ingest(batch(piece), 0) == []
            last |= {(r.kpi, r.start, r.end, key_of(r)): r.value for r in engine.advance(0).rows}
        last |= {(r.kpi, r.start, r.end, key_of(r)): r.value for r in engine.finish().rows}
        ends.append(last)
    assert ends[0] == ends[1]
