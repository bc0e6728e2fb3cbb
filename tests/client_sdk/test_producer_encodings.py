"""A producer that speaks a binary encoding: its limits are in bytes of that, its queue is in bytes of JSON."""

from __future__ import annotations

from typing import Any

import msgspec

from client_sdk.python.actions import Action, Close, Send, Verdict
from client_sdk.python.encoding import encoding_of
from tests.client_sdk.wire import Wire


def _floats(count: int) -> list[float]:
    """Numbers of four bytes as JSON, commas included, and of nine in MessagePack."""
    return [0.5] * count


def _packed() -> Wire:
    wire = Wire()
    wire.producer.encoding = encoding_of("msgpack")
    return wire


def _open(wire: Wire, max_frame: int = 262_144, max_bytes: int = 1 << 20) -> list[Action]:
    """Hello and welcome, as MessagePack."""
    welcome = {
        "type": "welcome", "session": "s", "node": "n", "server_epoch": "e", "now": 0, "heartbeat_ms": 25_000,
        "limits": {"max_frame": max_frame, "max_events": 500, "max_depth": 16}, "formats": ["rows"],
        "resume": {"known": False, "last_seq": 0}, "credit": {"max_seq": 100, "max_bytes": max_bytes},
        "flush_ms": 0, "level": 0,
    }  # fmt: skip
    wire.producer.hello(wire.now)
    return wire.producer.receive(msgspec.msgpack.encode(welcome), wire.now)


def _batches(actions: list[Action]) -> list[dict[str, Any]]:
    return [msgspec.msgpack.decode(action.frame) for action in actions if isinstance(action, Send)]


def test_credit_is_of_the_bytes_on_the_wire() -> None:
    """In a binary encoding a batch may take more of them than as JSON: it waits for the acks that make room."""
    wire = _packed()
    _open(wire, max_bytes=15_000)
    wire.capture(x=1)
    wire.producer.flush()
    (first,) = _batches(wire.producer.poll(wire.now))
    wire.capture(numbers=_floats(2_000))
    wire.capture(y=1)
    wire.producer.flush()
    assert _batches(wire.producer.poll(wire.now)) == []
    ack = {
        "type": "ack",
        "seq": first["seq"],
        "credit": {"max_seq": 100, "max_bytes": 60_000},
        "level": 0,
        "flush_ms": 0,
    }
    wire.producer.receive(msgspec.msgpack.encode(ack), wire.now)
    (second,) = _batches(wire.producer.poll(wire.now))
    assert [event["properties"].keys() for event in second["events"]] == [{"numbers"}, {"y"}]


def test_a_frame_that_only_the_encoding_makes_too_big_is_begun_anew_smaller() -> None:
    """Each event goes out; one that never fits is given up by name, and what is smaller still goes."""
    wire = _packed()
    _open(wire, max_frame=20_000)
    for number in range(4):
        wire.capture(n=number, numbers=_floats(1_500))
    wire.capture(n=4, numbers=_floats(4_000))
    wire.capture(n=5)
    wire.producer.flush()
    sent: list[int] = []
    for _ in range(20):
        actions = wire.producer.poll(wire.now)
        wire.told += actions
        for message in _batches(actions):
            sent += [event["properties"]["n"] for event in message["events"]]
            ack = {
                "type": "ack", "seq": message["seq"], "credit": {"max_seq": 100, "max_bytes": 1 << 20},
                "level": 0, "flush_ms": 0,
            }  # fmt: skip
            wire.told += wire.producer.receive(msgspec.msgpack.encode(ack), wire.now)
        if any(isinstance(action, Close) for action in actions):
            wire.producer.lost(1000)
            _open(wire, max_frame=20_000)
        wire.producer.flush()
    assert sorted(sent) == [0, 1, 2, 3, 5]
    assert [one.reason for one in wire.told if isinstance(one, Verdict)] == ["too_large"]
    assert wire.backlog.ledger().balanced
