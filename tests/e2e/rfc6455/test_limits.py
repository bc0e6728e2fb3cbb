"""Family 9: large messages, many fragments, small writes, a thousand messages.

A gateway of events has a bound where an echo server has none: 256 KiB for a message, and 64 fragments. What the suite
sends up to there is understood; what is beyond, and all that is binary, ends the connection by its code.
"""

from __future__ import annotations

import struct

import pytest

from gateway.config import Config
from tests.e2e.gateway_process import GatewayProcess
from tests.e2e.rfc6455.peer import (
    BINARY,
    CONTINUATION,
    MASK,
    TEXT,
    Case,
    Heard,
    ask,
    chopped,
    fragments,
    frame,
    numbered,
    play,
)

KIB, MIB = 1 << 10, 1 << 20
LARGEST, MOST = Config().max_frame, Config().max_fragments
ONE = ("answer", 1)
TOO_BIG, IS_BINARY = 1009, 1003


def head(opcode: int, size: int) -> bytes:
    """The beginning of a frame of that size, with the first KiB of it: what is too big is refused on sight."""
    return bytes([0x80 | opcode, 0xFF]) + struct.pack("!Q", size) + MASK + bytes(KIB)


def whole(opcode: int, code: int | None, *heard: Heard) -> list[Case]:
    """Messages of 64 KiB to 16 MiB in one frame."""
    fit = [
        Case("", (frame(opcode, ask(1, size)),), heard if code is None else (), code) for size in (64 * KIB, LARGEST)
    ]
    return fit + [Case("", (head(opcode, size),), (), TOO_BIG) for size in (MIB, 4 * MIB, 8 * MIB, 16 * MIB)]


def in_fragments(opcode: int, code: int) -> list[Case]:
    """4 MiB in fragments of 64 bytes to 4 MiB: of those as many as it takes to be too many or too much."""
    cases = []
    for size in (64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB):
        enough = 1 if opcode == BINARY else min(MOST, LARGEST // size + 1)
        sent = b"".join(fragments(b"*" * (size * enough + 1), size, opcode))
        cases.append(Case("", (sent[: -len(frame(CONTINUATION, b"*"))],), (), code))
    return [*cases, *(Case("", (head(opcode, size),), (), TOO_BIG) for size in (MIB, 4 * MIB))]


def in_writes(opcode: int, code: int | None, *heard: Heard) -> list[Case]:
    """The largest message in writes of 64 bytes to 2 KiB; it is 1 MiB in the suite."""
    sent = frame(opcode, ask(1, LARGEST))
    return [Case("", chopped(sent, size), heard, code) for size in (64, 128, 256, 512, KIB, 2 * KIB)]


def thousand(opcode: int) -> list[Case]:
    """A thousand messages of 0 bytes to 64 KiB, each behind the answer to the one before."""
    cases = []
    for size in (0, 16, 64, 256, KIB, 4 * KIB):
        text = b'{"type":"x"'.ljust(size - 1) + b"}" if size else b""
        message = frame(opcode, text)
        if opcode == BINARY:
            cases.append(Case("", (message * 1_000,), (), IS_BINARY))
        elif not size:
            cases.append(Case("", (message * 1_000,), (("error", "bad_json"),), 4000))
        else:
            sent = tuple(piece for number in range(1, 1_001) for piece in (message, number))
            cases.append(Case("", sent, (("error", "unknown_type"),) * 1_000))
    return cases


CASES = [
    *numbered("9.1", whole(TEXT, None, ONE)),
    *numbered("9.2", whole(BINARY, IS_BINARY)),
    *numbered("9.3", in_fragments(TEXT, TOO_BIG)),
    *numbered("9.4", in_fragments(BINARY, IS_BINARY)),
    *numbered("9.5", in_writes(TEXT, None, ONE)),
    *numbered("9.6", in_writes(BINARY, IS_BINARY)),
    *numbered("9.7", thousand(TEXT)),
    *numbered("9.8", thousand(BINARY)),
]
BEYOND = [
    Case("one byte too many", (frame(TEXT, ask(1, LARGEST + 1)),), (), TOO_BIG),
    Case("all fragments", tuple(fragments(ask(1, LARGEST), LARGEST // MOST)), (ONE,)),
    Case("a fragment too many", tuple(fragments(ask(1, MOST + 1), 1)), (), TOO_BIG),
    Case("no end of nothing", (frame(TEXT, fin=False) + frame(CONTINUATION, fin=False) * 10_000,), (), TOO_BIG),
]


@pytest.mark.parametrize("case", CASES, ids=[case.number for case in CASES])
def test_case(case: Case, running: GatewayProcess) -> None:
    """Within the bounds it is understood, beyond them refused by name."""
    play(case, running)


@pytest.mark.parametrize("case", BEYOND, ids=[case.number for case in BEYOND])
def test_beyond_the_suite(case: Case, running: GatewayProcess) -> None:
    """The bounds themselves, to the byte and to the fragment."""
    play(case, running)


def test_no_case_is_missing() -> None:
    """6 + 6, 9 + 9, 6 + 6, 6 + 6, each once."""
    assert len({case.number for case in CASES}) == len(CASES) == 54
