"""Event time: the smallest of what the active sources have reached, and how it rose during a batch.

Each source has a maximum of its event times. The base is the minimum of those over the active sources; it never
falls. A KPI's watermark is the base minus its delay. A source that stays silent for `IDLE` ms stops counting; while the
gateway throttles it, its clock stands still. When none is active the base is the largest event time seen.

The minimum lies on a heap whose entries may be out of date: a source's entry is put right only when it comes up, so
that an event of one of 10,000 sources costs a look-up, and a batch never a pass over all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from heapq import heapify, heappop, heappush, heapreplace
from typing import Any, Final

import numpy as np

from analytics.arrays import Bools, Ints

__all__ = ["IDLE", "NEVER", "Clock", "Rise"]

IDLE: Final = 10_000
MAX_SOURCES: Final = 16_384
SOURCE_BYTES: Final = 540
"""Of a source at worst: what is known of it, its places in the heaps, and its part of those that are out of date."""
STALE: Final = 8
"""Of a heap, one entry for so many sources may be out of date."""
BEGINNING: Final = -(1 << 62)
"""Before every event time; the base until the first event."""
NEVER: Final = 1 << 62


class Source:
    """One source. Compared only by the heaps, through the sequence number in front of it."""

    __slots__ = ("alive", "id", "maximum", "number", "rest", "seen", "throttled")

    def __init__(self, name: str, number: int) -> None:
        self.id = name
        self.number = number
        # Largest event time; BEGINNING until one counts.
        self.maximum = BEGINNING
        # `now` of its last event, moved on when it was throttled.
        self.seen = 0
        # Whether the gateway holds it back, and how much of IDLE was left then.
        self.throttled = False
        self.rest = IDLE
        self.alive = True

    @property
    def deadline(self) -> int:
        """When it becomes idle."""
        return NEVER if self.throttled else self.seen + IDLE


class Rise:
    """The base during one batch: before it, after it and, when somebody has to know, before each event."""

    def __init__(self, before: int, after: int, at: Callable[[], Ints] | None = None) -> None:
        self.before = before
        self.after = after
        # Number of the batch's first event, counted from the start of the engine.
        self.first = 0
        self._at = at
        self._kept: Ints | None = None

    def at(self, n: int) -> Ints:
        """The base as it stood when each of the `n` events arrived. Most batches need only the two ends."""
        if self._kept is None:
            self._kept = np.full(n, self.before) if self._at is None else self._at()
        return self._kept

    def part(self, n: int, start: int, stop: int) -> Rise:
        """The base during some of the `n` events."""
        at = self.at(n)
        made = Rise(int(at[start]), int(at[stop]) if stop < n else self.after, lambda: at[start:stop])
        made.first = self.first + start
        return made

    def held(self, n: int, event: int) -> Rise:
        """During one of the `n` events, and not beyond what it was when that came."""
        before = int(self.at(n)[event])
        made = Rise(before, before)
        made.first = self.first + event
        return made

    def cause(self, n: int, base: int) -> int:
        """Number of the event, of these `n`, that lifted the base to `base`; the one before them if it was there."""
        return self.first + int(np.searchsorted(self.at(n), base)) - 1


class Clock:
    """All sources. The state is bounded: idle sources are forgotten, and beyond `MAX_SOURCES` the most silent one."""

    def __init__(self) -> None:
        self.base = BEGINNING
        # Largest event time that was not held, of any source.
        self.maximum = BEGINNING
        self.evicted = 0
        self._sources: dict[str, Source] = {}
        self._numbers = 0
        # (maximum, number, source), smallest first; an entry may lag behind its source.
        self._lowest: list[tuple[int, int, Source]] = []
        # (deadline, number, source), the same way.
        self._deadlines: list[tuple[int, int, Source]] = []

    def __len__(self) -> int:
        return len(self._sources)

    def observe(
        self,
        sources: Sequence[tuple[str, int]],
        times: Ints,
        holds: Bools | None,
        skip: Bools | None,
        now: int,
        moments: Sequence[int] | None = None,
    ) -> Rise:
        """Take a batch's event times. Cost: a few array operations and about 1 us a segment of one source.

        `moments` is for several batches that are taken as one: of each segment its own `now`.
        """
        if moments is not None:
            now = moments[0]
        self.expire(now)
        before = self.base
        quiet = holds if skip is None else skip if holds is None else holds | skip
        counted = times if quiet is None else np.where(quiet, BEGINNING, times)
        if len(sources) > 1:
            return self._observe_many(sources, counted, moments or [now] * len(sources))
        if not len(counted):
            return Rise(before, before)
        source = self._seen(sources[0][0], now)
        prior, top = source.maximum, int(counted.max())
        if top > prior:
            self._raise(source, top)
        if self.base == before:
            return Rise(before, before)
        after = self.base
        return Rise(before, after, lambda: np.clip(_running(counted, prior), before, after))

    def _observe_many(self, sources: Sequence[tuple[str, int]], counted: Ints, moments: Sequence[int]) -> Rise:
        before = self.base
        segments = [(name, count, now) for (name, count), now in zip(sources, moments, strict=True) if count]
        counts = np.array([count for _, count, _ in segments], np.int64)
        starts = counts.cumsum() - counts
        known = self._sources
        # Per segment the source's maximum before it, and the base before and after it.
        priors, lowers, uppers = [], [], []
        for (name, _, now), top in zip(segments, np.maximum.reduceat(counted, starts).tolist(), strict=True):
            if self._deadlines and self._deadlines[0][0] <= now:
                self.expire(now)
            lowers.append(self.base)
            source = known.get(name)
            if source is None or source.seen < now:
                source = self._seen(name, now)
            priors.append(source.maximum)
            if top > source.maximum:
                self._raise(source, top)
            uppers.append(self.base)
        if self.base == before:
            return Rise(before, before)
        return Rise(before, self.base, lambda: _inside(counted, counts, priors, lowers, uppers))

    def _seen(self, name: str, now: int) -> Source:
        source = self._sources.get(name)
        if source is None:
            if len(self._sources) >= MAX_SOURCES:
                self._evict()
            source = self._add(name, now)
        source.seen = max(now, source.seen)
        source.rest = IDLE
        return source

    def _add(self, name: str, now: int) -> Source:
        self._numbers += 1
        source = self._sources[name] = Source(name, self._numbers)
        source.seen = now
        self._watch(source)
        return source

    def _watch(self, source: Source) -> None:
        """Look at a source again when it may be idle. Of a heap, a ninth at most is out of date, or 64 entries."""
        heappush(self._deadlines, (source.deadline, source.number, source))
        known = len(self._sources)
        if max(len(self._deadlines), len(self._lowest)) > known + known // STALE + 64:
            self._tidy()

    def _raise(self, source: Source, top: int) -> None:
        """A source has reached `top`, more than before."""
        new = source.maximum == BEGINNING
        source.maximum = top
        if top > self.maximum:
            self.maximum = top
        if new:
            heappush(self._lowest, (top, source.number, source))
        if new or self._lowest[0][2] is source:
            self._settle()

    def _settle(self) -> None:
        """Put the smallest entry right and let the base rise to it."""
        heap = self._lowest
        while heap:
            maximum, number, source = heap[0]
            if not source.alive:
                heappop(heap)
            elif maximum < source.maximum:
                heapreplace(heap, (source.maximum, number, source))
            else:
                if maximum > self.base:
                    self.base = maximum
                return
        self.base = max(self.base, self.maximum)

    def _evict(self) -> None:
        """Forget the source that would be idle first."""
        heap = self._deadlines
        while True:
            deadline, number, source = heap[0]
            if not source.alive:
                heappop(heap)
            elif deadline < source.deadline:
                heapreplace(heap, (source.deadline, number, source))
            else:
                break
        self.evicted += 1
        self._forget(source)
        self._settle()

    def _forget(self, source: Source) -> None:
        source.alive = False
        del self._sources[source.id]

    def _tidy(self) -> None:
        """Leave one entry for each source."""
        # What else is there: sources that are gone, below one that lags behind for ever; and of one that was held back
        # and let go again, an entry for each time.
        sources = self._sources.values()
        self._deadlines = [(s.deadline, s.number, s) for s in sources]
        self._lowest = [(s.maximum, s.number, s) for s in sources if s.maximum > BEGINNING]
        heapify(self._deadlines)
        heapify(self._lowest)

    def expire(self, now: int) -> None:
        """Forget the sources that are idle at `now`."""
        heap, gone = self._deadlines, False
        while heap and heap[0][0] <= now:
            _, number, source = heap[0]
            if not source.alive:
                heappop(heap)
            elif source.deadline > now:
                heapreplace(heap, (source.deadline, number, source))
            else:
                heappop(heap)
                self._forget(source)
                gone = True
        if gone:
            self._settle()

    def throttle(self, name: str, on: bool, now: int) -> None:
        """Stop or restart the idle clock of a source; one that is not known has none."""
        source = self._sources.get(name)
        if source is None or source.throttled == on:
            return
        if on:
            source.rest = max(source.seen + IDLE - now, 0)
            source.throttled = True
        else:
            source.seen = now + source.rest - IDLE
            source.throttled = False
            self._watch(source)

    def release(self, now: int) -> None:
        """Restart every idle clock: after a restart nobody is connected, so nobody is held back."""
        for name in [source.id for source in self._sources.values() if source.throttled]:
            self.throttle(name, False, now)

    def dump(self) -> dict[str, Any]:
        """JSON-able state; the order of the sources is the order they came in."""
        sources = [[s.id, s.maximum, s.seen, s.throttled, s.rest] for s in self._sources.values()]
        return {"base": self.base, "maximum": self.maximum, "evicted": self.evicted, "sources": sources}

    def load(self, state: dict[str, Any]) -> None:
        """Take back what `dump` gave."""
        self.base, self.maximum, self.evicted = state["base"], state["maximum"], state["evicted"]
        for name, maximum, seen, throttled, rest in state["sources"]:
            source = self._add(name, seen)
            source.maximum, source.throttled, source.rest = maximum, throttled, rest
            if maximum > BEGINNING:
                heappush(self._lowest, (maximum, source.number, source))


def _running(counted: Ints, prior: int) -> Ints:
    """The largest of what came before each event, `prior` being the largest before the first."""
    reached = np.empty(len(counted), np.int64)
    reached[0] = prior
    reached[1:] = counted[:-1]
    return np.maximum.accumulate(reached)


def _inside(counted: Ints, counts: Ints, priors: Sequence[int], lowers: Sequence[int], uppers: Sequence[int]) -> Ints:
    """The base before each event of a batch of several segments.

    Inside a segment the base follows the source's own maximum, but not beyond what it is after the segment: if the
    source was what held it back, that is where the next one holds it, else both ends are the same.
    """
    parts, start = [], 0
    for count, prior, lower, upper in zip(counts.tolist(), priors, lowers, uppers, strict=True):
        if lower == upper:
            parts.append(np.full(count, lower))
        else:
            parts.append(np.clip(_running(counted[start : start + count], prior), lower, upper))
        start += count
    return np.concatenate(parts)
