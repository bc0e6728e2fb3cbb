"""Every kind of bad input through a real socket: a verdict or a close code, and the server lives."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.server.serving import on_loop, serving, until, wire
from tests.server.talk import accepted, batch, events, now, producer
from tests.wire.test_events import CASES


def test_verdicts_name_each_bad_event(tmp_path: Path) -> None:
    """Good events beside bad ones count; the quarantine has the bad ones by reason."""
    bad = [
        f'{{"event":"ok","timestamp":{now()}}}',
        '{"event":"x","a":NaN}',
        '{"event":""}',
        '{"event":"x","timestamp":4102444800000}',
        '{"event":"x","uuid":"u"}',
        '{"event":"x","uuid":"u"}',
        '{"event":"x","z":18446744073709551616}',
        '{"event":"x","properties":{"__proto__":{"a":1}}}',
        '{"event":"x","timestamp":0}',
    ]

    async def run() -> None:
        async with serving(tmp_path) as server, wire(server) as socket:
            await producer(socket)
            await socket.say('{"type":"batch","seq":1,"events":[' + ",".join(bad) + "]}")
            ack = await socket.hear("ack")
            assert sorted(ack["verdicts"]) == [
                [1, 1, "drop", "bad_json"],
                [1, 2, "drop", "event_name"],
                [1, 3, "warn", "clamped"],
                [1, 5, "duplicate", "uuid"],
                [1, 6, "warn", "number_range"],
                [1, 8, "drop", "late"],
            ]
            assert server.house.fold.ledger.as_dict() == {
                "sent": 9,
                "accepted": 5,
                "duplicate": 1,
                "rejected": 3,
                "warned": 2,
            }
            await until(lambda: server.log.quarantine_counts() == {"bad_json": 1, "event_name": 1, "late": 1})

    on_loop(run)


@pytest.mark.parametrize(
    ("frame", "code", "slug"),
    [
        (b"\xff\xfe\xfd", 1007, None),
        (b"no json", 4000, "bad_json"),
        (b"{}", 4000, "bad_message"),
        (b"[" * 1024, 4000, "bad_json"),
        (b'{"type":"batch","seq":"one","events":[]}', 4000, "bad_message"),
        (b'{"type":"batch","seq":1,"events":[' + b",".join([b"{}"] * 501) + b"]}", 4000, "too_many_events"),
        (b'{"type":"subscribe","id":1,"kpi":"events"}', 4000, "wrong_role"),
        (b'{"type":"hello","v":1,"role":"viewer","token":"v_test"}', 4000, "bad_message"),
    ],
)
def test_a_bad_message_ends_its_connection_only(tmp_path: Path, frame: bytes, code: int, slug: str | None) -> None:
    """Error, close code, and the server lives: another producer goes on."""

    async def run() -> None:
        async with serving(tmp_path) as server, wire(server) as good, wire(server) as bad:
            await producer(good)
            await producer(bad, producer="other")
            await bad.say_raw(frame)
            if slug is not None:
                assert (await bad.hear("error"))["code"] == slug
            assert await bad.close_code() == code
            await good.say(batch(1))
            assert (await good.hear("ack"))["seq"] == 1

    on_loop(run)


def test_an_unknown_type_is_only_an_error(tmp_path: Path) -> None:
    """The connection goes on."""

    async def run() -> None:
        async with serving(tmp_path) as server, wire(server) as socket:
            await producer(socket)
            await socket.say({"type": "from_the_future"})
            assert await socket.hear() == {"type": "error", "code": "unknown_type"}
            await socket.say(batch(1))
            assert (await socket.hear("ack"))["seq"] == 1

    on_loop(run)


def test_a_megabyte_of_property_does_not_get_in(tmp_path: Path) -> None:
    """The frame limit stops it with 1009; below that limit, 64 KiB of one text is dropped alone."""

    async def run() -> None:
        async with serving(tmp_path) as server, wire(server) as socket:
            await producer(socket)
            long = {"event": "x", "properties": {"p": "a" * 70_000}}
            await socket.say(batch(1) | {"events": [*events(1), long]})
            assert (await socket.hear("ack"))["verdicts"] == [[1, 1, "drop", "too_large"]]
            huge = {"event": "x", "properties": {"p": "a" * 1_000_000}}
            await socket.say(batch(2) | {"events": [huge]})
            assert await socket.close_code() == 1009

    on_loop(run)


def test_every_bad_event_has_its_verdict_over_the_socket(tmp_path: Path) -> None:
    """All cases of the wire tests in one batch: the verdicts are those, and everything else is counted."""
    texts = [text for text, _, _ in CASES]
    expected = [[1, nth, outcome, reason] for nth, (_, outcome, reason) in enumerate(CASES) if outcome]

    async def run() -> None:
        async with serving(tmp_path) as server, wire(server) as socket:
            await producer(socket)
            await socket.say_raw(b'{"type":"batch","seq":1,"events":[' + b",".join(texts) + b"]}")
            assert (await socket.hear("ack"))["verdicts"] == expected
            dropped = sum(1 for _, outcome, _ in CASES if outcome == "drop")
            assert accepted(server) == len(CASES) - dropped

    on_loop(run)
