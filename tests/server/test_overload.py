"""With too much to do: what a whole gateway gives up, and that it comes back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from analytics import Changes
from gateway.core.overload import Step
from gateway.server.front import SoleFront
from gateway.server.ticker import UNWATCHED_MS, Ticker
from tests.server.rig import Raw, masked, run, serving, upgrade
from tests.server.serving import on_loop, viewer_hello, wire
from tests.server.serving import serving as gateway
from tests.server.talk import accepted, batch, producer

GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


def test_with_too_much_already_newcomers_are_refused_and_the_rest_goes_on() -> None:
    """An upgrade gets 503 and when to come back; plain HTTP and those who are in are served."""

    async def main() -> None:
        async with serving() as rig:
            early = await Raw.open(rig.port)
            rig.overloaded = True
            late = await Raw.connect(rig.port)
            late.writer.write(upgrade())
            head = await late.head()
            assert head.startswith(b"HTTP/1.1 503 ")
            assert b"Retry-After: 5\r\n" in head
            assert b'{"error":"overload"}' in await late.rest()
            plain = await Raw.connect(rig.port)
            plain.writer.write(GET)
            assert (await plain.reader.read(100)).startswith(b"http:")
            early.writer.write(masked(b"hello"))
            await (await rig.endpoint()).until(lambda e: e.messages == [b"hello"])
            assert rig.gate.refused["overload"] == 1
            rig.overloaded = False
            again = await Raw.open(rig.port)
            for raw in (early, late, plain, again):
                await raw.aclose()

    run(main)


def test_steps_come_and_go_in_order_with_memory(tmp_path: Path) -> None:
    """A cap that falls below what the process holds: newcomers, shed, hold, KPIs; and all back when it rises again."""

    async def main() -> None:
        async with gateway(tmp_path, tick_ms=3_600_000) as server, wire(server) as looking, wire(server) as sending:
            ingest, house, front = server.house.ingest, server.house, server._front
            assert isinstance(front, SoleFront)
            await looking.say(viewer_hello())
            await looking.hear("welcome")
            await producer(sending)
            seen = []
            for share in (0.5, 0.72, 0.76, 0.82, 0.92, 0.97, 0.5):
                ingest.memory = share
                ingest.refresh()
                shedding = ingest.shedding
                seen.append((shedding.step, ingest.level, front.door.overloaded(), ingest.has_room(10), shedding.kpis))
            assert seen == [
                (Step.NONE, 0, False, True, False),
                (Step.SLOWER, 1, False, True, False),
                (Step.NEWCOMERS, 1, True, True, False),
                (Step.SHED, 2, True, True, False),
                (Step.HOLD, 3, True, False, False),
                (Step.KPIS, 3, True, False, True),
                (Step.NONE, 0, False, True, False),
            ]
            # What a client sends though it is told to hold is within its credit, and counted once.
            await sending.say(batch(1))
            while (await sending.hear("ack"))["seq"] < 1:
                pass
            assert accepted(server) == 1
            assert house.hub.viewers

    on_loop(main)


def test_kpis_are_published_once_a_second_at_the_last_step(tmp_path: Path) -> None:
    """However often the beat comes, and again with each beat when it is over."""

    async def main() -> None:
        async with gateway(tmp_path, tick_ms=3_600_000) as server, wire(server) as looking:
            await looking.say(viewer_hello())
            await looking.hear("welcome")
            house, now, published = server.house, [1_000_000], list[int]()
            house.clock = lambda: now[0]
            advancing = house.fold.engine.advancing

            def counted(now: int) -> Iterator[Changes]:
                published.append(now)
                return advancing(now)

            house.fold.engine.advancing = counted  # type: ignore[method-assign]  # what every publication begins with
            pressed = Ticker(house, 100, 1)  # no process holds less than a byte
            for _ in range(21):
                await pressed.tick()
                now[0] += 100
            assert published == [1_000_000, 1_000_000 + UNWATCHED_MS, 1_000_000 + 2 * UNWATCHED_MS]
            assert house.hub.outgoing.pressed
            calm = Ticker(house, 100, 1 << 40)
            await calm.tick()
            published.clear()
            for _ in range(5):
                await calm.tick()
                now[0] += 100
            assert len(published) == 5
            assert not house.hub.outgoing.pressed

    on_loop(main)
