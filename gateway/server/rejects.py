"""Rejected events on their way to quarantine: all are counted, a bounded share is kept with its text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from gateway.core.bucket import TokenBucket
from gateway.core.producer import Arrival
from gateway.store import EventLog, Quarantined
from gateway.wire.transposition import event_texts

__all__ = ["Rejects"]

SAMPLES_PER_S = 50
"""Finding the text of an event in its frame costs about 0.1 ms; a flood of bad events must not buy our time."""


class Rejects:
    """Hands rejected events to the store."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._samples = TokenBucket(SAMPLES_PER_S, SAMPLES_PER_S, 0)

    def keep(self, arrivals: Sequence[Arrival], rejected: Sequence[tuple[int, int, str]], now: int) -> None:
        """`rejected` names place of the arrival, index of the event in it, and reason."""
        if not rejected:
            return
        samples = []
        unkept: Counter[str] = Counter()
        texts: dict[int, list[bytes]] = {}
        for place, nth, reason in rejected:
            if not self._samples.take(now):
                unkept[reason] += 1
                continue
            arrival = arrivals[place]
            if place not in texts:
                texts[place] = event_texts(arrival.text, arrival.events.n)
            text = texts[place][nth]
            samples.append(Quarantined(reason, now, arrival.producer.id, text, defaults=arrival.defaults_json))
        self._log.quarantine(samples, unkept)
