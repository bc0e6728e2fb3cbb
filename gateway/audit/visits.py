"""Sessions as they are cut live: event by event in the order of arrival, since closed ones take nothing more."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import NamedTuple

__all__ = ["NOWHERE", "Seen", "cut"]

NOWHERE = -1


class Seen(NamedTuple):
    """What became of an event."""

    number: int
    session: int
    """The number of an event of its session, or NOWHERE: it came too late for any."""
    late: bool
    """Whether a session was closed that would have taken it."""


class _Session:
    __slots__ = ("first", "last", "number")

    def __init__(self, number: int, time: int) -> None:
        self.number = number
        self.first = self.last = time


def cut(events: Iterable[tuple[int, int, int, Hashable]], gap: int, grace: int) -> list[Seen]:
    """The sessions of events, which are (number, time, watermark that it met, key) in order of arrival. Times in ms.

    A session is closed when the watermark reaches its last event + gap + grace. About 4 us an event.

    >>> seen = cut([(0, 0, 0, "a"), (1, 5, 4, "a"), (2, 6, 99, "a"), (3, 95, 99, "a")], gap=10, grace=0)
    >>> [(s.session, s.late) for s in seen]
    [(0, False), (0, False), (-1, True), (3, False)]
    """
    known: dict[Hashable, list[_Session]] = {}
    closed: dict[Hashable, int] = {}
    # Session -> the one that an event joined it to.
    joined: dict[int, int] = {}
    found = []
    for number, time, mark, key in events:
        sessions = known.setdefault(key, [])
        for session in [s for s in sessions if s.last + gap + grace <= mark]:
            closed[key] = max(closed.get(key, session.last), session.last)
            sessions.remove(session)
        missed = key in closed and time - gap <= closed[key]
        touched = [s for s in sessions if s.first - gap <= time <= s.last + gap]
        if touched:
            session = touched[0]
            for other in touched[1:]:
                session.first, session.last = min(session.first, other.first), max(session.last, other.last)
                joined[other.number] = session.number
                sessions.remove(other)
            session.first, session.last = min(session.first, time), max(session.last, time)
            found.append(Seen(number, session.number, missed))
        elif time + gap + grace <= mark:
            found.append(Seen(number, NOWHERE, True))
        else:
            sessions.append(_Session(number, time))
            found.append(Seen(number, number, missed))
    return [seen._replace(session=_root(seen.session, joined)) for seen in found]


def _root(session: int, joined: dict[int, int]) -> int:
    while session in joined:
        session = joined[session]
    return session
