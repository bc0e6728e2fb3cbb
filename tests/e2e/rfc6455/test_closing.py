"""Family 7: closing. What comes behind a close is not looked at, and the gateway ends the stream first."""

from __future__ import annotations

import struct

import pytest

from tests.e2e.gateway_process import GatewayProcess
from tests.e2e.rfc6455.peer import CLOSE, CONTINUATION, KOSME, NO_CODE, PING, TEXT, Case, ask, frame, numbered, play

GOOD_CODES = (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999)
BAD_CODES = (0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999)
ONE = ("answer", 1)


def bye(code: int = 1000, reason: bytes = b"") -> bytes:
    """A close frame."""
    return frame(CLOSE, struct.pack("!H", code) + reason)


CASES = [
    *numbered(
        "7.1",
        [
            Case("", (frame(TEXT, ask()), bye()), (ONE,), 1000),
            Case("", (bye(), bye()), (), 1000),
            Case("", (bye(), frame(PING)), (), 1000),
            Case("", (bye(), frame(TEXT, ask())), (), 1000),
            Case("", (frame(TEXT, ask()[:9], fin=False), bye(), frame(CONTINUATION, ask()[9:])), (), 1000),
            Case(
                "", (frame(TEXT, ask(1, 262_144)), frame(TEXT, ask(2)), bye(), frame(PING)), (ONE, ("answer", 2)), 1000
            ),
        ],
    ),
    *numbered(
        "7.3",
        [
            Case("", (frame(CLOSE),), (), NO_CODE),
            Case("", (frame(CLOSE, b"a"),), (), 1002),
            Case("", (bye(),), (), 1000),
            Case("", (bye(1000, b"Hello World!"),), (), 1000),
            Case("", (bye(1000, b"*" * 123),), (), 1000),
            Case("", (bye(1000, b"*" * 124),), (), 1002),
        ],
    ),
    Case("7.5.1", (bye(1000, KOSME + b"\xed\xa0\x80edited"),), (), 1007),
    *numbered("7.7", [Case("", (bye(code),), (), code) for code in GOOD_CODES]),
    *numbered("7.9", [Case("", (bye(code),), (), 1002) for code in BAD_CODES]),
    # Beyond what the RFC gives to anybody.
    *numbered("7.13", [Case("", (bye(code),), (), 1002) for code in (5000, 65_535)]),
]
BEYOND = [
    *(Case(f"{code}", (bye(code),), (), code) for code in (1012, 1013, 1014)),
    Case("1015", (bye(1015),), (), 1002),
    Case("all in one write", (bye() + frame(TEXT, ask()) + frame(PING) + b"\xff" * 9,), (), 1000),
    Case("good, close, bad", (frame(TEXT, ask()) + bye(3000) + frame(TEXT, ask(2), rsv=7),), (ONE,), 3000),
]
"""Codes that were registered after the suite was written, and bytes that were under way already."""


@pytest.mark.parametrize("case", CASES, ids=[case.number for case in CASES])
def test_case(case: Case, running: GatewayProcess) -> None:
    """A good close is answered with its own code, a bad one with what is wrong with it."""
    play(case, running)


@pytest.mark.parametrize("case", BEYOND, ids=[case.number for case in BEYOND])
def test_beyond_the_suite(case: Case, running: GatewayProcess) -> None:
    """The same for them."""
    play(case, running)


def test_no_case_is_missing() -> None:
    """6, 6, 1, 13, 9 and 2, each once."""
    assert len({case.number for case in CASES}) == len(CASES) == 6 + 6 + 1 + 13 + 9 + 2
