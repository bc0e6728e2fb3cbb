"""Columns, times and verdicts of a group."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import orjson
import pytest

from analytics.dictionary import Dictionary, Encoded
from gateway.core.admission import FUTURE_MS, PAST_MS, Admitted, admit
from gateway.core.dedup import UuidHorizon
from gateway.core.producer import Arrival
from gateway.core.producers import ANONYMOUS, Producer
from gateway.wire import Codec, EventReader, Limits
from gateway.wire.messages import Defaults

NOW = 1_795_334_400_000
LIMITS = Limits(262_144, 500, 16)
CODEC = Codec(EventReader(["country", "price"], LIMITS, 65_536), LIMITS)


def arrival(
    *events: dict[str, Any], offset: int = 0, defaults: Any = None, producer: str = "p", seq: int = 1
) -> Arrival:
    text = orjson.dumps({"type": "batch", "seq": seq, "events": events})
    batch = CODEC.batch(text)
    given = msgspec.convert(defaults, Defaults) if defaults else None
    return Arrival(Producer(producer, 1, 0), 1, seq, batch.events, batch.verdicts, text, NOW, offset, given, b"", None)


def findings(admitted: Admitted) -> list[tuple[int, str, str]]:
    return sorted((finding.place, finding.outcome, finding.reason) for finding in admitted.findings)


def test_columns_hold_what_events_and_defaults_say() -> None:
    """An event's own word comes first, then the connection's, then None."""
    admitted = admit(
        [
            arrival(
                {"event": "a", "properties": {"country": "FR"}},
                {"event": "b", "distinct_id": "u2"},
                defaults={"distinct_id": "u1", "session_id": "s1", "properties": {"country": "DE", "price": [1]}},
            ),
            arrival({"event": "c"}, producer="q"),
        ],
        CODEC,
        UuidHorizon(10),
    )
    assert admitted.batch.columns == {
        "event": ["a", "b", "c"],
        "distinct_id": ["u1", "u2", None],
        "session_id": ["s1", "s1", None],
        "country": ["FR", "DE", None],
        "price": [None, None, None],
    }
    assert (admitted.batch.sources, admitted.starts) == ([("p", 2), ("q", 1)], [0, 2])


def test_times_are_corrected_and_clamped() -> None:
    """By the clock offset; to [-48 h, +5 min] of receipt, with a warning, and without moving the watermark."""
    times = [NOW + 7_000, NOW - PAST_MS, NOW + 7_000 + FUTURE_MS + 1, 0, 4_102_444_800_000, -5, 1e300]
    admitted = admit([arrival(*({"event": "x", "timestamp": t} for t in times), offset=7_000)], CODEC, UuidHorizon(10))
    batch = admitted.batch
    assert batch.timestamp.tolist() == [
        NOW,
        NOW - PAST_MS,
        NOW + FUTURE_MS,
        NOW - PAST_MS,
        NOW + FUTURE_MS,
        NOW - PAST_MS,
        NOW + FUTURE_MS,
    ]
    assert findings(admitted) == [(place, "warn", "clamped") for place in range(1, 7)] + [(6, "warn", "number_range")]
    assert batch.holds is not None
    assert batch.holds.tolist() == [False] + [True] * 6


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (None, NOW),
        ("2026-11-22T08:00:00Z", 1_795_334_400_000),
        ("2026-11-22T09:00:00.250+01:00", 1_795_334_400_250),
        (NOW + 0.9, NOW),
        (float(NOW), NOW),
    ],
)
def test_times_have_several_spellings(said: Any, meant: int) -> None:
    """Milliseconds, ISO-8601, or nothing: the time of receipt, which needs no correction."""
    admitted = admit([arrival({"event": "x", "timestamp": said})], CODEC, UuidHorizon(10))
    assert (admitted.batch.timestamp.tolist(), admitted.findings) == ([meant], [])


def test_a_time_that_is_none_is_dropped() -> None:
    """The others of its batch stay."""
    admitted = admit(
        [arrival({"event": "x", "timestamp": "soon"}, {"event": "y", "timestamp": NOW})], CODEC, UuidHorizon(10)
    )
    assert findings(admitted) == [(0, "drop", "schema:timestamp")]
    assert admitted.batch.skip is not None
    assert admitted.batch.skip.tolist() == [True, False]


def test_a_repeated_id_is_a_duplicate() -> None:
    """In the same batch, in the same group, and from another producer later."""
    horizon = UuidHorizon(10)
    first = admit(
        [
            arrival({"event": "x", "uuid": "a"}, {"event": "x", "uuid": "a"}, {"event": "x"}),
            arrival({"event": "x", "uuid": "a"}, producer="q"),
        ],
        CODEC,
        horizon,
    )
    assert findings(first) == [(1, "duplicate", "uuid"), (3, "duplicate", "uuid")]
    second = admit([arrival({"event": "x", "uuid": "a"})], CODEC, horizon)
    assert findings(second) == [(0, "duplicate", "uuid")]


def test_a_dropped_event_does_not_claim_its_id() -> None:
    """Sent again in a form that is fine, it counts."""
    horizon = UuidHorizon(10)
    bad = admit([arrival({"event": "", "uuid": "a"})], CODEC, horizon)
    good = admit([arrival({"event": "x", "uuid": "a"})], CODEC, horizon)
    assert findings(bad) == [(0, "drop", "event_name")]
    assert good.findings == []


def test_a_verdict_from_the_text_reaches_its_event() -> None:
    """A batch decoded as a whole is read again, event by event, when its bytes call for it; the others stay."""
    admitted = admit(
        [
            arrival({"event": "a", "distinct_id": "u1"}),
            arrival({"event": "b"}, {"event": "c", "other": 2**63}, {"event": "d", "z\0": 1}, seq=2),
        ],
        CODEC,
        UuidHorizon(10),
    )
    assert findings(admitted) == [(2, "warn", "number_range"), (3, "drop", "nul")]
    assert admitted.batch.columns["event"][:3] == ["a", "b", "c"]
    assert admitted.batch.columns["distinct_id"] == ["u1", None, None, None]
    assert admitted.batch.skip is not None
    assert admitted.batch.skip.tolist() == [False, False, False, True]


def test_only_what_the_reader_keeps_becomes_a_column() -> None:
    """A fixed field that no KPI reads costs nothing further on."""
    codec = Codec(EventReader(["price"], LIMITS, 65_536, fixed=("distinct_id",)), LIMITS)
    text = b'{"type":"batch","seq":1,"events":[{"event":"a","distinct_id":"u","properties":{"price":2}}]}'
    batch = codec.batch(text)
    one = Arrival(Producer("p", 1, 0), 1, 1, batch.events, batch.verdicts, text, NOW, 0, None, b"", None)
    assert admit([one], codec, UuidHorizon(10)).batch.columns == {"distinct_id": ["u"], "price": [2]}


def test_columns_with_a_dictionary_are_codes() -> None:
    """Defaults included: they are encoded where the code says that there is nothing."""
    coders = {"country": Dictionary(), "distinct_id": Dictionary()}
    codec = Codec(EventReader(["country", "price"], LIMITS, 65_536, coders=coders), LIMITS)
    group = []
    for defaults in (None, {"distinct_id": "u9", "properties": {"country": "DE", "price": 7}}):
        text = (
            b'{"type":"batch","seq":1,"events":[{"event":"a"},'
            b'{"event":"b","distinct_id":"u1","properties":{"country":"FR","price":2}}]}'
        )
        batch = codec.batch(text)
        given = msgspec.convert(defaults, Defaults) if defaults else None
        group.append(Arrival(Producer("p", 1, 0), 1, 1, batch.events, batch.verdicts, text, NOW, 0, given, b"", None))
    columns = admit(group, codec, UuidHorizon(10)).batch.columns
    country, user = columns["country"], columns["distinct_id"]
    assert isinstance(country, Encoded)
    assert isinstance(user, Encoded)
    assert country.values() == [None, "FR", "DE", "FR"]
    assert user.values() == [None, "u1", "u9", "u1"]
    assert columns["price"] == [None, 2, 7, 2]


def test_an_empty_group_is_an_empty_batch() -> None:
    """A batch may hold no events at all."""
    admitted = admit([arrival()], CODEC, UuidHorizon(10))
    assert admitted.batch.n == 0
    assert isinstance(admitted.batch.timestamp, np.ndarray)


def test_events_without_an_id_are_known_by_their_batch() -> None:
    """The same producer, epoch and number again, by whatever way: duplicates, but for what is dropped anyway."""
    horizon = UuidHorizon(100)
    batch = arrival({"event": "a"}, {"event": "b", "uuid": "b"}, {"event": ""})
    assert findings(admit([batch], CODEC, horizon)) == [(2, "drop", "event_name")]
    again = admit([batch, arrival({"event": "a"}, seq=2), arrival({"event": "a"}, producer="q")], CODEC, horizon)
    assert findings(again) == [(0, "duplicate", "uuid"), (1, "duplicate", "uuid"), (2, "drop", "event_name")]
    assert again.batch.skip is not None
    assert again.batch.skip.tolist() == [True, True, True, False, False]


def test_a_batch_that_is_twice_in_a_group_counts_once() -> None:
    """A post and a socket may bring it in the same moment."""
    admitted = admit([arrival({"event": "a"}), arrival({"event": "a"})], CODEC, UuidHorizon(100))
    assert findings(admitted) == [(1, "duplicate", "uuid")]


def test_what_nobody_sent_is_always_new() -> None:
    """Posts that name no producer are numbered by us, anew with each start: the numbers mean nothing."""
    horizon = UuidHorizon(100)
    for _ in range(2):
        assert findings(admit([arrival({"event": "a"}, producer=ANONYMOUS)], CODEC, horizon)) == []
    assert len(horizon) == 0


def test_a_group_may_be_without_batches() -> None:
    """There may be raised epochs alone to write."""
    admitted = admit([], CODEC, UuidHorizon(10))
    assert (admitted.batch.n, admitted.findings, admitted.starts) == (0, [], [])
