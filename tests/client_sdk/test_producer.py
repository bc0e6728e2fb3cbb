"""The producer's state machine, by example."""

from __future__ import annotations

import json

import pytest

from client_sdk.python.actions import Close, Opened, Pushed, Refused, Verdict
from client_sdk.python.closecodes import Retry
from client_sdk.python.producer import DRAIN_GRACE_MS, STARVED_MS
from client_sdk.python.pulse import WELCOME_MS
from tests.client_sdk.model import ServerModel, rows_of
from tests.client_sdk.wire import T0, Wire, ack


def test_hello_says_who_and_where() -> None:
    """The first frame is a hello with identity, epoch and the lowest number that is not acknowledged."""
    wire = Wire()
    connection = wire.open()
    assert connection.hello == {
        "type": "hello",
        "v": 1,
        "role": "producer",
        "token": "wk",
        "producer": {"id": wire.backlog.producer_id, "epoch": 1, "next_seq": 1},
        "sdk": {"name": "python", "version": "0"},
    }
    assert wire.told == [Opened()]


def test_nothing_is_sent_before_the_welcome() -> None:
    """Batches wait for the window, which comes with the welcome."""
    wire = Wire()
    wire.capture()
    wire.connection = wire.server.connect()
    wire.carry(wire.producer.hello(wire.now))
    wire.poll(5_000)
    assert wire.batches() == []


def test_the_window_is_the_law() -> None:
    """No more batches than credit allows; an ack lets the next ones go."""
    wire = Wire()
    connection = wire.open()
    for _ in range(500):
        wire.capture()
    wire.poll()
    assert [batch["seq"] for batch in wire.batches()] == [1, 2, 3, 4]
    assert wire.batches()[0]["backlog"] == 9
    wire.server.commit()
    assert connection.out
    wire.deliver()
    wire.poll()
    assert [batch["seq"] for batch in wire.batches()] == list(range(1, 9))


def test_a_lost_ack_costs_a_resend() -> None:
    """After a reconnect what was not acknowledged goes out again, the same to the byte, and counts once."""
    wire = Wire()
    wire.open()
    wire.capture()
    wire.poll(500)
    wire.server.commit()
    wire.cut()
    connection = wire.open()
    assert connection.hello["producer"]["next_seq"] == 1
    wire.poll(10_000)
    first, second = wire.batches()
    assert first == second
    wire.deliver()
    assert wire.backlog.ledger() == (1, 1, 0, 0, 0, 0)
    assert sum(wire.server.counted.values()) == 1


def test_columns_go_to_who_reads_them() -> None:
    """The same events in fewer bytes, when there are fewer; whoever takes over without reading columns gets rows."""
    wire = Wire(ServerModel(formats=("columns",)))
    wire.open()
    for number in range(9):
        wire.capture("view", page=f"/{number % 2}", price=number)
    wire.poll(500)
    assert [message["type"] for message in wire.sent] == ["hello", "columns"]
    wire.cut()
    wire.server.formats = ()
    wire.open()
    wire.poll(500)
    assert [message["type"] for message in wire.sent[2:]] == ["hello", "batch"]
    assert rows_of(wire.sent[1]) == wire.sent[3]
    wire.server.formats = ("columns",)
    wire.settle()
    wire.cut()
    wire.open()
    wire.capture("one")
    wire.poll(500)
    assert wire.sent[-1]["type"] == "batch"


def test_only_an_ack_takes_a_batch() -> None:
    """A welcome that names a later number does not acknowledge: what it names may not be durable yet."""
    wire = Wire()
    wire.open()
    wire.capture()
    wire.poll(500)
    wire.server.commit()
    wire.cut()
    wire.open()
    assert wire.backlog.ledger().pending == 1


def test_verdicts_enter_the_account() -> None:
    """Rejected and duplicate events are told apart; a warning is accepted; each is reported with its uuid."""
    wire = Wire()
    wire.open()
    wire.capture()
    bad, odd = wire.capture(bad=True), wire.capture(odd=True)
    twice = wire.capture()
    wire.server.counted[twice] = 1
    wire.settle()
    assert wire.backlog.ledger() == (4, 2, 1, 1, 0, 0)
    assert wire.told[1:] == [
        Verdict(bad, "drop", "schema:bad"),
        Verdict(odd, "warn", "clamped"),
        Verdict(twice, "duplicate", "uuid"),
    ]


def test_a_nack_rewinds() -> None:
    """After a nack the producer sends again from the number the server wants."""
    wire = Wire()
    wire.open()
    for _ in range(150):
        wire.capture()
    wire.poll()
    wire.hear({"type": "nack", "want": 2})
    wire.poll()
    assert [batch["seq"] for batch in wire.batches()] == [1, 2, 3, 2, 3]


def test_a_nack_for_what_is_gone_starts_over() -> None:
    """A server that wants an acknowledged batch has lost it: a new epoch begins, and it reconnects at once."""
    wire = Wire()
    wire.open()
    wire.capture()
    wire.settle()
    wire.hear({"type": "nack", "want": 1})
    assert wire.told[-1] == Close("new epoch", Retry.NOW)
    assert wire.backlog.epoch == 2


def test_a_forgotten_producer_raises_its_epoch_once() -> None:
    """`known: false` after acks means a new epoch, numbered from 1, with the uuids kept."""
    wire = Wire()
    wire.open()
    wire.capture()
    wire.settle()
    uuid = wire.capture()
    wire.poll(500)
    wire.cut()
    wire.server.crash()
    wire.server.producers.clear()
    wire.open()
    assert wire.told[-1] == Close("new epoch", Retry.NOW)
    connection = wire.open()
    assert connection.hello["producer"] == {"id": wire.backlog.producer_id, "epoch": 2, "next_seq": 1}
    wire.settle()
    assert wire.batches()[-1]["seq"] == 1
    assert wire.batches()[-1]["events"][0]["uuid"] == uuid
    assert wire.backlog.ledger() == (2, 2, 0, 0, 0, 0)


def test_a_server_ahead_of_us_starts_a_new_epoch() -> None:
    """A last number that was never given here would make the next batches look like repeats."""
    wire = Wire()
    wire.server.connect().receive(
        json.dumps(
            {"type": "hello", "producer": {"id": wire.backlog.producer_id, "epoch": 1, "next_seq": 8}, "token": "wk"}
        ).encode()
    )
    wire.server.connections.clear()
    wire.open()
    assert wire.told[-1] == Close("new epoch", Retry.NOW)
    wire.capture()
    wire.settle()
    assert len(wire.server.counted) == 1


def test_a_ping_is_answered_with_its_time() -> None:
    """`now` is echoed, `sent` is this clock."""
    wire = Wire()
    wire.open()
    wire.now += 7
    wire.hear({"type": "ping", "now": 5})
    assert wire.sent[-1] == {"type": "pong", "now": 5, "sent": T0 + 7}


def test_a_hold_is_kept_and_ended() -> None:
    """Nothing goes out during `wait_ms`; a later ack without it ends the hold."""
    wire = Wire()
    wire.open()
    wire.hear(ack(0, level=3, wait_ms=3_000))
    assert wire.producer.hold_until == T0 + 3_000
    wire.capture()
    wire.producer.flush()
    wire.poll(2_999)
    assert wire.batches() == []
    assert wire.producer.wake_at == T0 + 3_000
    wire.poll(1)
    assert len(wire.batches()) == 1
    wire.hear(ack(0, level=3, wait_ms=3_000))
    wire.hear(ack(0))
    wire.capture()
    wire.producer.flush()
    wire.poll()
    assert len(wire.batches()) == 2


def test_a_draining_server_gets_nothing_new() -> None:
    """After `drain` acks are still taken, batches wait; a server that stays is left."""
    wire = Wire()
    wire.open()
    wire.hear({"type": "drain", "in_ms": 3_000})
    wire.capture()
    wire.poll(1_000)
    assert wire.batches() == []
    wire.poll(2_000 + DRAIN_GRACE_MS)
    assert wire.told[-1] == Close("the server drained", Retry.BACKOFF)


@pytest.mark.parametrize(("welcomed", "patience"), [(False, WELCOME_MS), (True, 50_000)])
def test_a_silent_server_is_left(welcomed: bool, patience: int) -> None:
    """Without a welcome in 10 s, or a frame in two heartbeats, the connection is given up."""
    wire = Wire()
    if welcomed:
        wire.open()
    else:
        wire.connection = wire.server.connect()
        wire.carry(wire.producer.hello(wire.now))
    wire.poll(patience - 1)
    assert Close("the server is silent", Retry.BACKOFF) not in wire.told
    wire.poll(1)
    assert wire.told[-1] == Close("the server is silent", Retry.BACKOFF)


@pytest.mark.parametrize(
    "frame", [b"{", b'{"type":"ack"}', b'[{"type":"nack","want":"x"}]', b"\xff", b"[1]", b'{"type":"welcome"}']
)
def test_what_is_no_message_ends_the_connection(frame: bytes) -> None:
    """Bytes that are not of the protocol close the connection, with back-off."""
    wire = Wire()
    wire.open()
    wire.hear(frame)
    assert wire.told[-1] == Close("not a message of version 1", Retry.BACKOFF)


def test_an_unknown_message_is_passed_over() -> None:
    """A type of a later version is ignored, and the messages beside it count."""
    wire = Wire()
    wire.open()
    wire.hear(b'[{"type":"hologram"},{"type":"push","flags":{"a":true}},{"type":"error","code":"bad_json"}]')
    pushed, refused = wire.told[1:]
    assert isinstance(pushed, Pushed)
    assert pushed.message.flags == {"a": True}
    assert refused == Refused("bad_json")


def test_an_ack_beyond_what_was_sent_starts_over() -> None:
    """A server that acknowledges numbers we never gave would swallow the next batches."""
    wire = Wire()
    wire.open()
    wire.capture()
    wire.poll(500)
    wire.hear(ack(2))
    assert wire.told[-1] == Close("new epoch", Retry.NOW)
    assert wire.backlog.ledger().pending == 1


def test_a_window_too_small_for_a_sealed_batch_is_left() -> None:
    """With nothing under way and no room for the batch at hand, smaller batches are made after a while."""
    wire = Wire()
    wire.open()
    for _ in range(50):
        wire.capture(text="x" * 400)
    wire.poll()
    wire.cut()
    wire.server.crash()
    wire.server.bytes = 4_096
    wire.open()
    wire.poll()
    assert len(wire.batches()) == 1
    assert wire.producer.wake_at == wire.now + STARVED_MS
    wire.poll(STARVED_MS)
    assert wire.told[-1] == Close("new epoch", Retry.NOW)
    wire.settle()
    assert len(wire.server.counted) == 50


def test_a_renewed_key_goes_out_at_once() -> None:
    """`authenticate` sends `auth` on the open connection, and the new key in the next hello."""
    wire = Wire()
    wire.open()
    wire.producer.authenticate("wk2")
    wire.poll()
    assert wire.sent[-1] == {"type": "auth", "token": "wk2"}
    wire.cut()
    assert wire.open().hello["token"] == "wk2"


def test_a_lost_connection_needs_no_polling() -> None:
    """Between connections nothing is due."""
    wire = Wire()
    wire.open()
    wire.capture()
    wire.cut()
    assert wire.producer.wake_at is None
    assert wire.producer.poll(T0 + 10**9) == []
    assert wire.producer.receive(b"{", T0) == []
