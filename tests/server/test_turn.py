"""Large work in steps: a turn of the loop that has been held for long begins no more of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from gateway.server.turn import TURN_S, Turn
from tests.server.serving import on_loop, until
from tests.server.turns import Turns


class Work(Turns):
    """Steps that each take as long as the test says; it notes in which turn each was taken."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.taken: list[int] = []
        self.turn = Turn(asyncio.get_running_loop(), lambda: self.now)

    def steps(self, number: int) -> Iterator[None]:
        for _ in range(number):
            self.taken.append(self.turns)
            self.now += self._seconds
            yield


def test_short_steps_share_a_turn() -> None:
    """All at once when together they are short; no turn of the loop is waited for."""

    async def run() -> None:
        work = Work(TURN_S / 100)
        work.turn.go(work.steps(10))
        assert work.taken == [1.0] * 10

    on_loop(run)


def test_long_steps_have_a_turn_each() -> None:
    """Also the first, in a turn that somebody else has held for long; then one follows in each."""

    async def run() -> None:
        work = Work(TURN_S)
        work.turn.begin()
        work.now += TURN_S
        work.turn.go(work.steps(3))
        assert work.taken == []
        await until(lambda: len(work.taken) == 3)
        assert len(set(work.taken)) == 3

    on_loop(run)


def test_the_next_turn_is_young_again() -> None:
    """It is counted from the first work in it on; a turn without any is not spent."""

    async def run() -> None:
        work = Work(TURN_S)
        spent = [work.turn.spent]
        for _ in range(2):
            work.turn.begin()
            work.now += TURN_S / 2
            spent.append(work.turn.spent)
        await asyncio.sleep(0)
        assert [*spent, work.turn.spent] == [False, False, True, False]

    on_loop(run)


def test_who_waits_for_steps_lets_others_in_between() -> None:
    """A turn for each that is long."""

    async def run() -> None:
        work = Work(TURN_S)
        await work.turn.walk(work.steps(3))
        assert work.taken == sorted(set(work.taken))

    on_loop(run)


def test_an_error_ends_the_steps() -> None:
    """Raised to the caller in the first turn, to the loop's handler in a later one."""

    async def run() -> None:
        seen: list[Any] = []
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: seen.append(context["exception"]))
        error = ValueError("a defect")

        def failing() -> Iterator[None]:
            work.now += TURN_S
            yield
            raise error

        work = Work(0)
        work.turn.go(failing())
        await until(lambda: seen)
        assert seen == [error]

    on_loop(run)
