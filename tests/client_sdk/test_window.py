"""The window is what the server grants, in numbers and in bytes, and it only grows."""

from __future__ import annotations

from client_sdk.python.messages import Credit
from client_sdk.python.window import Window
from tests.client_sdk.model import ServerModel
from tests.client_sdk.wire import Wire, ack


def test_numbers_and_bytes_are_separate() -> None:
    """`reaches` looks at the number alone, `room` at what was spent."""
    window = Window(Credit(4, 1_000))
    window.spend(400)
    assert (window.reaches(4), window.reaches(5), window.room) == (True, False, 600)


def test_an_extension_is_absolute() -> None:
    """The same grant twice is one grant; a smaller one changes nothing."""
    window = Window(Credit(4, 1_000))
    window.spend(400)
    for credit in (Credit(6, 1_500), Credit(6, 1_500), Credit(5, 1_200)):
        window.extend(credit)
    assert (window.reaches(6), window.reaches(7), window.room) == (True, False, 1_100)


def test_bytes_are_the_law_too() -> None:
    """A batch that does not fit into the bytes of the window waits for an ack."""
    wire = Wire(ServerModel(bytes=40_000))
    wire.open()
    for _ in range(4):
        wire.capture(text="x" * 30_000)
    wire.producer.flush()
    wire.poll()
    assert [batch["seq"] for batch in wire.batches()] == [1]
    wire.server.commit()
    wire.deliver()
    wire.poll()
    assert [batch["seq"] for batch in wire.batches()] == [1, 2]


def test_an_older_grant_takes_nothing_back() -> None:
    """Acks may be repeated or replayed: credit only grows."""
    wire = Wire()
    wire.open()
    wire.hear(ack(0, max_seq=9))
    wire.hear(ack(0, max_seq=2))
    for _ in range(1_000):
        wire.capture()
    assert wire.connection is not None
    wire.connection._max_seq = 9
    wire.poll()
    assert len(wire.batches()) == 9
