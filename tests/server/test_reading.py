"""Parsing what many sockets have sent: some in this turn of the loop, the others in the next, in order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import count

from gateway.server.reading import MOST_BYTES, Reading
from gateway.server.turn import TURN_S
from tests.server.rig import Raw, masked, run, serving
from tests.server.serving import on_loop, until
from tests.server.turns import Turns


class Sockets(Turns):
    """What is parsed, and in which turn; each takes as long as the test says."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.parsed: list[tuple[int, int]] = []
        self.reading = Reading(asyncio.get_running_loop(), lambda: self.now)

    def parses(self, number: int) -> Callable[[], None]:
        def parse() -> None:
            self.parsed.append((number, self.turns))
            self.now += self._seconds

        return parse

    def comes(self, number: int, size: int = 100) -> None:
        """As a socket does."""
        if self.reading.defers(size):
            self.reading.wait(self.parses(number), size)
        else:
            self.parses(number)()


def test_what_takes_little_is_parsed_at_once() -> None:
    """As long as the turn is young."""

    async def main() -> None:
        sockets = Sockets(TURN_S / 100)
        for number in range(20):
            sockets.comes(number)
        assert sockets.parsed == [(number, 1) for number in range(20)]

    on_loop(main)


def test_the_others_wait_for_later_turns_in_their_order() -> None:
    """Also what comes when there would be time again, while others wait; then there is."""

    async def main() -> None:
        sockets = Sockets(TURN_S / 2)
        for number in range(6):
            sockets.comes(number)
        assert [number for number, _ in sockets.parsed] == [0, 1]
        sockets.now += 1.0
        sockets.comes(6)
        await until(lambda: len(sockets.parsed) == 7)
        assert [number for number, _ in sockets.parsed] == list(range(7))
        turns = [turn for _, turn in sockets.parsed]
        assert [turns.count(turn) for turn in sorted(set(turns))] == [2, 2, 2, 1]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        sockets.comes(7)
        assert len(sockets.parsed) == 8

    on_loop(main)


def test_no_more_waits_than_there_is_room_for() -> None:
    """What comes beyond it is parsed at once."""

    async def main() -> None:
        sockets = Sockets(TURN_S)
        sockets.comes(0)
        assert sockets.reading.defers(MOST_BYTES)
        sockets.comes(1, MOST_BYTES - 10)
        assert [sockets.reading.defers(10), sockets.reading.defers(11)] == [True, False]
        await until(lambda: len(sockets.parsed) == 2)
        await asyncio.sleep(0)
        sockets.now += 1.0
        sockets.comes(2, MOST_BYTES)
        assert len(sockets.parsed) == 3

    on_loop(main)


def test_who_is_not_done_has_one_part_in_each_turn() -> None:
    """However short it is: the others in the loop come in between."""

    async def main() -> None:
        sockets = Sockets(0.0)

        def part() -> None:
            sockets.parses(1)()
            if len(sockets.parsed) < 3:
                sockets.reading.wait(part, 1)

        sockets.reading.wait(part, 1)
        await until(lambda: len(sockets.parsed) == 3)
        assert len({turn for _, turn in sockets.parsed}) == 3

    on_loop(main)


def test_an_error_leaves_nobody_waiting() -> None:
    """The next one has its turn all the same."""

    async def main() -> None:
        loop, met = asyncio.get_running_loop(), list[str]()
        loop.set_exception_handler(lambda _, context: met.append(str(context["exception"])))
        sockets = Sockets(0.0)

        def fail() -> None:
            raise ValueError("a fault")

        sockets.reading.wait(fail, 1)
        sockets.reading.wait(sockets.parses(1), 1)
        await until(lambda: len(sockets.parsed) == 1)
        assert met == ["a fault"]

    on_loop(main)


def test_messages_of_many_sockets_all_arrive_in_order() -> None:
    """Though every read comes to a turn that is spent, and one hangs up before its bytes were looked at."""

    async def main() -> None:
        async with serving() as rig:
            passed = count()
            rig.door.terms.reading = Reading(rig.door.terms.loop, lambda: next(passed) * TURN_S)
            raws = [await Raw.open(rig.port) for _ in range(4)]
            said = [[b"%d" % number * size for number in range(30)] for size in (1, 100, 3_000)]
            for raw, messages in zip(raws, said, strict=False):
                for message in messages:
                    raw.writer.write(masked(message))
            raws[3].writer.write(masked(b"gone"))
            raws[3].writer.transport.abort()
            for number, messages in enumerate(said):
                heard = await rig.endpoint(number)
                await heard.until(lambda e: e.messages == messages)  # noqa: B023
            for raw in raws[:3]:
                raw.writer.transport.abort()
            for raw in raws:
                await raw.aclose()

    run(main)
