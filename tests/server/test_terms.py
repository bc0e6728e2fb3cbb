"""Terms and the heartbeat they set, over real sockets."""

from __future__ import annotations

import asyncio

import pytest

from gateway.config import Config
from gateway.core.holding import Holding
from gateway.server.terms import Terms
from gateway.server.wheel import Wheel
from tests.server.hours import Hours
from tests.server.rig import Raw, eventually, masked, run, serving


def test_terms_are_the_settings_in_seconds() -> None:
    """Times of the settings arrive as seconds; silence is two heartbeats and a fifth of one."""
    loop = asyncio.new_event_loop()
    terms = Terms.of(
        Config(heartbeat_ms=10_000, hello_timeout_ms=1_500),
        Wheel(),
        loop,
        lambda _ip: None,
        lambda _ip: None,
        Holding(1),
    )
    loop.close()
    assert (terms.hello_s, terms.heartbeat_s, terms.silence_s) == (1.5, 10.0, 22.0)
    assert terms.first_s == 1.5
    assert (terms.max_frame, terms.max_fragments, terms.control_rate) == (262_144, 64, 20)


def test_a_hello_too_late_is_4108() -> None:
    """A peer that is not ready in time is closed with 4108, whatever it sends meanwhile."""

    async def main() -> None:
        async with serving(ready=False, hello_timeout_ms=200) as rig:
            raw = await Raw.open(rig.port)
            raw.writer.write(masked(b"not a hello"))
            assert await raw.close_code() == 4108
            await raw.aclose()
            assert (await rig.endpoint()).beats == 0

    run(main)


def test_a_hello_in_time_is_not_4108() -> None:
    """A peer that is ready in time gets heartbeats instead."""

    async def main() -> None:
        async with serving(ready=False, hello_timeout_ms=10_000, heartbeat_ms=60_000) as rig:
            hours = Hours(rig)
            raw = await Raw.open(rig.port)
            endpoint = await rig.endpoint()
            endpoint.ready = True
            hours.pass_by(11)
            assert (endpoint.beats, endpoint.closes) == (1, [])
            await raw.aclose()

    run(main)


def test_heartbeats_may_be_shorter_than_the_time_for_a_hello() -> None:
    """They are sent from the first one on, so that a peer that answers each of them is never taken for silent."""

    async def main() -> None:
        async with serving(ready=False, hello_timeout_ms=5_000, heartbeat_ms=1_000) as rig:
            hours = Hours(rig)
            raw = await Raw.open(rig.port)
            endpoint = await rig.endpoint()
            conn = endpoint.conn
            assert conn is not None
            hours.pass_by(2.5)
            assert endpoint.beats == 0
            endpoint.ready = True
            for beats in range(1, 8):
                raw.writer.write(masked(b"pong"))
                await eventually(lambda: conn.last_seen == hours.now)
                hours.pass_by(1.0)
                assert (endpoint.beats, endpoint.closes) == (beats, [])
            # Without an answer the end comes when it should, and not when a hello would have been due.
            hours.pass_by(1.5)
            assert await raw.close_code() == 4103
            await raw.aclose()

    run(main)


def test_silence_is_4103() -> None:
    """A peer that says nothing gets two or three heartbeats, then 4103."""

    async def main() -> None:
        async with serving(heartbeat_ms=200, hello_timeout_ms=50) as rig:
            hours = Hours(rig)
            raw = await Raw.open(rig.port)
            endpoint = await rig.endpoint()
            hours.pass_by(0.6)
            assert await raw.close_code() == 4103
            assert 2 <= endpoint.beats <= 3
            await raw.aclose()

    run(main)


@pytest.mark.parametrize("sign", [masked(b"x"), masked(b"", 9), masked(b"", 10), masked(b"x" * 9)[:3]])
def test_any_sign_of_life_holds_the_socket(sign: bytes) -> None:
    """A message, a ping, a pong or part of a frame each count: nothing but silence is 4103."""

    async def main() -> None:
        async with serving(heartbeat_ms=200, hello_timeout_ms=50) as rig:
            hours = Hours(rig)
            raw = await Raw.open(rig.port)
            endpoint = await rig.endpoint()
            # Part of a frame is completed bit by bit; the others are sent again and again.
            rest = iter([sign] * 30 if len(sign) > 5 else [sign, *(bytes([0]) for _ in range(30))])
            for beats in range(1, 8):
                raw.writer.write(next(rest))
                await eventually(lambda: endpoint.conn is not None and endpoint.conn.last_seen == hours.now)
                while endpoint.beats < beats and not endpoint.closes:
                    hours.pass_by(0.02)
                assert endpoint.closes == []
            await raw.aclose()

    run(main)


def test_a_slow_reader_that_makes_progress_is_alive() -> None:
    """Behind a full write buffer nothing is read, so bytes that leave it count as life."""

    async def main() -> None:
        async with serving(heartbeat_ms=200, hello_timeout_ms=50) as rig:
            hours = Hours(rig)
            raw = await Raw.open(rig.port)
            endpoint = await rig.endpoint()
            conn = endpoint.conn
            assert conn is not None
            conn.send(b"x" * 30_000_000)
            got = 0
            # Slow enough for several silences to pass, fast enough that each sees some progress.
            for _ in range(8):
                before = conn.buffered
                while conn.buffered == before:
                    got += len(await raw.reader.read(300_000))
                hours.pass_by(0.3)
            assert 0 < conn.buffered < 30_000_000 - got
            assert endpoint.closes == []
            while not endpoint.closes:
                hours.pass_by(0.3)
                await asyncio.sleep(0)
            assert endpoint.closes[0][0] == 4103
            await raw.aclose()

    run(main)
