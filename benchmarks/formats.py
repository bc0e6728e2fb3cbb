"""How batches may be written: bytes on the wire and CPU of the server, for each form in each encoding."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import msgspec
import orjson

from analytics import Batch, KpiSpec
from analytics.dictionary import Encoded
from benchmarks.ingest import BOARD_FILE
from benchmarks.machine import versions
from benchmarks.protopack import packed
from benchmarks.report import Report, UnequalError
from benchmarks.samples import Series, ratio
from benchmarks.traffic import BATCH_EVENTS, FORMS, make_pool
from gateway.core.fold import Fold
from gateway.core.producer import Arrival
from gateway.core.producers import Producer
from gateway.wire.encoding import ENCODINGS, JSON
from gateway.wire.replies import Limits

__all__ = ["run"]

_METHOD = """
512 batches of 20 events, the traffic of the ingest benchmark, written once in each form and encoding. In one process
and one thread, in CPU time: each batch from the bytes of its message to its decoded columns, and 64 batches at a time
to the columns of a commit group, for the board of twelve KPIs; no sockets, no log, no KPIs. A sample is the whole pool,
three times; sides take turns. Before timing the columns of all sides are compared, value by value.
"""
_LIMITS = Limits(262_144, 500, 16)
_NOW = 1_795_334_400_000
_GROUP = 64
_PASSES = 3

PACKERS: dict[str, Callable[[Any], bytes]] = {
    JSON: orjson.dumps,
    "tidegate.v1+msgpack": msgspec.msgpack.encode,
    "tidegate.v1+protobuf": packed,
}
"""How a client writes a message, by subprotocol."""


class Side:
    """One form in one encoding."""

    def __init__(self, name: str, subprotocol: str, messages: Sequence[dict[str, Any]]) -> None:
        self.name = name
        self.frames = [PACKERS[subprotocol](message) for message in messages]
        self._encoding = ENCODINGS[subprotocol]
        # Of batches read so far: none is a repeat of another.
        self._numbers = count(1)

    def read(self, fold: Fold) -> list[Batch]:
        """The columns of all groups."""
        groups = []
        for first in range(0, len(self.frames), _GROUP):
            arrivals = [self._arrival(fold, frame) for frame in self.frames[first : first + _GROUP]]
            groups.append(fold.admit(arrivals).batch)
        return groups

    def _arrival(self, fold: Fold, frame: bytes) -> Arrival:
        batch = fold.codec.message(frame if self._encoding is None else self._encoding.text(frame))
        producer = Producer("p", 1, 0)
        seq = next(self._numbers)
        return Arrival(producer, 1, seq, batch.events, batch.verdicts, batch.text, _NOW, 0, None, b"", None)  # type: ignore[union-attr]  # of batches


def sides(batches: int, seed: int = 1) -> list[Side]:
    """Every form in every encoding, of the same events."""
    pool = make_pool(batches, seed)
    found = []
    for form, write in FORMS.items():
        messages = [orjson.loads(write(batch).payload) for batch in pool]
        for message in messages:
            _stamp(message)
        found += [Side(f"{form}/{name.partition('+')[2] or 'json'}", name, messages) for name in PACKERS]
    return found


def _stamp(message: dict[str, Any]) -> None:
    """The placeholder times become ones that nothing clamps."""
    for event in message.get("events", ()):
        event["timestamp"] = _NOW
    message |= {"t0": _NOW, "dt": [0] * message["n"]} if "n" in message else {}


def new_fold() -> Fold:
    """One with the board of the ingest benchmark."""
    return Fold(KpiSpec.load(BOARD_FILE), _LIMITS, 65_536, 100, 100_000, 640 << 20)


def check(all_sides: Sequence[Side]) -> None:
    """Raises UnequalError when two sides give other columns."""
    expected = None
    for side in all_sides:
        seen = [_values(batch) for batch in side.read(new_fold())]
        if expected is not None and seen != expected:
            raise UnequalError(f"{side.name} gives other columns than {all_sides[0].name}")
        expected = seen


def _values(batch: Batch) -> Any:
    columns = {name: c.values() if isinstance(c, Encoded) else list(c) for name, c in batch.columns.items()}
    return batch.timestamp.tolist(), columns, batch.sources, batch.skip


def run(names: list[str], rounds: int = 5, events: int = 10_240) -> Report:
    """Compare all sides, then time them in turns; `names` are sides."""
    report = Report(
        "formats", _METHOD, {"rounds": rounds, "batches": events // BATCH_EVENTS, "events_per_batch": BATCH_EVENTS},
        versions("tidegate", "msgspec", "orjson", "protobuf", "numpy"),
    )  # fmt: skip
    everyone = sides(events // BATCH_EVENTS)
    check(everyone)
    report.notes["equal"] = "the columns of all sides, value by value, before timing"
    chosen = [side for side in everyone if not names or side.name in names]
    taken: dict[str, list[float]] = {side.name: [] for side in chosen}
    for _ in range(rounds):
        for side in chosen:
            fold = new_fold()
            side.read(fold)
            began = time.process_time()
            for _ in range(_PASSES):
                side.read(fold)
            taken[side.name].append((time.process_time() - began) / (_PASSES * events) * 1e6)
    cpu = {name: Series(f"{name}/cpu", "us per event", tuple(values)) for name, values in taken.items()}
    for side in chosen:
        report.add(Series(f"{side.name}/bytes", "bytes per event", (sum(map(len, side.frames)) / events,)))
        report.add(cpu[side.name])
    if "rows/json" in cpu:
        report.add(*(ratio(f"{n}/rows/json", one, cpu["rows/json"]) for n, one in cpu.items() if n != "rows/json"))
    return report
