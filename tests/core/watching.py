"""A fold whose groups a tail looks at, as the server does it, with batches made of events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from gateway.core.admission import Admitted
from gateway.core.applied import Applied
from gateway.core.enrichment import NO_FACTS, Facts, enriched
from gateway.core.producer import Arrival
from gateway.core.producers import Producer
from gateway.core.redaction import Redaction
from gateway.core.stream import Stream
from gateway.core.tail import Tail
from gateway.wire.messages import Defaults, Match
from tests.core.simulated_client import NOW
from tests.core.simulation import new_fold

__all__ = ["Watched", "batch_of", "shown"]


def batch_of(events: Sequence[Any], seq: int = 1) -> bytes:
    """A batch frame; an event that is bytes stands in it as it is."""
    texts = [event if isinstance(event, bytes) else orjson.dumps(event) for event in events]
    return b'{"type":"batch","seq":%d,"events":[%b]}' % (seq, b",".join(texts))


class Watched:
    """Counts groups and shows them to its tail; `now` is whatever the test says it is."""

    def __init__(self, redacted: Sequence[str] = ()) -> None:
        self.fold = new_fold()
        self.tail = Tail("e1", lambda payload: payload, Redaction(redacted))
        self.now = NOW
        self._seq = 0

    def watch(self, max_rate: float = 200.0, **match: Any) -> Stream:
        """A stream with a viewer."""
        stream = self.tail.stream(Match(**match), max_rate, self.now)
        stream.subscribers += 1
        return stream

    def arrival(
        self, events: Sequence[Any], defaults: dict[str, Any] | None = None, offset: int = 0, facts: Facts = NO_FACTS
    ) -> Arrival:
        """One batch as a session brings it."""
        self._seq += 1
        batch = self.fold.codec.batch(batch_of(events, self._seq))
        said, text = enriched(Defaults(**defaults) if defaults else None, facts)
        producer = Producer("p", 1, 0)
        return Arrival(
            producer, 1, self._seq, batch.events, batch.verdicts, batch.text, self.now, offset, said, text, None
        )

    def apply(self, arrivals: Sequence[Arrival]) -> tuple[Admitted, Applied]:
        """Count a group."""
        admitted = self.fold.admit(arrivals)
        return admitted, self.fold.apply(arrivals, admitted, self.now)

    def count(self, *batches: Sequence[Any], **how: Any) -> None:
        """A group of batches comes, is counted, and is shown."""
        arrivals = [self.arrival(events, **how) for events in batches]
        admitted, applied = self.apply(arrivals)
        self.tail.take(arrivals, admitted, applied, self.fold.engine.specs, self.now)
        self.tail.publish(self.now)


def shown(stream: Stream) -> list[dict[str, Any]]:
    """What a viewer that comes now gets: the events in the ring."""
    (make,) = stream.snapshot(0, lambda: ()).frames(1)
    events: list[dict[str, Any]] = orjson.loads(make())["events"]
    return events
