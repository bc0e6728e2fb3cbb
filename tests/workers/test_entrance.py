"""The door of workers: the gate counts the sockets of all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.server.rig import Raw, upgrade
from tests.server.serving import on_loop, serving, until
from tests.workers.rig import InLoop, colleagues


def test_the_cap_of_all_holds_over_workers(tmp_path: Path, in_loop: list[InLoop]) -> None:
    """The first so many are in, whichever worker has them; the next is 503; a place that is left is given again."""

    async def run() -> None:
        async with serving(tmp_path, workers=2, max_connections=6) as server:
            port = server._listening.port
            raws = [await Raw.open(port) for _ in range(6)]
            assert server.gate.open == 6
            late = await Raw.connect(port)
            late.writer.write(upgrade())
            assert (await late.head()).startswith(b"HTTP/1.1 503 ")
            assert b"too_many_connections" in await late.rest()
            await late.aclose()
            await raws[0].aclose()
            await until(lambda: server.gate.open == 5)
            again = await Raw.open(port)
            for raw in [*raws[1:], again]:
                await raw.aclose()
            await until(lambda: server.gate.open == 0 and not server.house.sessions)
            assert not any(one._slots for one in colleagues(server))

    on_loop(run)


def test_silent_sockets_hold_a_slot_until_their_time_is_over(tmp_path: Path, in_loop: list[InLoop]) -> None:
    """One that says nothing, and one that leaves at once."""

    async def run() -> None:
        async with serving(tmp_path, workers=2, header_timeout_ms=300) as server:
            silent = await Raw.connect(server._listening.port)
            await until(lambda: server.gate.open == 1)
            hasty = await Raw.connect(server._listening.port)
            hasty.writer.transport.abort()
            assert await silent.rest() == b""
            await silent.aclose()
            await until(lambda: server.gate.open == 0)
            assert all(not one.station._porter._questions for one in in_loop)

    on_loop(run)


def test_a_client_behind_a_proxy_counts_by_its_own_address(tmp_path: Path, in_loop: list[InLoop]) -> None:
    """The slot moves to it; what it may have is judged there, and a refusal leaves nothing behind."""

    async def run() -> None:
        settings: dict[str, Any] = {"workers": 2, "trusted_proxies": "127.0.0.1", "max_connections_per_ip": 1}
        async with serving(tmp_path, **settings) as server:
            port = server._listening.port
            first = await Raw.connect(port)
            # The head comes in two parts, and a frame with the second.
            head = upgrade(x_forwarded_for="203.0.113.7")
            first.writer.write(head[:50])
            await until(lambda: server.gate.open == 1)
            first.writer.write(head[50:])
            assert (await first.head()).startswith(b"HTTP/1.1 101 ")
            assert server.gate.open_of("203.0.113.7") == 1
            second = await Raw.connect(port)
            second.writer.write(upgrade(x_forwarded_for="203.0.113.7"))
            assert (await second.head()).startswith(b"HTTP/1.1 429 ")
            await second.rest()
            other = await Raw.connect(port)
            other.writer.write(upgrade(x_forwarded_for="203.0.113.8"))
            assert (await other.head()).startswith(b"HTTP/1.1 101 ")
            for raw in (first, second, other):
                await raw.aclose()
            await until(lambda: server.gate.open == 0)

    on_loop(run)


def test_a_drain_turns_newcomers_away(tmp_path: Path, in_loop: list[InLoop]) -> None:
    """From the next connection on, and it is counted."""

    async def run() -> None:
        async with serving(tmp_path, workers=2) as server:
            server.gate.draining = True
            raw = await Raw.connect(server._listening.port)
            raw.writer.write(upgrade())
            assert (await raw.head()).startswith(b"HTTP/1.1 503 ")
            assert b"draining" in await raw.rest()
            await raw.aclose()
            await until(lambda: server.gate.refused["draining"] == 1)

    on_loop(run)
