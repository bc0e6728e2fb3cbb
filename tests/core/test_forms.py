"""The same events as rows and as columns: same verdicts, same repeats, same state, same quarantine."""

from __future__ import annotations

from typing import Any

import msgspec
import orjson
from hypothesis import given
from hypothesis import strategies as st

from analytics import KpiSpec
from gateway.core.applied import Applied
from gateway.core.fold import Fold
from gateway.core.producer import Arrival
from gateway.core.producers import Producer
from gateway.core.record import encode_record
from gateway.core.specimen import open_arrival
from gateway.wire import Batch, Limits
from gateway.wire.messages import Defaults
from gateway.wire.transposition import event_texts
from tests.core.simulated_client import NOW
from tests.core.simulation import refold
from tests.wire.spelling import FIXED, as_columns, dumps

LIMITS = Limits(262_144, 500, 16)
SPECS = KpiSpec.parse(
    """
[[kpi]]
name = "views"
value = "count(*) FILTER (WHERE event = '$pageview')"
by = ["country"]
window = "tumbling 1s"

[[kpi]]
name = "value"
value = "sum(price)"
by = ["$pathname"]
window = "tumbling 10s"

[[kpi]]
name = "users"
value = "uniq(distinct_id)"
window = "tumbling 10s"

[[kpi]]
name = "paths"
value = "top(price, 5)"
window = "tumbling 10s"
"""
)

SCALARS = (
    st.none()
    | st.booleans()
    | st.sampled_from(["DE", "FR", "/p", "", "\ud800", "a\0b", "ä\u2028"])
    | st.integers(-5, 5)
    | st.sampled_from([2**63, 2**63 - 1, -(2**63), -(2**63) - 1, 2**53 + 1, 10**400])
    | st.sampled_from([9.5, -0.0, 1e19, 2.0, float("nan"), float("inf"), 9.223372036854775e18])
)
NESTED = st.sampled_from([{"deep": [{"er": 1}]}, orjson.loads("[" * 14 + "]" * 14), orjson.loads("[" * 15 + "]" * 15)])
# A column cannot say null otherwise than by absence.
VALUES = SCALARS.filter(lambda value: value is not None) | st.lists(SCALARS, max_size=2) | NESTED
IDS = st.sampled_from(["u1", "u2", "ü", "", "x" * 201, 5, None, "a\0"])
TIMES: st.SearchStrategy[Any] = st.integers(NOW - 5_000, NOW + 5_000) | st.sampled_from(
    [None, 0, 2**63, -(2**62), "2026-11-22T09:20:00Z", "soon", [], True, NOW + 10**9]
)
EVENTS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"event": st.sampled_from(["$pageview"] * 4 + ["purchase", "naïve", "", "x" * 201, 5, None, "n\0"])},
    optional={
        "timestamp": TIMES,
        "uuid": IDS | st.uuids().map(str),
        "distinct_id": IDS,
        "session_id": IDS,
        "window_id": IDS,
        "properties": st.dictionaries(
            st.sampled_from(["country", "price", "$pathname", "other", "n\0me"]), VALUES, max_size=4
        ),
    },
)
PLAIN: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"event": st.sampled_from(["$pageview", "purchase"])},
    optional={
        "timestamp": st.integers(NOW - 5_000, NOW + 5_000),
        "uuid": st.integers(0, 5).map(str),
        "distinct_id": st.sampled_from(["u1", "u2"]),
        "properties": st.dictionaries(
            st.sampled_from(["country", "price", "$pathname", "other"]),
            st.sampled_from(["DE", "FR", 1, 2.5, True]),
            max_size=4,
        ),
    },
)
BATCHES = st.lists(st.lists(PLAIN, max_size=5) | st.lists(EVENTS, max_size=5), min_size=1, max_size=4)
DEFAULTS = b'{"distinct_id":"u9","properties":{"country":"IT"}}'


def new_fold() -> Fold:
    return Fold(SPECS, LIMITS, 65_536, producers=100, uuids=1_000, memory_budget=512 << 20)


def counted(fold: Fold, frames: list[bytes]) -> tuple[list[Arrival], Applied, bytes]:
    """Batches of one producer as one group, and its row of the log."""
    table = fold.table
    claim = table.claim("p", 1, 1)
    assert claim is not None
    arrivals = []
    for seq, frame in enumerate(frames, 1):
        batch = fold.codec.batch(frame)
        defaults = DEFAULTS if seq % 2 else b""
        given_once = orjson.loads(DEFAULTS) if defaults else None
        arrivals.append(_arrival(claim.producer, batch, frame, given_once, defaults))
    applied = fold.apply(arrivals, fold.admit(arrivals), NOW)
    return arrivals, applied, encode_record(arrivals)


def _arrival(producer: Producer, batch: Batch, frame: bytes, given_once: Any, defaults: bytes) -> Arrival:
    said = msgspec.convert(given_once, Defaults) if given_once else None
    return Arrival(producer, 1, batch.seq, batch.events, batch.verdicts, frame, NOW, 0, said, defaults, None)


def state(fold: Fold) -> dict[str, bytes]:
    fold.advance(NOW)
    return fold.snapshot()


@given(st.data(), BATCHES, st.sampled_from([0, NOW, NOW - 7]))
def test_rows_and_columns_are_one(data: st.DataObject, batches: list[list[dict[str, Any]]], origin: int) -> None:
    """Verdicts, what is rejected, and every byte of the state; and a replay of the log gives it again."""
    rows = [dumps({"type": "batch", "seq": seq, "events": _ordered(events)}) for seq, events in enumerate(batches, 1)]
    coded = lambda: data.draw(st.booleans())  # noqa: E731
    columns = [as_columns(seq, events, coded, origin) for seq, events in enumerate(batches, 1)]
    by_rows, by_columns, mixed, replayed = new_fold(), new_fold(), new_fold(), new_fold()
    arrivals, applied, _ = counted(by_rows, rows)
    others, same, row = counted(by_columns, columns)
    assert same == applied
    expected = state(by_rows)
    assert state(by_columns) == expected
    assert counted(mixed, [pair[seq % 2] for seq, pair in enumerate(zip(rows, columns, strict=True))])[1] == applied
    assert state(mixed) == expected
    refold(replayed, row)
    assert (replayed.unreadable, state(replayed)) == (0, expected)
    for one, other in zip(arrivals, others, strict=True):
        assert list(map(_seen, open_arrival(other).events)) == list(map(_seen, open_arrival(one).events))


def _ordered(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Fields in the order of the columns: of several faults the first has the word. What is null is not there."""
    order = ("timestamp", *FIXED, "properties")
    return [{name: event[name] for name in order if event.get(name) is not None} for event in events]


def _seen(event: dict[str, Any] | None) -> Any:
    """What a person sees of an event: what is null is not there."""
    if event is None:
        return None
    said = {name: value for name, value in event.items() if value is not None}
    own = said.pop("properties", None) or {}
    return said, {name: value for name, value in own.items() if value is not None}


def test_a_rejected_event_is_quarantined_as_its_row() -> None:
    """Whatever column was wrong, the text of the event is there."""
    frame = (
        b'{"type":"columns","seq":1,"n":3,"t0":%d,"dt":[0,1,2],"event":["a","b","c"],'
        b'"properties":{"price":[1,2e400,3],"country":{"d":["DE"],"i":[0,0,1]}}}' % NOW
    )
    fold = new_fold()
    _, applied, _ = counted(fold, [frame])
    assert applied.rejected == [(0, 1, "bad_json"), (0, 2, "bad_code")]
    assert event_texts(frame, 3) == [
        b'{"timestamp":%d,"event":"a","properties":{"price":1,"country":"DE"}}' % NOW,
        b'{"timestamp":%d,"event":"b","properties":{"price":Infinity,"country":"DE"}}' % (NOW + 1),
        b'{"timestamp":%d,"event":"c","properties":{"price":3}}' % (NOW + 2),
    ]
