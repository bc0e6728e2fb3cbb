"""Bytewax, one worker: windows of R4, R6 and R7, written as its documentation does and for speed where it allows.

Sources give batches of 1,000, or of 10,000, which it likes better; decoding and projecting is one `flat_map_batch`, and
the sink is a list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import bytewax.operators as op
import bytewax.operators.windowing as win
import orjson
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, TestingSource, cluster_main

from benchmarks.peers.flow import Flow, lines_of, main

__all__ = ["EPOCH", "LARGE", "WAIT"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BATCH = 1_000
LARGE = 10_000
# Its watermark runs on by the system clock between two events of a key, so that without a wait a process that is held
# up for a moment takes events for late.
WAIT = timedelta(seconds=10)
# A user is silent for seconds of event time, which may be a minute of the clock where others share the processor.
SESSION_WAIT = timedelta(seconds=60)
Keyed = tuple[str, datetime]


def _view(lines: list[bytes]) -> Iterable[Keyed]:
    """Campaign and time of the views."""
    return [
        (event["properties"]["campaign"], datetime.fromtimestamp(event["timestamp"] / 1_000, UTC))
        for event in map(orjson.loads, lines)
        if event["event"] == "view"
    ]


def _keyed(path: str) -> list[Keyed]:
    """User and time of all events, decoded beforehand."""
    events = map(orjson.loads, lines_of(path))
    return [(one["distinct_id"], datetime.fromtimestamp(one["timestamp"] / 1_000, UTC)) for one in events]


def _run(
    source: list[Any],
    windower: win.Windower[Any],
    wait: timedelta,
    decode: Callable[[list[Any]], Iterable[Keyed]] | None,
    builder: Callable[[], Any],
    folder: Callable[[Any, datetime], Any],
    merger: Callable[[Any, Any], Any],
    batch: int = _BATCH,
) -> list[tuple[str, tuple[int, Any]]]:
    found: list[tuple[str, tuple[int, Any]]] = []
    flow = Dataflow("flow")
    stream = op.input("in", flow, TestingSource(source, batch_size=batch))
    keyed = stream if decode is None else op.flat_map_batch("decode", stream, decode)
    clock = win.EventClock(ts_getter=lambda time: time, wait_for_system_duration=wait)
    # Unordered, since no fold here depends on the order: else it would hold back and sort what is within the wait.
    out = win.fold_window("fold", keyed, clock, windower, builder, folder, merger, ordered=False)
    op.output("out", out.down, TestingSink(found))
    cluster_main(flow, [], 0)
    return found


def _count(
    windower: win.Windower[Any], hop_ms: int, decode: Any = None, batch: int = _BATCH
) -> Callable[[list[Any]], list[Any]]:
    def run(source: list[Any]) -> list[Any]:
        found = _run(source, windower, WAIT, decode, lambda: 0, lambda state, _: state + 1, lambda a, b: a + b, batch)
        return [(key, number * hop_ms, count) for key, (number, count) in found]

    return run


def _fold_session(state: list[Any], time: datetime) -> list[Any]:
    if not state:
        return [1, time, time]
    state[0] += 1
    state[1], state[2] = min(state[1], time), max(state[2], time)
    return state


def _merge_sessions(a: list[Any], b: list[Any]) -> list[Any]:
    return [a[0] + b[0], min(a[1], b[1]), max(a[2], b[2])] if a and b else a or b


def _sessions(source: list[Keyed], batch: int = _BATCH) -> list[Any]:
    windower = win.SessionWindower(gap=timedelta(seconds=10))
    found = _run(source, windower, SESSION_WAIT, None, list, _fold_session, _merge_sessions, batch)
    return [(key, _ms(first), _ms(last) + 10_000, count) for key, (_, (count, first, last)) in found]


def _ms(time: datetime) -> int:
    return round((time - EPOCH).total_seconds() * 1_000)


_TEN = win.TumblingWindower(length=timedelta(seconds=10), align_to=EPOCH)
_HOPS = win.SlidingWindower(length=timedelta(seconds=60), offset=timedelta(seconds=1), align_to=EPOCH)

FLOWS = {
    "ysb": Flow(lines_of, _count(_TEN, 10_000, _view)),
    "tumbling": Flow(_keyed, _count(_TEN, 10_000)),
    "sliding": Flow(_keyed, _count(_HOPS, 1_000)),
    "ysb/10k": Flow(lines_of, _count(_TEN, 10_000, _view, LARGE)),
    "sessions": Flow(_keyed, _sessions),
    "sessions/10k": Flow(_keyed, lambda source: _sessions(source, LARGE)),
}

if __name__ == "__main__":
    main(FLOWS, "bytewax")
