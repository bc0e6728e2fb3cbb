"""The wheel, with time as an argument."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from gateway.server.wheel import NEVER, Wheel
from tests.server.rig import eventually, run


class Entry:
    """Writes down when it was looked at, and comes back as told."""

    def __init__(self, again: Callable[[float], float] = lambda _now: NEVER) -> None:
        self.slot = 0
        self.seen: list[float] = []
        self._again = again

    def check(self, now: float) -> float:
        self.seen.append(now)
        return self._again(now)


def turn(wheel: Wheel, now: float) -> int:
    """Turn until nothing is left to do at `now`; how many goes that took."""
    goes = 1
    while wheel.turn(now):
        goes += 1
    return goes


def test_an_entry_is_looked_at_once_when_due() -> None:
    """Not before its time, at most a tick after it, and not again unless it asks."""
    wheel, entry = Wheel(tick_s=1), Entry()
    wheel.put(entry, 2.5)
    turn(wheel, 2)
    assert entry.seen == []
    turn(wheel, 3)
    turn(wheel, 9)
    assert entry.seen == [3]
    assert len(wheel) == 0


def test_an_entry_comes_back_as_it_says() -> None:
    """What `check` returns is the next appointment."""
    wheel, entry = Wheel(tick_s=1), Entry(lambda now: now + 2)
    wheel.put(entry, 1)
    for now in range(8):
        turn(wheel, now)
    assert entry.seen == [1, 3, 5, 7]


def test_a_new_appointment_replaces_the_old_one() -> None:
    """Put again, earlier or later, an entry has one appointment."""
    wheel, entry = Wheel(tick_s=1), Entry()
    wheel.put(entry, 5)
    wheel.put(entry, 2)
    wheel.put(entry, 7)
    assert len(wheel) == 1
    turn(wheel, 6)
    assert entry.seen == []
    turn(wheel, 7)
    assert entry.seen == [7]


def test_a_removed_entry_is_not_looked_at() -> None:
    """Removed before or during the turn that would reach it; removing twice does nothing."""
    wheel = Wheel(tick_s=1)

    def remove_both(_now: float) -> float:
        wheel.remove(first)
        wheel.remove(second)
        return NEVER

    first, second = Entry(remove_both), Entry(remove_both)
    gone = Entry()
    for entry in (first, second, gone):
        wheel.put(entry, 1)
    wheel.remove(gone)
    wheel.remove(gone)
    turn(wheel, 2)
    assert gone.seen == []
    assert len(first.seen) + len(second.seen) == 1
    assert len(wheel) == 0


def test_an_appointment_made_in_check_is_kept() -> None:
    """An entry that puts itself during its check is not moved by what it returns."""
    wheel = Wheel(tick_s=1)

    def again(now: float) -> float:
        if len(entry.seen) > 1:
            return NEVER
        wheel.put(entry, now + 5)
        return now + 1

    entry = Entry(again)
    wheel.put(entry, 1)
    for now in range(10):
        turn(wheel, now)
    assert entry.seen == [1, 6]


def test_what_is_overdue_comes_with_the_next_tick() -> None:
    """A time that has passed is not lost, and cannot hold a turn for ever."""
    wheel, entry = Wheel(tick_s=1), Entry(lambda _now: 0)
    turn(wheel, 10)
    wheel.put(entry, 3)
    turn(wheel, 10)
    assert entry.seen == []
    turn(wheel, 11)
    turn(wheel, 12)
    assert entry.seen == [11, 12]


def test_many_at_once_are_looked_at_in_slices() -> None:
    """A thousand entries of one slot take several goes, and all of them are reached."""
    wheel = Wheel(tick_s=1)
    entries = [Entry() for _ in range(1000)]
    for entry in entries:
        wheel.put(entry, 1)
    assert turn(wheel, 1) == 4
    assert all(entry.seen == [1] for entry in entries)


def test_it_turns_by_itself_on_a_loop() -> None:
    """Started on a loop it calls entries in real time; stopped it does not."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        wheel, entry = Wheel(tick_s=0.005), Entry(lambda now: now + 0.01)
        wheel.start(loop)
        wheel.put(entry, loop.time() + 0.01)
        await eventually(lambda: len(entry.seen) >= 3)
        wheel.stop()
        seen = len(entry.seen)
        await asyncio.sleep(0.03)
        assert len(entry.seen) == seen

    run(main)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 40), st.booleans()), max_size=80))
def test_it_agrees_with_a_sorted_list(steps: list[tuple[int, int, bool]]) -> None:
    """Over any run of putting, removing and turning, exactly the due entries are looked at."""
    wheel = Wheel(tick_s=1)
    entries = [Entry() for _ in range(10)]
    due: dict[int, int] = {}
    now = 0
    for number, ahead, put in steps:
        if put:
            wheel.put(entries[number], now + ahead)
            due[number] = now + ahead
        elif number % 2:
            wheel.remove(entries[number])
            due.pop(number, None)
        else:
            now += ahead
            turn(wheel, now)
            for gone in [other for other, time in due.items() if time <= now]:
                del due[gone]
                assert entries[gone].seen[-1] == now
        assert len(wheel) == len(due)
