"""The live tail: single events for who watches them, sampled, at a bounded cost; none at all when nobody does.

Each different wish (`match` and rate) is a stream. A group of batches that has been counted is looked at once for all
of them: batches that cannot hold what is asked for are ruled out by their bytes, others are parsed, and the events
that some stream has room for are encoded once. The work of a second is bounded, whatever comes in; when it is used up,
batches are left unseen, evenly, and the streams say how many events they looked at of how many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from analytics import Batch, KpiSpec
from analytics.feeds import Feeds
from gateway.core.admission import Admitted
from gateway.core.applied import Applied
from gateway.core.bucket import TokenBucket
from gateway.core.match import Matcher, match_key
from gateway.core.producer import Arrival
from gateway.core.redaction import Redaction
from gateway.core.specimen import Opened, Outcome, open_arrival, specimen
from gateway.core.stream import Stream
from gateway.errors import ProtocolError
from gateway.wire.messages import Match

__all__ = ["Tail"]

MAX_STREAMS: Final = 32
"""Different wishes at a time, those included that linger."""
LINGER_MS: Final = 30_000
"""A stream outlives its last viewer so long: who reconnects misses nothing."""

WORK_BYTES: Final = 4 << 20
"""Bytes of batches that may be parsed in a second: with all else, which is counted in the same coin, 2 % of a core."""
BURST_BYTES: Final = WORK_BYTES // 4
SCAN_SHARE: Final = 32
"""Looking for a text costs so much less than parsing."""
CALL_BYTES: Final = 256
"""What it costs, in that coin, to ask a stream about a batch."""
EVENT_BYTES: Final = 400
MATCH_BYTES: Final = 128
SPECIMEN_BYTES: Final = 8_192
"""The same, to put an event together, to hold it against one `match`, to show it."""
ACCEPTED: Final = Outcome("accepted", "")

_Chosen = dict[tuple[int, int], list[Stream]]


class Tail:
    """All streams, and what each sees.

    Args:
        epoch: the server epoch; offsets mean nothing across epochs.
        frame: makes a WebSocket frame of a payload.
        redaction: what nobody may look at.
    """

    def __init__(self, epoch: str, frame: Callable[[bytes], bytes], redaction: Redaction) -> None:
        # Whether there is a stream: what the ingest path asks, and all that it does when not.
        self.watched = False
        self._epoch = epoch
        self._frame = frame
        self._redaction = redaction
        self._streams: dict[bytes, Stream] = {}
        self._work = TokenBucket(WORK_BYTES, BURST_BYTES, 0)
        # Above the versions of all streams there have been, so that an offset of a former one is not taken for a new.
        self._first_version = 0
        # Where in a group the looking begins: it moves on, so that no producer is always first.
        self._turn = 0
        self._specs: Sequence[KpiSpec] = ()
        self._feeds = Feeds(())

    @property
    def streams(self) -> int:
        """How many there are."""
        return len(self._streams)

    def stream(self, match: Match, max_rate: float, now: int) -> Stream:
        """The stream of a wish; made when it is the first of its kind.

        Raises:
            ProtocolError: redacted, it asks for a value that nobody may look at; too_many_subscriptions.
        """
        asked = set(match.properties or ()) | ({"distinct_id"} if match.distinct_id is not None else set())
        if asked & self._redaction.names:
            raise ProtocolError("redacted")
        key = match_key(match, max_rate)
        if key not in self._streams:
            if len(self._streams) >= MAX_STREAMS:
                self._drop_one()
            self._first_version += 1
            self._streams[key] = Stream(Matcher(match), max_rate, self._epoch, self._frame, self._first_version, now)
            self.watched = True
        return self._streams[key]

    def publish(self, now: int) -> None:
        """Close the step of each stream; forget those that nobody has watched for a while."""
        for key, stream in list(self._streams.items()):
            stream.step(now)
            if stream.subscribers:
                stream.quiet_since = None
            elif stream.quiet_since is None:
                stream.quiet_since = now
            elif now - stream.quiet_since >= LINGER_MS:
                self._drop(key)

    def take(
        self,
        arrivals: Sequence[Arrival],
        admitted: Admitted,
        applied: Applied,
        specs: Sequence[KpiSpec],
        now: int,
    ) -> None:
        """A group has been counted. Of a bounded number of its events, show those that somebody asked for."""
        chosen: _Chosen = {}
        opened: dict[int, Opened] = {}
        for stream in self._streams.values():
            stream.seen += admitted.batch.n
        hungry = [stream for stream in self._streams.values() if stream.tokens.level(now) >= 1]
        for left, place in self._order(len(arrivals)):
            hungry = [stream for stream in hungry if stream.tokens.level(now) >= 1]
            if not hungry or not self._look(arrivals, place, applied, hungry, left, opened, chosen, now):
                break
        if chosen:
            self._show(arrivals, admitted, applied, specs, opened, chosen)

    def _order(self, count: int) -> Iterator[tuple[int, int]]:
        """(batches left, place): all of them, from another one on each time."""
        self._turn += 1
        first = self._turn % count if count else 0
        for step in range(count):
            yield count - step, (first + step) % count

    def _look(
        self,
        arrivals: Sequence[Arrival],
        place: int,
        applied: Applied,
        hungry: Sequence[Stream],
        left: int,
        opened: dict[int, Opened],
        chosen: _Chosen,
        now: int,
    ) -> bool:
        """Look at one batch; False when the work of this second is done."""
        arrival = arrivals[place]
        if not arrival.events.n:
            return True
        exceptions = place in applied.verdicts
        scan = len(arrival.text) * sum(stream.matcher.passes for stream in hungry) // SCAN_SHARE
        if not self._work.take(now, min(scan + CALL_BYTES * len(hungry), BURST_BYTES)):
            return False
        wanting = [
            stream
            for stream in hungry
            if (exceptions or stream.matcher.verdict in (None, ACCEPTED.verdict))
            and stream.matcher.may_take(arrival.text, arrival.defaults_json)
        ]
        if wanting:
            each = EVENT_BYTES + MATCH_BYTES * len(wanting)
            if not self._work.take(now, min(len(arrival.text) + each * arrival.events.n, BURST_BYTES)):
                return False
            opened[place] = open_arrival(arrival)
        for stream in hungry:
            stream.looked += arrival.events.n
        if not wanting:
            return True
        outcomes = _outcomes(applied, place)
        events = [(*opened[place].whole(nth), *outcomes.get(nth, ACCEPTED)) for nth in range(arrival.events.n)]
        for stream in wanting:
            found = [nth for nth, event in enumerate(events) if stream.matcher.takes(*event)]
            stream.matched += len(found)
            for nth in _evenly(found, -(-int(stream.tokens.level(now)) // left)):
                known = (place, nth) in chosen
                if not known and not self._work.take(now, SPECIMEN_BYTES):
                    return False
                stream.tokens.take(now)
                chosen.setdefault((place, nth), []).append(stream)
        return True

    def _show(
        self,
        arrivals: Sequence[Arrival],
        admitted: Admitted,
        applied: Applied,
        specs: Sequence[KpiSpec],
        opened: dict[int, Opened],
        chosen: _Chosen,
    ) -> None:
        """Encode what was chosen, in the order it came, and give it to the streams."""
        keys = sorted(chosen)
        outcomes = [_outcomes(applied, place).get(nth, ACCEPTED) for place, nth in keys]
        times = [int(admitted.batch.timestamp[admitted.starts[place] + nth]) for place, nth in keys]
        counted = [at for at, outcome in enumerate(outcomes) if outcome.verdict in ("accepted", "warn")]
        fed = dict(zip(counted, self._fed(specs, [(keys[at], times[at]) for at in counted], opened), strict=True))
        for at, (place, nth) in enumerate(keys):
            event = specimen(
                arrivals[place], nth, opened[place], outcomes[at], times[at], fed.get(at, ()), self._redaction
            )
            for stream in chosen[place, nth]:
                stream.show(event)

    def _fed(
        self, specs: Sequence[KpiSpec], events: Sequence[tuple[tuple[int, int], int]], opened: dict[int, Opened]
    ) -> list[list[str]]:
        """The KPIs that each event counted in."""
        if specs is not self._specs:
            self._specs, self._feeds = specs, Feeds(specs)
        whole = []
        for (place, nth), time in events:
            event, properties = opened[place].whole(nth)
            whole.append({**event, "timestamp": time, "properties": _readable(properties)})
        return self._feeds.names(Batch.from_events(whole))

    def _drop_one(self) -> None:
        """Make room: forget the stream that has been without a viewer for longest."""
        quiet = [(s.quiet_since, key) for key, s in self._streams.items() if s.quiet_since is not None]
        if not quiet:
            raise ProtocolError("too_many_subscriptions")
        self._drop(min(quiet)[1])

    def _drop(self, key: bytes) -> None:
        self._first_version = max(self._first_version, self._streams.pop(key).version + 1)
        self.watched = bool(self._streams)


def _outcomes(applied: Applied, place: int) -> dict[int, Outcome]:
    """What became of the events of a batch that were not plainly accepted, by their index."""
    return {verdict.nth: Outcome(verdict.outcome, verdict.reason) for verdict in applied.verdicts.get(place, ())}


def _evenly(found: Sequence[int], most: int) -> Sequence[int]:
    """At most so many of them, from all over."""
    if len(found) <= most:
        return found
    return [found[at * len(found) // most] for at in range(most)]


def _readable(properties: dict[str, object]) -> dict[str, object]:
    """The properties that a KPI can read; nested ones are absent to it."""
    return {name: value for name, value in properties.items() if not isinstance(value, dict | list)}
