"""Where sockets come in, with all of them in one process."""

from __future__ import annotations

from pathlib import Path

from gateway.server.front import SoleFront
from tests.server.rig import Raw, masked
from tests.server.serving import on_loop, serving, until


def test_what_came_in_is_told(tmp_path: Path) -> None:
    """Frames, closes and refusals; memory; and no workers."""

    async def run() -> None:
        async with serving(tmp_path) as server:
            front = server._front
            assert isinstance(front, SoleFront)
            raw = await Raw.open(server._listening.port)
            raw.writer.write(masked(b"{}"))
            assert await raw.close_code() == 4000
            await raw.aclose()
            bad = await Raw.connect(server._listening.port)
            bad.writer.write(b"\x16\x03\x01")
            assert (await bad.head()).startswith(b"HTTP/1.1 400 ")
            await bad.rest()
            await bad.aclose()
            await until(lambda: front.tally().closes)
            tally = front.tally()
            assert (tally.frames, tally.closes, tally.refused) == (1, {4000: 1}, {400: 1})
            assert (tally.held, tally.cuts, tally.received > 0) == (0, 0, True)
            assert (front.workers(), front.resident() > 1 << 20) == ([], True)

    on_loop(run)
