"""The client's end of a WebSocket."""

from __future__ import annotations

import itertools
import random
import socket
import threading

import pytest
from websockets.frames import Frame, Opcode

from benchmarks.wire import ClosedError, FrameCounter, FrameReader, open_socket, read_message

PAYLOADS = [b"", b"a" * 125, b"b" * 126, b"c" * 1_024, b"d" * 65_535, b"e" * 65_536, b"", b"f"]


def stream(payloads: list[bytes]) -> bytes:
    """The payloads as unmasked server frames, back to back."""
    return b"".join(Frame(Opcode.TEXT, payload).serialize(mask=False) for payload in payloads)


def pieces(data: bytes, rng: random.Random) -> list[bytes]:
    """The data cut at random places."""
    cuts = sorted({0, len(data), *(rng.randrange(len(data)) for _ in range(rng.randrange(1, 60)))})
    return [data[a:b] for a, b in itertools.pairwise(cuts)]


@pytest.mark.parametrize("seed", range(30))
def test_frames_are_found_however_the_stream_is_cut(seed: int) -> None:
    """Reader and counter agree with what was sent for any split, headers cut in the middle included."""
    rng = random.Random(seed)
    sent = rng.sample(PAYLOADS, len(PAYLOADS))
    reader, counter, got = FrameReader(), FrameCounter(), []
    for piece in pieces(stream(sent), rng):
        got += reader.feed(piece)
        counter.feed(memoryview(piece))
    assert got == sent
    assert counter.frames == len(sent)


def test_a_frame_is_counted_when_its_last_byte_comes() -> None:
    """Half a frame is no delivery."""
    data, counter = stream([b"x" * 300]), FrameCounter()
    assert [counter.feed(memoryview(part)) for part in (data[:3], data[3:-1], data[-1:])] == [0, 0, 1]


def test_a_ping_is_answered_and_is_no_payload() -> None:
    """The answer is a masked pong with the ping's content."""
    reader = FrameReader()
    assert reader.feed(Frame(Opcode.PING, b"hi").serialize(mask=False) + stream([b"text"])) == [b"text"]
    (pong,) = reader.pongs
    assert pong[0] == 0x8A
    assert bytes(byte ^ pong[2] for byte in pong[6:]) == b"hi"


def test_a_close_frame_ends_reading_with_its_code() -> None:
    """A benchmark must not go on against a server that has closed."""
    with pytest.raises(ClosedError, match="4101 beyond credit"):
        FrameReader().feed(Frame(Opcode.CLOSE, (4101).to_bytes(2, "big") + b"beyond credit").serialize(mask=False))


def test_messages_before_the_wanted_one_are_dropped_and_an_error_is_not() -> None:
    """Waiting for a welcome passes a notice by, in an array or alone, and stops at an error."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(
            stream([b'[{"type":"notice"},{"type":"welcome","now":1}]', b'{"type":"error","code":"bad_where"}'])
        )
        assert read_message(ours, FrameReader(), "welcome") == {"type": "welcome", "now": 1}
        theirs.sendall(stream([b'{"type":"error","code":"bad_where"}']))
        with pytest.raises(ClosedError, match="bad_where"):
            read_message(ours, FrameReader(), "snapshot")


def test_a_refused_upgrade_is_an_error() -> None:
    """A server that answers anything but 101 is not measured, and its socket is closed."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse() -> None:
            sock, _ = listener.accept()
            with sock:
                sock.recv(4_096)
                sock.sendall(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=refuse)
        thread.start()
        with pytest.raises(ClosedError, match="503"):
            open_socket(listener.getsockname()[1])
        thread.join()
