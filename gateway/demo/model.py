"""The crowd of the demo shop: who does what when. Pure and seeded: the same seed and times give the same events."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

from client_sdk.python.ids import uuid7
from gateway.demo.people import Person
from gateway.demo.visit import Step, visit

__all__ = ["Act", "Crowd", "wave"]

PAUSE_MS = 14_000
"""Mean time from the end of one visit to the next in the same place, in the middle of the wave."""
ARRIVAL_MS = 5_000
"""Until when everybody has come for the first time."""
RETURNS = 0.4
"""Visits made by who was there before; the others are new people."""
DAY_MS = 86_400_000


def wave(now: int) -> float:
    """How busy the hour is: 0.65 at its calmest (3:00 UTC), 1.35 at its busiest (15:00).

    >>> [round(wave(hour * 3_600_000), 2) for hour in (3, 9, 15)]
    [0.65, 1.0, 1.35]
    """
    return 1 + 0.35 * math.sin(2 * math.pi * (now % DAY_MS / DAY_MS - 9 / 24))


class Act(NamedTuple):
    """One event that a visitor causes."""

    at: int
    """Epoch ms."""
    place: int
    """Which of the crowd's places, 0 and up: events of one place are in order."""
    distinct_id: str
    session_id: str
    event: str
    properties: dict[str, Any]


class _Place:
    """A place in the crowd: one person on one visit, or on the way to the next."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.session_id = ""
        self.steps: Iterator[Step] = iter(())
        # The step that is due next.
        self.next: Step | None = None


class Crowd:
    """A fixed number of visitors who come, look, buy and leave. 200 of them cause 60 to 80 events a second."""

    def __init__(self, size: int, now: int, *, seed: int = 1, host: str = "localhost") -> None:
        """`now` (epoch ms) is when the first of them come; all are there some seconds later."""
        self._rng = Random(seed)  # noqa: S311  # a simulation that can be repeated
        self._host = host
        self._places = [_Place(Person.draw(self._rng, now)) for _ in range(size)]
        # (when, place): what is due next at each place.
        self._agenda = [(now + self._rng.randrange(ARRIVAL_MS), number) for number in range(size)]
        heapq.heapify(self._agenda)

    def until(self, now: int) -> list[Act]:
        """Everything that happens up to `now`, in order of time. About 15 us an event."""
        acts: list[Act] = []
        while self._agenda and self._agenda[0][0] <= now:
            at, number = self._agenda[0]
            place = self._places[number]
            if place.next is None:
                self._arrive(place, at)
            else:
                person, step = place.person, place.next
                acts.append(Act(at, number, person.distinct_id, place.session_id, step.event, step.properties))
            place.next = next(place.steps, None)
            pause = place.next.pause_ms if place.next else self._absence(at)
            heapq.heapreplace(self._agenda, (at + pause, number))
        return acts

    def _arrive(self, place: _Place, at: int) -> None:
        """A new visit begins, by the same person or another."""
        if place.session_id and self._rng.random() >= RETURNS:
            place.person = Person.draw(self._rng, at)
        place.session_id = uuid7(at, self._rng.getrandbits(74))
        place.steps = visit(self._rng, place.person, self._host)

    def _absence(self, at: int) -> int:
        return int(self._rng.expovariate(wave(at) / PAUSE_MS))
