"""Families 1 to 5 and 10: framing, pings, reserved bits, opcodes, fragments."""

from __future__ import annotations

import pytest

from tests.e2e.gateway_process import GatewayProcess
from tests.e2e.rfc6455.peer import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Case,
    ask,
    chopped,
    fragments,
    frame,
    numbered,
    play,
)

NOTHING, TOO_FEW = b"", 4000
SIZES = (125, 126, 127, 128, 65_535, 65_536)
OCTETS = bytes(range(0xFE - 0x10, 0xFF))
FIRST, SECOND = ask()[:20], ask()[20:]
TWO = tuple(fragments(ask(), 20))
ONE = ("answer", 1)
STRAY = frame(CONTINUATION, b"non-continuation payload")
STRAY_START = frame(CONTINUATION, b"non-continuation payload", fin=False)
PINGED = frame(PING, b"ping")


def ways(number: int, sent: tuple[bytes, ...], *end: object) -> list[Case]:
    """The same bytes in one write, in one for each frame, and in one for each octet."""
    whole = b"".join(sent)
    return [
        Case(f"5.{number + place}", pieces, *end)  # type: ignore[arg-type]  # the rest of a case
        for place, pieces in enumerate(((whole,), sent, chopped(whole)))
    ]


TEXTS = numbered(
    "1.1",
    [
        # No text is no JSON.
        Case("", (frame(TEXT),), (("error", "bad_json"),), TOO_FEW),
        *(Case("", (frame(TEXT, ask(1, size)),), (ONE,)) for size in SIZES),
        Case("", chopped(frame(TEXT, ask(1, 65_536)), 997), (ONE,)),
    ],
)
BINARIES = numbered(
    "1.2",
    [
        *(Case("", (frame(BINARY, b"\xfe" * size),), (), 1003) for size in (0, *SIZES)),
        Case("", chopped(frame(BINARY, b"\xfe" * 65_536), 997), (), 1003),
    ],
)
PINGS = numbered(
    "2",
    [
        Case("", (frame(PING),), (("pong", NOTHING),)),
        Case("", (frame(PING, b"Hello, world!"),), (("pong", b"Hello, world!"),)),
        Case("", (frame(PING, b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff"),), (("pong", b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff"),)),
        Case("", (frame(PING, b"\xfe" * 125),), (("pong", b"\xfe" * 125),)),
        Case("", (frame(PING, b"\xfe" * 126),), (), 1002),
        Case("", chopped(frame(PING, b"\xfe" * 125)), (("pong", b"\xfe" * 125),)),
        Case("", (frame(PONG),)),
        Case("", (frame(PONG, b"unsolicited pong payload"),)),
        Case(
            "", (frame(PONG, b"unsolicited pong payload"), frame(PING, b"ping payload")), (("pong", b"ping payload"),)
        ),
        *(
            Case("", pieces, tuple(("pong", b"payload-%d" % n) for n in range(10)))
            for pings in [b"".join(frame(PING, b"payload-%d" % n) for n in range(10))]
            for pieces in ((pings,), chopped(pings))
        ),
    ],
)
GOOD = frame(TEXT, ask())
RESERVED = numbered(
    "3",
    [
        Case("", (frame(TEXT, ask(), rsv=1),), (), 1002),
        Case("", (GOOD + frame(TEXT, ask(2), rsv=2) + PINGED,), (ONE,), 1002),
        Case("", (GOOD, frame(TEXT, ask(2), rsv=3), PINGED), (ONE,), 1002),
        Case("", chopped(GOOD + frame(TEXT, ask(2), rsv=4) + PINGED), (ONE,), 1002),
        Case("", (frame(BINARY, OCTETS, rsv=5),), (), 1002),
        Case("", (frame(PING, b"ping", rsv=6),), (), 1002),
        Case("", (frame(CLOSE, b"\x03\xe8", rsv=7),), (), 1002),
    ],
)


def opcodes(*five: int) -> list[Case]:
    """An opcode that means nothing: alone, with payload, behind a message and before a ping, in pieces of one octet."""
    bare, loaded, third, fourth, fifth = five
    return [
        Case("", (frame(bare),), (), 1002),
        Case("", (frame(loaded, b"reserved opcode payload"),), (), 1002),
        Case("", (GOOD + frame(third) + PINGED,), (ONE,), 1002),
        Case("", (GOOD, frame(fourth, b"reserved opcode payload"), PINGED), (ONE,), 1002),
        Case("", chopped(GOOD + frame(fifth, b"reserved opcode payload") + PINGED), (ONE,), 1002),
    ]


OPCODES = numbered("4.1", opcodes(3, 4, 5, 6, 7)) + numbered("4.2", opcodes(11, 12, 13, 14, 15))
FIVE = tuple(fragments(ask(), 10))
FRAGMENTS = [
    Case("5.1", (frame(PING, b"frag", fin=False), frame(CONTINUATION, b"ment")), (), 1002),
    Case("5.2", (frame(PONG, b"frag", fin=False), frame(CONTINUATION, b"ment")), (), 1002),
    *ways(3, TWO, (ONE,)),
    *ways(6, (TWO[0], PINGED, TWO[1]), (("pong", b"ping"), ONE)),
    *ways(9, (STRAY, GOOD), (), 1002),
    *ways(12, (STRAY_START, GOOD), (), 1002),
    Case("5.15", (*TWO, STRAY_START, frame(TEXT, ask(2))), (ONE,), 1002),
    Case("5.16", (STRAY_START, *TWO, STRAY_START, *TWO), (), 1002),
    Case("5.17", (STRAY, *TWO, STRAY, *TWO), (), 1002),
    Case("5.18", (frame(TEXT, FIRST, fin=False) + frame(TEXT, SECOND),), (), 1002),
    Case(
        "5.19",
        (*FIVE[:2], frame(PING, b"pongme 1!"), 1, *FIVE[2:-1], frame(PING, b"pongme 2!"), FIVE[-1]),
        (("pong", b"pongme 1!"), ("pong", b"pongme 2!"), ONE),
    ),
    Case(
        "5.20",
        (*FIVE[:2], frame(PING, b"pongme 1!"), *FIVE[2:-1], frame(PING, b"pongme 2!"), FIVE[-1]),
        (("pong", b"pongme 1!"), ("pong", b"pongme 2!"), ONE),
    ),
]
CASES = [
    *TEXTS,
    *BINARIES,
    *PINGS,
    *RESERVED,
    *OPCODES,
    *FRAGMENTS,
    Case("10.1.1", tuple(fragments(ask(1, 65_536), 1_300)), (ONE,)),
]
BEYOND = [
    Case("unmasked", (b"\x81\x02{}",), (), 1002),
    Case("unmasked ping", (b"\x89\x00",), (), 1002),
    Case("mask of zeros", (frame(TEXT, ask(), mask=bytes(4)),), (ONE,)),
    Case("length with the highest bit", (b"\x81\xff\x80" + bytes(7) + b"1234",), (), 1009),
    Case("close that goes on", (frame(CLOSE, b"\x03\xe8", fin=False),), (), 1002),
    Case("ping in the middle of nothing", (frame(PING, b"x", fin=False),), (), 1002),
]
"""Rules of RFC 6455, sections 5.1, 5.2 and 5.5, that the suite has no case for."""


@pytest.mark.parametrize("case", CASES, ids=[case.number for case in CASES])
def test_case(case: Case, running: GatewayProcess) -> None:
    """What is allowed is understood, what is not ends the connection with the right code."""
    play(case, running)


@pytest.mark.parametrize("case", BEYOND, ids=[case.number for case in BEYOND])
def test_beyond_the_suite(case: Case, running: GatewayProcess) -> None:
    """Masking, lengths and control frames in fragments."""
    play(case, running)


def test_no_case_is_missing() -> None:
    """8 + 8, 11, 7, 5 + 5, 20 and 1, each once."""
    assert len({case.number for case in CASES}) == len(CASES) == 16 + 11 + 7 + 10 + 20 + 1
