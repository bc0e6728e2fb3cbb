"""Batches are due in time, and have the size that the server and the way to it take."""

from __future__ import annotations

import json

from client_sdk.python.actions import Verdict
from tests.client_sdk.model import ServerModel
from tests.client_sdk.wire import T0, Wire, ack


def test_a_batch_waits_for_the_flush_interval() -> None:
    """Few events go out when the oldest has waited 500 ms, and `wake_at` says when that is."""
    wire = Wire()
    wire.open()
    wire.capture()
    wire.poll()
    assert wire.batches() == []
    assert wire.producer.wake_at == T0 + 500
    wire.poll(499)
    assert wire.batches() == []
    wire.poll(1)
    assert [batch["seq"] for batch in wire.batches()] == [1]


def test_flush_does_not_wait() -> None:
    """After `flush` the queued events are due, later ones are not."""
    wire = Wire()
    wire.open()
    wire.capture()
    wire.producer.flush()
    wire.poll()
    wire.capture()
    wire.poll()
    assert [len(batch["events"]) for batch in wire.batches()] == [1]


def test_level_1_makes_larger_and_rarer_batches() -> None:
    """From level 1 on, a batch fills to the server's limit and waits for its flush interval."""
    wire = Wire()
    wire.open()
    wire.hear(ack(0, level=1, flush_ms=2_000))
    for _ in range(60):
        wire.capture()
    wire.poll(1_999)
    assert wire.batches() == []
    wire.poll(1)
    assert [len(batch["events"]) for batch in wire.batches()] == [60]


def test_level_2_sheds_and_counts() -> None:
    """Low-priority events are dropped, queued ones too, and counted as expired."""
    wire = Wire()
    wire.open()
    queued = wire.capture("$autocapture")
    wire.capture("purchase")
    wire.hear(ack(0, level=2))
    later = wire.capture("$web_vitals")
    assert wire.told[1:] == [Verdict(queued, "expired", "shed"), Verdict(later, "expired", "shed")]
    wire.settle()
    assert wire.backlog.ledger() == (3, 1, 0, 0, 2, 0)


def test_smaller_limits_of_a_new_server_split_what_was_sent() -> None:
    """A batch beyond the limits of a later welcome is never sent again as it is: a new epoch, smaller batches."""
    wire = Wire()
    wire.open()
    for _ in range(20):
        wire.capture()
    wire.poll(500)
    wire.cut()
    wire.server.crash()
    wire.server.limits["max_events"] = 7
    wire.open()
    wire.settle()
    assert wire.backlog.epoch == 2
    assert [len(batch["events"]) for batch in wire.batches()] == [20, 7, 7, 6]
    assert len(wire.server.counted) == 20


def test_an_event_that_no_frame_holds_expires() -> None:
    """An event beyond the server's frame limit is counted as expired, those around it arrive."""
    server = ServerModel()
    server.limits["max_frame"] = 2_000
    wire = Wire(server)
    wire.open()
    wire.capture()
    big = wire.capture(text="x" * 2_000)
    wire.capture()
    wire.settle()
    assert Verdict(big, "expired", "too_large") in wire.told
    assert wire.backlog.ledger() == (3, 2, 0, 0, 1, 0)


def test_close_1009_halves_the_batches_until_they_pass() -> None:
    """Something on the way that takes smaller frames than the server does not stop the delivery."""
    wire = Wire()
    for _ in range(40):
        wire.capture(text="x" * 500)
    lost = wire.capture(text="x" * 5_000)
    wire.producer.flush()
    for _ in range(50):
        if wire.connection is None:
            wire.open()
        before = len(wire.sent)
        wire.poll()
        if any(len(json.dumps(message)) > 4_000 for message in wire.sent[before:]):
            wire.server.pending.clear()
            wire.cut(1009)
            wire.server.crash()
            continue
        wire.server.commit()
        wire.deliver()
        if wire.backlog.ledger().pending == 0:
            break
    assert wire.backlog.ledger() == (41, 40, 0, 0, 1, 0)
    assert Verdict(lost, "expired", "too_large") in wire.told
