"""The short way and the package's own parser say the same of any bytes, however they are split."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

from gateway.server.framing import FrameReader

MAX_SIZE = 70_000


def client_frame(
    opcode: int, payload: bytes, *, fin: bool = True, masked: bool = True, reserved: int = 0, wide: int = 0
) -> bytes:
    """One frame; `wide` writes its length in 2 or 8 bytes though fewer would do."""
    size = len(payload)
    short = 126 if wide == 2 else 127 if wide == 8 else size if size < 126 else 126 if size < 65_536 else 127
    head = bytes([(0x80 if fin else 0) | reserved | opcode, (0x80 if masked else 0) | short])
    if short >= 126:
        head += struct.pack("!H" if short == 126 else "!Q", size)
    if not masked:
        return head + payload
    mask = b"\x12\x00\xff\x5a"
    return head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


class Lenient(ServerProtocol):
    """Takes a close amid the fragments of a message for what it is, as RFC 6455, 5.4, has it."""

    def recv_frame(self, frame: Frame) -> None:
        if frame.opcode is Opcode.CLOSE:
            self.current_size = None
        super().recv_frame(frame)


class Pure:
    """The reference: everything through the protocol."""

    def __init__(self) -> None:
        self.protocol = Lenient(state=OPEN, max_size=MAX_SIZE)

    def feed(self, data: bytes) -> list[Any]:
        self.protocol.receive_data(data)
        return self.protocol.events_received()


class Short:
    """What the gateway does."""

    def __init__(self, *, binary: bool = False, plain: bool = False) -> None:
        self.protocol = ServerProtocol(state=OPEN, max_size=MAX_SIZE)
        self.reader = FrameReader(self.protocol, MAX_SIZE, binary=binary, plain=plain)
        self.opcode = Opcode.BINARY if binary else Opcode.TEXT

    def feed(self, data: bytes) -> list[Any]:
        return self.reader.feed(data)


def plain(event: bytes | Frame, opcode: Opcode = Opcode.TEXT) -> tuple[int, bool, bytes]:
    if isinstance(event, bytes):
        return int(opcode), True, event
    return int(event.opcode), event.fin, bytes(event.data)


def course(side: Pure | Short, pieces: list[bytes]) -> dict[str, Any]:
    """All that a side makes of the pieces."""
    opcode = getattr(side, "opcode", Opcode.TEXT)
    events = [plain(event, opcode) for piece in pieces for event in side.feed(piece)]
    protocol = side.protocol
    return {
        "events": events,
        "sent": b"".join(protocol.data_to_send()),
        "state": protocol.state,
        "close_sent": protocol.close_sent,
        "close_rcvd": protocol.close_rcvd,
        "error": repr(protocol.parser_exc),
    }


SIZES = st.sampled_from([0, 1, 2, 124, 125, 126, 127, 300, 2_600])
TEXT = st.builds(lambda size, wide: client_frame(1, b"t" * size, wide=wide), SIZES, st.sampled_from([0, 0, 0, 2, 8]))
ANY = st.one_of(
    TEXT,
    TEXT,
    TEXT,
    st.builds(
        lambda opcode, size, fin: client_frame(opcode, b"f" * size, fin=fin),
        st.sampled_from([0, 1, 2]),
        SIZES,
        st.booleans(),
    ),
    st.builds(lambda opcode, size: client_frame(opcode, b"p" * size), st.sampled_from([9, 10]), st.integers(0, 125)),
)
BAD = st.one_of(
    st.builds(lambda opcode: client_frame(opcode, b"x"), st.integers(0, 15)),
    st.builds(lambda reserved: client_frame(1, b"x" * 20, reserved=reserved), st.sampled_from([0x10, 0x20, 0x40])),
    st.builds(lambda size: client_frame(1, b"u" * size, masked=False), SIZES),
    st.builds(lambda size: client_frame(9, b"p" * size), st.sampled_from([126, 300])),
    st.builds(lambda fin: client_frame(9, b"p", fin=fin), st.booleans()),
    st.sampled_from([b"", b"\x03", b"\x03\xe8", b"\x03\xe8bye", b"\x03\xee", b"\x03\xe8\xff"]).map(
        lambda payload: client_frame(8, payload)
    ),
    st.just(client_frame(1, b"b" * (MAX_SIZE + 1))),
    st.sampled_from([b"\x81\xff" + b"\x7f" * 8, b"\x81\xff" + b"\xff" * 8, b"\x82\xfe\xff\xff"]),
    st.binary(max_size=20),
)


@given(
    st.lists(ANY, max_size=8),
    st.lists(BAD, max_size=2),
    st.lists(ANY, max_size=3),
    st.lists(st.sampled_from([1, 1, 2, 3, 5, 8, 14, 130, 1_000, 4_000, 70_000]), min_size=1, max_size=12),
    st.booleans(),
)
def test_both_ways_agree(
    before: list[bytes], bad: list[bytes], after: list[bytes], cuts: list[int], binary: bool
) -> None:
    """The same messages, control frames, answers, close codes and errors."""
    stream = b"".join([*before, *bad, *after])
    pieces, at, turn = [], 0, 0
    while at < len(stream):
        size = cuts[turn % len(cuts)] if turn < 200 else 70_000
        pieces.append(stream[at : at + size])
        at, turn = at + size, turn + 1
    assert course(Short(binary=binary), pieces) == course(Pure(), pieces)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, MAX_SIZE])
def test_a_whole_text_never_reaches_the_protocol(size: int) -> None:
    """That is the whole point; of any length that is allowed."""
    side = Short()
    frame = client_frame(1, b"x" * size)
    side.protocol.receive_data = None  # type: ignore[assignment,method-assign]  # calling it would raise
    assert side.feed(frame + frame) == [b"x" * size] * 2


def test_a_whole_binary_message_never_reaches_it_either() -> None:
    """Where messages are binary; a text goes the long way there."""
    side = Short(binary=True)
    assert side.feed(client_frame(2, b"x" * 300)) == [b"x" * 300]
    (event,) = side.feed(client_frame(1, b"y"))
    assert plain(event) == (1, True, b"y")
    assert isinstance(event, Frame)


def test_the_plain_way_is_the_packages_own() -> None:
    """Every frame is seen by it; what comes out is the same."""
    frames = client_frame(1, b"a") + client_frame(9, b"p") + client_frame(1, b"b", fin=False) + client_frame(0, b"c")
    side, short = Short(plain=True), Short()
    found = side.feed(frames[:9]) + side.feed(frames[9:])
    assert all(isinstance(event, Frame) for event in found)
    assert list(map(plain, found)) == list(map(plain, short.feed(frames)))
    assert side.protocol.data_to_send() == short.protocol.data_to_send()


def test_a_frame_cut_by_a_read_goes_the_long_way_and_the_next_the_short_way() -> None:
    """Nothing is kept but the start of a header, so a frame in a thousand pieces costs its length."""
    side = Short()
    frame = client_frame(1, b"x" * 200)
    assert side.feed(frame + frame[:100]) == [b"x" * 200]
    (late, whole) = side.feed(frame[100:] + frame)
    assert (type(late), plain(late)) == (Frame, (1, True, b"x" * 200))
    assert whole == b"x" * 200


def test_a_close_amid_fragments_is_a_good_close() -> None:
    """It is answered with its own code; the package by itself calls it an incomplete message, 1002."""
    side = Short()
    side.feed(client_frame(1, b"begun", fin=False) + client_frame(8, b"\x03\xe8"))
    assert (side.reader.outcome(), side.protocol.parser_exc) == ((1000, ""), None)
    assert side.protocol.data_to_send() == [b"\x88\x02\x03\xe8", b""]


def test_who_closed_first_is_told() -> None:
    """The peer's code, ours, or 1006 when nobody said anything."""
    theirs, ours, nobody = Short(), Short(), Short()
    theirs.feed(client_frame(8, b"\x0f\xa0bye"))
    ours.protocol.send_close(4_009, "fenced")
    ours.feed(client_frame(8, b"\x03\xe8"))
    assert [side.reader.outcome() for side in (theirs, ours, nobody)] == [(4_000, "bye"), (4_009, "fenced"), (1006, "")]
