"""Event time: the smallest of what the active sources have reached, and how it rose during a batch.

Each source has a maximum of its event times. The base is the minimum of those over the active sources; it never falls.
A KPI's watermark is the base minus its delay. A source that stays silent for `IDLE` ms stops counting; while the gateway
throttles it, its clock stands still. When none is active the base is the largest event time seen.

The minimum lies on a heap whose entries may be out of date: a source's entry is put right only when it comes up, so that
an event of one of 10,000 sources costs a look-up, and a batch never a pass over all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heapify, heappop, heappush, heapreplace
from typing import Any, Final

import numpy as np

from analytics.arrays import Bools, Ints

__all__ = ["IDLE", "Clock", "Rise"]

IDLE: Final = 10_000
MAX_SOURCES: Final = 16_384
SOURCE_BYTES: Final = 700
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
    """The base during one batch: before it, after it, and before each event."""

    def __init__(self, before: int, after: int, at: Ints | None) -> None:
        self.before = before
        self.after = after
        self._at = at

    def at(self, n: int) -> Ints:
        """The base as it stood when each of the `n` events arrived."""
        return np.full(n, self.before) if self._at is None else self._at


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
        self, sources: Sequence[tuple[str, int]], times: Ints, holds: Bools | None, skip: Bools | None, now: int
    ) -> Rise:
        """Take a batch's event times. Cost: a few array operations and about 1 us a segment of one source."""
        self.expire(now)
        before = self.base
        quiet = holds if skip is None else skip if holds is None else holds | skip
        counted = times if quiet is None else np.where(quiet, BEGINNING, times)
        if len(sources) == 1:
            return self._observe_one(sources[0][0], counted, now, before)
        counts = np.array([count for _, count in sources], np.int64)
        starts = np.cumsum(counts) - counts
        filled = counts > 0
        tops = np.full(len(counts), BEGINNING, np.int64)
        if filled.any():
            tops[filled] = np.maximum.reduceat(counted, starts[filled])
        priors, afters = [], []
        last = ("", -1)
        for last, top in zip(sources, tops.tolist(), strict=True):
            source = self._seen(last[0], now) if last[1] else None
            priors.append(BEGINNING if source is None else source.maximum)
            if source is not None and top > source.maximum:
                self._raise(source, top)
            afters.append(self.base)
        after_each = np.array(afters, np.int64)
        if self.base == before:
            return Rise(before, before, None)
        return Rise(before, self.base, _inside(counted, counts, np.array(priors, np.int64), after_each, before))

    def _observe_one(self, name: str, counted: Ints, now: int, before: int) -> Rise:
        if not len(counted):
            return Rise(before, before, None)
        source = self._seen(name, now)
        prior, top = source.maximum, int(counted.max())
        if top > prior:
            self._raise(source, top)
        if self.base == before:
            return Rise(before, before, None)
        reached = np.empty(len(counted), np.int64)
        reached[0] = prior
        reached[1:] = counted[:-1]
        np.maximum.accumulate(reached, out=reached)
        return Rise(before, self.base, np.maximum(np.minimum(reached, self.base), before))

    def _seen(self, name: str, now: int) -> Source:
        source = self._sources.get(name)
        if source is None:
            if len(self._sources) >= MAX_SOURCES:
                self._evict()
            source = self._add(name, now)
        source.seen = max(now, source.seen)
        return source

    def _add(self, name: str, now: int) -> Source:
        self._numbers += 1
        source = self._sources[name] = Source(name, self._numbers)
        source.seen = now
        heappush(self._deadlines, (source.deadline, source.number, source))
        if len(self._deadlines) > 2 * len(self._sources) + 64:
            self._tidy()
        return source

    def _raise(self, source: Source, top: int) -> None:
        new = source.maximum == BEGINNING
        source.maximum = top
        self.maximum = max(self.maximum, top)
        if new:
            heappush(self._lowest, (top, source.number, source))
        self._settle()

    def _settle(self) -> None:
        """Put the smallest entry right and let the base rise to it."""
        heap = self._lowest
        while heap:
            maximum, _, source = heap[0]
            if not source.alive:
                heappop(heap)
            elif maximum < source.maximum:
                heapreplace(heap, (source.maximum, source.number, source))
            else:
                self.base = max(self.base, maximum)
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
        """Drop the entries of sources that are gone."""
        self._deadlines = [entry for entry in self._deadlines if entry[2].alive]
        self._lowest = [entry for entry in self._lowest if entry[2].alive]
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
            heappush(self._deadlines, (source.deadline, source.number, source))

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


def _inside(counted: Ints, counts: Ints, priors: Ints, afters: Ints, before: int) -> Ints:
    """The base before each event of a batch of several segments.

    Inside a segment the base follows the source's own maximum, but not beyond what it is after the segment: if the
    source was what held it back, that is where the next one holds it, else both ends are the same.
    """
    segment = np.repeat(np.arange(len(counts)), counts)
    n = len(counted)
    first = np.ones(n, np.bool_)
    first[1:] = segment[1:] != segment[:-1]
    reached = np.empty(n, np.int64)
    reached[1:] = counted[:-1]
    reached[first] = priors[segment[first]]
    # Running maximum of each segment: ranks keep the segments apart without overflow.
    order = np.argsort(reached, kind="stable")
    ranks = np.empty(n, np.int64)
    ranks[order] = np.arange(n)
    running = reached[order[np.maximum.accumulate(ranks + segment * n) - segment * n]]
    held = np.concatenate([[before], afters[:-1]])
    lower, upper = held[segment], afters[segment]
    return np.maximum(np.minimum(running, upper), lower)
