"""What comes over a socket before anything in it is understood: request heads and frames."""

from __future__ import annotations

from gateway.server.handshake import WS_PATH, answer, wants_websocket
from tests.fuzz.target import Choices, Target
from tests.server.rig import upgrade
from tests.server.test_framing import MAX_SIZE, Pure, Short, client_frame, course

__all__ = ["FRAMES", "HEADS"]


def frames(data: bytes) -> None:
    """The short way and the package's own parser say the same, however the bytes are cut."""
    choices = Choices(data)
    cuts = [1 + choices.below(300) for _ in range(1 + choices.below(8))]
    stream = choices.rest()
    pieces: list[bytes] = []
    at = 0
    while at < len(stream):
        size = cuts[len(pieces) % len(cuts)]
        pieces.append(stream[at : at + size])
        at += size
    assert course(Short(), pieces) == course(Pure(), pieces)


def heads(data: bytes) -> None:
    """Any head has one whole answer: 101, or a refusal with a body."""
    head = data.split(b"\r\n\r\n")[0] + b"\r\n\r\n"
    wanted = wants_websocket(head)
    reply = answer(head, lambda origin: origin == "http://shop.example")
    assert reply.data.startswith(b"HTTP/1.1 %d " % reply.status)
    assert reply.data.count(b"\r\n\r\n") >= 1
    assert reply.status != 101 or (wanted and WS_PATH.encode() in head)


_SHORT = client_frame(1, b'{"type":"pong","now":1}')
_STREAMS = (
    _SHORT * 3,
    client_frame(1, b"a" * 200) + client_frame(9, b"ping") + client_frame(8, b"\x03\xe8bye"),
    client_frame(1, b"frag", fin=False) + client_frame(9, b"p") + client_frame(0, b"ment") + _SHORT,
    client_frame(2, b"\x00\xff" * 40) + client_frame(1, b"x", wide=8) + client_frame(1, b"y", wide=2),
    client_frame(1, b"", fin=False) + client_frame(8, b"\x03\xe8"),
    client_frame(1, b"t" * (MAX_SIZE + 1))[:300],
)
FRAMES = Target(
    "frames",
    frames,
    tuple(head + stream for head in (b"\x00\x00\xff\x00", b"\x02\x00\x00\x00\x05\x00") for stream in _STREAMS),
    (_SHORT, b"\x81\xfe", b"\x81\xff", b"\x88\x82", b"\x89\x80", b"\x01\x80", b"\x00\x80", b"\x80\x80", b"\xc1\x80"),
)
_PLAIN = upgrade(sec_websocket_key="dGhlIHNhbXBsZSBub25jZQ==")
HEADS = Target(
    "heads",
    heads,
    (
        _PLAIN,
        upgrade("Origin: http://shop.example", path="/v1/ws?x=1", sec_websocket_key="dGhlIHNhbXBsZSBub25jZQ=="),
        _PLAIN.replace(b"GET", b"POST"),
        _PLAIN.replace(b"1.1", b"1.0"),
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    ),
    (
        *(b"\r\n", b": ", b"\r\n ", b"\x00", b"Host: a\r\n", b"Origin: null\r\n", b"Upgrade: websocket\r\n"),
        *(
            b"Connection: upgrade, upgrade\r\n",
            b"Sec-WebSocket-Version: 13\r\n",
            b"Sec-WebSocket-Extensions: x; y=\r\n",
        ),
        *(b"Sec-WebSocket-Protocol: tidegate.v1, x\r\n", b"Transfer-Encoding: chunked\r\n", b"Content-Length: 5\r\n"),
    ),
)
