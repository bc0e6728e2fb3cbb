"""A server that lies: whatever it says, the page goes on, and no event is lost or counted twice.

Each lie is told for a while and ends; then the page is loaded again, as pages are. What the server took before, it took
honestly: an ack for what was never kept is a loss that no client can see.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.driving import capture, flush, ledger, load, numbered, start
from tests.browser.model_server import ModelServer
from tests.browser.model_session import Lie, Session

MOST = 2**53 - 1
MARK = 424_242
NONSENSE: list[Any] = [None, True, -1, 1.5, "9", "", [], [1], {}, {"a": 1}, 2**53 + 1, 1e300, -(2**60)]
CREDIT = {"max_seq": 0, "max_bytes": 0}


def ack(seq: Any, **more: Any) -> dict[str, Any]:
    """An ack, by its look."""
    return {"type": "ack", "seq": seq, "credit": CREDIT, "level": 0, "flush_ms": 100, **more}


def welcome(**more: Any) -> dict[str, Any]:
    """A welcome, by its look."""
    resume = {"known": True, "last_seq": 0}
    common = {"session": "s", "node": "n", "server_epoch": "e", "now": 0, "heartbeat_ms": 25_000, "limits": {}}
    return {"type": "welcome", **common, "resume": resume, "credit": CREDIT, "flush_ms": 100, "level": 0, **more}


async def say(session: Session, *frames: Any) -> None:
    """Frames as they are, or messages; a socket that the page has closed hears nothing."""
    for frame in frames:
        if session.socket.closed:
            return
        if isinstance(frame, bytes):
            await session.socket.send_bytes(frame)
        else:
            await session.socket.send_str(frame if isinstance(frame, str) else json.dumps(frame))


def kind_of(message: dict[str, Any]) -> str:
    """Its type; a batch is one in whichever form it comes."""
    return "batch" if message["type"] == "columns" else str(message["type"])


def after(*frames: Any, kind: str = "batch") -> Lie:
    """The truth, and then this."""

    async def lie(session: Session, message: dict[str, Any]) -> bool:
        await session.tell_the_truth(message)
        if kind_of(message) == kind:
            await say(session, *frames)
        return True

    return lie


def instead(*frames: Any, kind: str) -> Lie:
    """This, and not the truth."""

    async def lie(session: Session, message: dict[str, Any]) -> bool:
        if kind_of(message) != kind:
            return False
        await say(session, *frames)
        return True

    return lie


GARBAGE = [
    "",
    "{",
    "null",
    "7",
    '"ack"',
    "[[[]]]",
    "[" * 5_000,
    "x" * 100_000,
    b"\x00\xff",
    b"",
    '{"type":{}}',
    '[{"type":"a"}]',
]
FIELDS = [
    {"type": kind, name: value}
    for kind, names in {
        "ack": ("seq", "credit", "level", "flush_ms", "wait_ms", "verdicts"),
        "ping": ("now",),
        "warn": ("code", "seq"),
        "push": ("flags",),
        "error": ("code",),
    }.items()
    for name in names
    for value in NONSENSE
]
VERDICTS = [
    [1, 0, "drop", "x"],
    [1, 99, "drop", "x"],
    [99, 0, "duplicate", "x"],
    [1, -1, "drop", "x"],
    [1, "0", "drop", 5],
]

LIES: dict[str, Lie] = {
    "acks beyond what was sent": after(ack(50), ack(MOST), ack(1e300)),
    "acks of nothing": after(ack(0), ack(-1), ack("1"), ack(None)),
    "credit that shrinks": after(ack(0, credit={"max_seq": 1, "max_bytes": 1}), ack(0, credit={"max_seq": -5})),
    "credit without end": after(ack(0, credit={"max_seq": 1e300, "max_bytes": 1e300}), ack(0, credit=None)),
    "garbage": after(*GARBAGE),
    "garbage for a welcome": instead(*GARBAGE, kind="hello"),
    "wrong types": after(*FIELDS),
    "many at once": after(
        [ack(MOST), {"type": "nack", "want": 1}, welcome(), {"type": "drain", "in_ms": "x"}, 5, None]
    ),
    "welcome twice": after(welcome(), welcome(resume={"known": False, "last_seq": 99}), kind="hello"),
    "welcome in the middle": after(welcome(resume={"known": True, "last_seq": 99}), welcome(resume=None)),
    "a welcome of nonsense": instead(
        *({"type": "welcome", name: value} for name in ("resume", "credit", "limits", "level") for value in NONSENSE),
        kind="hello",
    ),
    "a welcome that knows more": instead(welcome(resume={"known": True, "last_seq": MOST}), kind="hello"),
    "limits of nothing": instead(
        welcome(limits={"max_frame": 0, "max_events": 0}, credit={"max_seq": 9, "max_bytes": 9**9}), kind="hello"
    ),
    "limits of one": instead(
        welcome(limits={"max_frame": 1, "max_events": 1}, credit={"max_seq": 9, "max_bytes": 9**9}), kind="hello"
    ),
    "nacks of nonsense": after(*({"type": "nack", "want": want} for want in (0, *NONSENSE))),
    "a nack for each batch": instead({"type": "nack", "want": 1}, kind="batch"),
    "verdicts on what is not there": after(ack(MOST, verdicts=[[9, 9, "drop", "x"], *VERDICTS[1:], None, 7, "drop"])),
    "huge numbers": after(ack(0, level=MOST, flush_ms=MOST, wait_ms=MOST), {"type": "ping", "now": MOST}),
    "a heartbeat without end": instead(welcome(heartbeat_ms=MOST), kind="hello"),
    "no acks": instead(kind="batch"),
    "no welcome": instead(kind="hello"),
    "a warning each time": after(*({"type": "warn", "code": "over_credit", "seq": seq} for seq in (1, 0, MOST, "x"))),
    "pings without end": after(*[{"type": "ping", "now": n} for n in range(300)]),
}


def noted(lie: Lie, notes: list[str]) -> Lie:
    """The same lie, with a ping behind it that shows when it was heard."""

    async def inner(session: Session, message: dict[str, Any]) -> bool:
        if message["type"] == "pong":
            notes.append(f"heard {message['now']}")
            return True
        dealt = await lie(session, message)
        if dealt:
            notes.append("told")
            await say(session, {"type": "ping", "now": MARK})
        return dealt

    return inner


@pytest.mark.parametrize("name", LIES)
def test_a_lie_breaks_nothing(page: Page, server: ModelServer, name: str) -> None:
    """While it is told events are taken; when it has ended each is there once, and the books say so."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    notes: list[str] = []
    server.lie = noted(LIES[name], notes)
    start(page)
    capture(page, *numbered(0, 60))
    # Heard to its end, or told again because the page gave the connection up over it.
    server.wait(lambda: f"heard {MARK}" in notes or notes.count("told") > 2)
    capture(page, *numbered(60, 70))
    assert ledger(page)["sent"] == 70
    server.lie = None
    load(page, server)
    start(page)
    capture(page, "last")
    assert flush(page)
    assert sorted(server.names()) == sorted([*numbered(0, 70), "last"])
    books = ledger(page)
    assert (books["sent"], books["pending"], books["rejected"], books["expired"]) == (71, 0, 0, 0)
    assert errors == []
    server.violations.clear()  # it did what it was told


async def hang_up(session: Session, code: int) -> None:
    """End the connection; 1006 is without a word."""
    if code == 1006:
        session.abort()
    else:
        await session.socket.close(code=code)


@pytest.mark.parametrize(
    "step", ["before the welcome", "behind the welcome", "before the disk", "before the ack", "behind the ack"]
)
def test_a_server_that_closes_at_any_step(page: Page, server: ModelServer, step: str) -> None:
    """Again and again, with and without a word: the page dials again, and each event arrives once."""
    codes = [1006, 1011, 1000, 1002, 4102]
    kind = "hello" if "welcome" in step else "batch"

    async def lie(session: Session, message: dict[str, Any]) -> bool:
        if kind_of(message) != kind or not codes:
            return False
        if step == "before the ack":
            server.apply_quietly(session, message)
        elif step.startswith("behind"):
            await session.tell_the_truth(message)
        await hang_up(session, codes.pop())
        return True

    server.lie = lie
    start(page)
    for name in numbered(0, 6):
        capture(page, name)
    assert flush(page)
    capture(page, "last")
    assert flush(page)
    assert len(codes) < 4  # more than once
    assert server.names() == [*numbered(0, 6), "last"]
    assert ledger(page) == {"sent": 7, "accepted": 7, "duplicate": 0, "rejected": 0, "expired": 0, "pending": 0}
