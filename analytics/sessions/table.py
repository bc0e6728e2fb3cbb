"""Open sessions as arrays: who had one when, and which one an event belongs to.

A session is a cell. The sessions of a key form a chain from the newest, its `head`, to the oldest. Most events of a
batch belong to the head of their key or begin a new one, and are placed by a handful of array operations; what lies
before the head or touches more than one session goes one by one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from analytics.arrays import Bools, Ints

__all__ = ["NONE", "Segments", "SessionTable", "by_key_and_time", "segments"]

NONE = -1


class Segments(NamedTuple):
    """Events of one key whose gaps are short, ordered by key and time."""

    key: Ints
    first: Ints
    last: Ints
    arrived: Ints
    """Position of the event of each segment that came first: what is numbered goes by this, and not by the key."""
    of: Ints
    """Which segment each event belongs to."""


def segments(keys: Ints, times: Ints, gap: int) -> Segments:
    """Cut events into segments.

    One sort of one number for each event: key and time, so far apart between keys that a step beyond `gap` is a cut.
    """
    low, high = int(times.min()), int(times.max())
    width = high - low + gap + 2
    if int(keys.max()) < (1 << 62) // width:
        packed = keys * width + (times - low)
        order = packed.argsort()
        packed = packed[order]
        starts, ends = _bounds((packed[1:] - packed[:-1] > gap).nonzero()[0], len(order))
        key = packed[starts] // width
        offset = low - key * width
        first, last = packed[starts] + offset, packed[ends] + offset
    else:
        order = np.lexsort((times, keys))
        key, time = keys[order], times[order]
        starts, ends = _bounds(((key[1:] != key[:-1]) | (time[1:] - time[:-1] > gap)).nonzero()[0], len(order))
        key, first, last = key[starts], time[starts], time[ends]
    of = np.empty(len(order), np.int64)
    of[order] = np.repeat(np.arange(len(starts)), ends - starts + 1)
    return Segments(key, first, last, np.minimum.reduceat(order, starts), of)


def _bounds(cut: Ints, n: int) -> tuple[Ints, Ints]:
    """Positions of the first and the last of each stretch of `n`, which is cut behind these."""
    starts, ends = np.zeros(len(cut) + 1, np.int64), np.full(len(cut) + 1, n - 1)
    starts[1:] = cut + 1
    ends[:-1] = cut
    return starts, ends


class SessionTable:
    """At most `most` open sessions with a gap of `gap` ms."""

    def __init__(self, most: int, gap: int) -> None:
        self.gap = gap
        self.first: Ints = np.zeros(most, np.int64)
        self.last: Ints = np.zeros(most, np.int64)
        self.key: Ints = np.zeros(most, np.int64)
        self.used: Bools = np.zeros(most, np.bool_)
        # Whether the session has had its final row, under the start it has now.
        self.final: Bools = np.zeros(most, np.bool_)
        # The session of the same key before and after this one.
        self.older: Ints = np.full(most, NONE, np.int64)
        self.newer: Ints = np.full(most, NONE, np.int64)
        # Newest session of each key.
        self.head: Ints = np.full(most, NONE, np.int64)
        self.free = most
        # No cell from here on was ever used.
        self.top = 0

    def __len__(self) -> int:
        return len(self.used) - self.free

    def open_cells(self) -> Ints:
        """Cells of open sessions, ascending."""
        return self.used[: self.top].nonzero()[0]

    def _take(self, n: int) -> Ints:
        """The lowest free cells; the caller has seen to it that there are as many."""
        found = (~self.used[: self.top]).nonzero()[0][:n]
        if len(found) < n:
            more = n - len(found)
            found = np.append(found, np.arange(self.top, self.top + more))
            self.top += more
        self.used[found] = True
        self.final[found] = False
        self.free -= n
        return found

    def touches_head(self, parts: Segments) -> tuple[Ints, Bools, Bools, Bools]:
        """The head of each segment's key, and whether the segment joins it, opens a new one, or is neither."""
        head = np.where(parts.key == NONE, NONE, self.head[parts.key])
        none = head == NONE
        gap = self.gap
        after = none | (parts.first > self.last[head] + gap)
        joins = ~after & (parts.last >= self.first[head] - gap)
        before = joins & (parts.first < self.first[head])
        odd = ~(after | joins)
        if before.any():
            older = self.older[head]
            odd |= before & (older != NONE) & (parts.first - self.last[older] <= gap)
        return head, joins, after, odd

    def may_end(self, keys: Ints, times: Ints) -> Bools:
        """Whether a session of these keys, NONE being none, may end exactly at these times."""
        head = np.where(keys == NONE, NONE, self.head[keys])
        may: Bools = (head != NONE) & ((self.last[head] + self.gap == times) | (self.first[head] > times))
        return may

    def extend(self, cells: Ints, first: Ints, last: Ints) -> None:
        """Events joined these sessions."""
        np.minimum.at(self.first, cells, first)
        np.maximum.at(self.last, cells, last)

    def append(self, parts: Segments, head: Ints, after: Bools, cells: Ints) -> Ints:
        """Open a session for each segment `after` its key's newest one; `cells` is filled in. Returns the new cells."""
        at = after.nonzero()[0]
        new = np.empty(len(at), np.int64)
        new[parts.arrived[at].argsort()] = self._take(len(at))
        cells[at] = new
        key = parts.key[at]
        self.first[new], self.last[new], self.key[new] = parts.first[at], parts.last[at], key
        older = head[at].copy()
        follows = (key[1:] == key[:-1]).nonzero()[0] + 1
        older[follows] = new[follows - 1]
        self.older[new] = older
        self.newer[new] = NONE
        linked = older != NONE
        self.newer[older[linked]] = new[linked]
        self.head[key] = new  # in order of time: the last one stays
        return new

    def around(self, key: int, first: int, last: int, live: Callable[[int], bool]) -> tuple[list[int], int, int]:
        """The live sessions that a segment touches, newest first, and the ones next to them, older and newer."""
        cell, newer, found = int(self.head[key]), NONE, list[int]()
        while cell != NONE and self.last[cell] + self.gap >= first and live(cell):
            if self.first[cell] - self.gap <= last:
                found.append(cell)
            else:
                newer = cell
            cell = int(self.older[cell])
        return found, cell, newer

    def insert(self, key: int, first: int, last: int, older: int, newer: int) -> int:
        """Open a session between two others."""
        cell = int(self._take(1)[0])
        self.first[cell], self.last[cell], self.key[cell] = first, last, key
        self.older[cell], self.newer[cell] = older, newer
        if older != NONE:
            self.newer[older] = cell
        if newer != NONE:
            self.older[newer] = cell
        else:
            self.head[key] = cell
        return cell

    def swallow(self, target: int, sources: list[int]) -> None:
        """Sessions next to `target`, newer than it, become part of it."""
        for cell in sources:
            self.first[target] = min(self.first[target], self.first[cell])
            self.last[target] = max(self.last[target], self.last[cell])
        self.remove(np.array(sources, np.int64))

    def remove(self, cells: Ints) -> Ints:
        """Take sessions out of their chains; returns the keys that have none any more.

        Those of one key are neighbours in its chain.
        """
        gone = np.zeros(len(self.used), np.bool_)
        gone[cells] = True
        older, newer = self.older[cells], self.newer[cells]
        # The ends of each run of neighbours are tied to each other.
        oldest = (older == NONE) | ~gone[older]
        newest = (newer == NONE) | ~gone[newer]
        order = np.lexsort((self.first[cells], self.key[cells]))
        below, above = older[order][oldest[order]], newer[order][newest[order]]
        keys = self.key[cells][order][newest[order]]
        self.older[above[above != NONE]] = below[above != NONE]
        self.newer[below[below != NONE]] = above[below != NONE]
        top = above == NONE
        self.head[keys[top]] = below[top]
        self.used[cells] = False
        self.older[cells] = self.newer[cells] = NONE
        self.free += len(cells)
        alone: Ints = keys[top & (below == NONE)]
        return alone

    def load(self, cells: Ints, first: Ints, last: Ints, key: Ints, final: Bools) -> None:
        """Put sessions into an empty table."""
        self.used[cells] = True
        self.first[cells], self.last[cells], self.key[cells], self.final[cells] = first, last, key, final
        self.free -= len(cells)
        self.top = int(cells.max(initial=-1)) + 1
        order = np.lexsort((first, key))
        ordered, keys = cells[order], key[order]
        same = (keys[1:] == keys[:-1]).nonzero()[0]
        self.older[ordered[same + 1]] = ordered[same]
        self.newer[ordered[same]] = ordered[same + 1]
        self.head[keys] = ordered


def by_key_and_time(parts: Segments, chosen: Ints) -> list[int]:
    """These segments by time, those of one key together, in the order in which the keys came."""
    came: dict[int, int] = {}
    for key, arrived in zip(parts.key[chosen].tolist(), parts.arrived[chosen].tolist(), strict=True):
        came[key] = min(arrived, came.get(key, arrived))
    return sorted(chosen.tolist(), key=lambda i: (came[int(parts.key[i])], int(parts.first[i])))
