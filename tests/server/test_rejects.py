"""Rejected events: all counted, a bounded share kept."""

from __future__ import annotations

from typing import Any

from gateway.core.producer import Arrival
from gateway.core.producers import Producer
from gateway.server.rejects import SAMPLES_PER_S, Rejects
from gateway.wire.columns import Columns


class Quarantine:
    """What the store was given."""

    def __init__(self) -> None:
        self.kept: list[Any] = []
        self.further: dict[str, int] = {}

    def quarantine(self, rejected: Any, further: dict[str, int]) -> None:
        self.kept += rejected
        for reason, count in further.items():
            self.further[reason] = self.further.get(reason, 0) + count


def arrival(count: int) -> Arrival:
    text = b'{"type":"batch","seq":1,"events":[%b]}' % b",".join(b'{"n":%d}' % n for n in range(count))
    return Arrival(Producer("p", 1, 0), 1, 1, Columns(count, 0, (), None, ()), None, text, 0, 0, None, b"", None)


def test_a_rejected_event_is_kept_with_its_text() -> None:
    """Reason, time, producer, and the event as it came."""
    log = Quarantine()
    Rejects(log).keep([arrival(1), arrival(3)], [(1, 2, "late")], now=5_000)  # type: ignore[arg-type]
    assert [(k.reason, k.received_at, k.source, k.payload) for k in log.kept] == [("late", 5_000, "p", b'{"n":2}')]


def test_a_flood_is_counted_and_sampled() -> None:
    """No more than so many a second are looked up; the counts are exact."""
    log = Quarantine()
    rejects = Rejects(log)  # type: ignore[arg-type]
    rejects.keep([arrival(500)], [(0, nth, "late") for nth in range(500)], now=5_000)
    assert len(log.kept) == SAMPLES_PER_S
    assert log.further == {"late": 500 - SAMPLES_PER_S}


def test_nothing_rejected_nothing_said() -> None:
    """The store is not bothered."""
    log = Quarantine()
    Rejects(log).keep([arrival(1)], [], now=0)  # type: ignore[arg-type]
    assert (log.kept, log.further) == ([], {})
