"""`top(x, k)`: the k most frequent values, exact until a cap, then with bounds.

A value of a key is known once, and each pane counts those that it saw, see `counts.py`. When a key has more than 4,096
different values in a pane, the less frequent half is forgotten there, and the largest forgotten count is added to its
`slack`: each value shown has been seen at least n and at most n + slack times, and no value that is missing can have
been seen more than slack times. (Lossy counting, Manku and Motwani 2002, with the bucket chosen by size instead of
time.)

Value: `{"items": [[value, n], ..]}` ordered by n, then value; once approximate also
`"bounds": [[n, n + slack], ..]`. It is kept packed, see `packed.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.arrays import Ints, Reading, Words
from analytics.frame import Coded
from analytics.measures.counted import PART, Caps, Counted
from analytics.measures.counts import NAME
from analytics.measures.measure import Arrays, over
from analytics.measures.names import LONGEST, Names
from analytics.measures.rows import TIDYING, Rows
from analytics.measures.since import Since
from analytics.packed import VALUE_BYTES, item_bytes, packed_each

__all__ = ["Top"]

MAX_VALUES: Final = 4_096
"""Values of one pane and key that are counted apart."""
MAX_PAIRS: Final = 1 << 19
MAX_ROWS: Final = 1 << 17
"""Values of all keys, each once however many panes hold it."""
READING: Final = 44
"""Bytes of a value while a window is read in which all tie, so that the names of all are put in order."""
SHOWN_BYTES: Final = 64 + item_bytes(LONGEST)
"""Of a value that is shown, on its way there."""
STEADY: Final = 0.8
"""Of the least count shown, the share from which on values are looked at for the next window."""
PIECE: Final = 1 << 15
"""Values that are looked at at once."""
LARGEST: Final = 1 << 16
"""Counts below are sorted as they are, together with keys and names."""
NEVER_SHOWN: Final = np.iinfo(np.int64).max


class _Piece(NamedTuple):
    """Some values of a window, in step."""

    found: Ints
    """Whose each is: its key."""
    names: Ints
    """Numbers of names."""
    counts: Ints


class Top(Counted):
    """The most frequent values that are not null.

    >>> from analytics.dictionary import Dictionary
    >>> from analytics.packed import plain_each
    >>> pages, names = Top(slots=1, keys=1, parameter=1), Dictionary()
    >>> pages.open(0, 7)
    >>> pages.add(np.zeros(3, int), Coded(names.encode(["/", "/a", "/"]), names))
    >>> plain_each(pages.read(np.array([0]), np.array([0])).values)
    [{'items': [['/', 2]]}]
    """

    def __init__(self, slots: int, keys: int, parameter: int = 10) -> None:
        super().__init__(slots, keys, parameter, _caps(slots, keys))
        # How often a forgotten value may have been seen.
        self._slack: Ints = np.zeros(slots * keys, np.int64)
        # How many were ever forgotten, in all cells; if any, there may be slack.
        self._forgotten = 0
        self._slack_since = Since(self._slack.reshape(slots, keys), self._pane_of)
        # Per key the count from which on values are looked at: what a window showed of it last, and some room.
        self._limit: Ints = np.ones(keys, np.int64)
        self._names = Names(_most_names(self._caps), self._names_in_use, self._rename)
        # When names that are of no use any more were last looked for.
        self._swept = 0

    @classmethod
    def budget(cls, slots: int, keys: int, parameter: int) -> int:  # noqa: ARG003  it bounds what is shown only
        caps = _caps(slots, keys)
        return 8 * (slots + 2) * keys + cls.counted_budget(slots, caps) + Names.budget(_most_names(caps))

    @classmethod
    def passing(cls, slots: int, keys: int, parameter: int) -> int:
        caps = _caps(slots, keys)
        return max(TIDYING * caps.rows, READING * caps.rows + SHOWN_BYTES * min(keys * parameter, caps.pairs))

    @classmethod
    def value_bytes(cls, parameter: int) -> int:
        return VALUE_BYTES + parameter * item_bytes(LONGEST)

    def add(self, cells: Ints, values: Coded) -> None:
        codes, dictionary = values
        hashes, known = values.hashes(), self._counts.rows
        for start in range(0, len(cells), PART):
            part = slice(start, start + PART)
            self._make_room(len(cells[part]))
            before = known.n, known.tidied
            rows = self._count(cells[part], hashes[part], 1)
            if before != (known.n, known.tidied):
                nameless = (known.column(NAME).take(rows) == 0).nonzero()[0]
                texts = [dictionary.values_by_code[code] for code in codes[part][nameless].tolist()]
                self._name(rows[nameless], hashes[part][nameless], texts)

    def _name(self, rows: Ints, hashes: Words, texts: list[Any]) -> None:
        """What the values of these rows are; rows may repeat."""
        known = self._counts.rows
        if known.tidied != self._swept:
            self._swept = known.tidied
            self._names.sweep()
        if len(rows):
            known.column(NAME)[rows] = self._names.learn(hashes, texts)

    def _names_in_use(self) -> Words:
        return self._counts.rows.column(NAME)

    def _rename(self, numbers: Words) -> None:
        names = self._counts.rows.column(NAME)
        names[:] = numbers[names.view(np.int64)]

    def _shrink(self, cells: Ints) -> None:
        """Keep the more frequent half of the values of each cell; equal counts go by hash."""
        found, rows, counts = self._take_out(cells)
        order = np.lexsort((self._counts.rows.hashes(rows), -counts, found))
        found, rows, counts = found[order], rows[order], counts[order]
        starts = found.searchsorted(found)
        kept = starts + (found.searchsorted(found, "right") - starts) // 2
        place = np.arange(len(found))
        largest = place == kept
        self._slack[found[largest]] += counts[largest]
        self._slack_since.add(found[largest] // self.keys, found[largest] % self.keys, counts[largest])
        stay = place < kept
        self._forgotten += len(stay) - int(stay.sum())
        self._put_back(found[stay], rows[stay], counts[stay])

    def read(self, slots: Ints, keys: Ints) -> Reading:
        self._settle()
        slack = self._slack_in(slots)[keys].tolist() if self._forgotten else None
        places, counts, names = self._first(keys, self._leading(slots, keys))
        items = list(zip(map(self._names.texts.__getitem__, names.tolist()), counts.tolist(), strict=True))
        bounds = places.searchsorted(np.arange(len(keys) + 1)).tolist()
        said: list[dict[str, Any]] = [{"items": items[start:end]} for start, end in pairwise(bounds)]
        if slack is not None:
            for value, more in zip(said, slack, strict=True):
                if more:
                    value["slack"] = more
        values = np.empty(len(keys), object)
        # Packed: a tenth of the memory of the objects, compared at once, and nothing for the garbage collector.
        values[:] = packed_each(said)
        return Reading(values)

    def _slack_in(self, slots: Ints) -> Ints:
        if len(slots) == 1 or self._turns is not None:
            slack: Ints = self._slack.reshape(self.slots, self.keys)[slots].sum(axis=0)
            return slack
        panes = self._pane_of[slots]
        return self._slack_since.sums(int(panes.min()), int(panes.max()))

    def _first(self, keys: Ints, pieces: Iterator[_Piece]) -> tuple[Ints, Ints, Ints]:
        """What is shown of some keys, in order: places among those, counts, and numbers of names.

        Of many values some are looked at at a time, beside the best of those before: there may be more values than
        there is room for in such arrays.
        """
        nothing = np.zeros(0, np.int64)
        places, counts, names = nothing, nothing, nothing
        for piece in pieces:
            best = _Piece(keys[places], names, counts)
            joined = _Piece(*map(np.append, best, piece)) if len(places) else piece
            del piece  # there is room for one of them
            places, counts, names = self._best(keys, joined)
        return places, counts, names

    def _best(self, keys: Ints, piece: _Piece) -> tuple[Ints, Ints, Ints]:
        """The same of some values."""
        found, names, counts = piece
        levels, counts = _levels(counts)
        # Key and level as one number, which is sorted several times as fast as two are. There may be many: what is not
        # needed any more goes at once.
        size = len(counts)
        levels += found * size
        cells, worst = np.sort(levels), np.full(self.keys, size)
        starts, ends = cells.searchsorted(keys * size), cells.searchsorted((keys + 1) * size)
        full = (ends - starts >= self.parameter).nonzero()[0]
        worst[keys[full]] = cells[starts[full] + self.parameter - 1] - keys[full] * size
        del cells
        self._limit[keys] = np.maximum(np.append(counts, 0)[worst[keys]] * STEADY, 1)
        # Those that tie with the last that is shown compete by name.
        worst += np.arange(self.keys) * size
        kept = (levels <= worst[found]).nonzero()[0]
        ordered, names = levels[kept], names[kept]
        del levels, kept
        many = len(self._names.texts)
        ordered *= many
        ordered += self._names.ranks(names)
        ordered.sort()
        starts, ends = ordered.searchsorted(keys * size * many), ordered.searchsorted((keys + 1) * size * many)
        at = starts[:, None] + np.arange(self.parameter)
        places, _ = shown = (at < ends[:, None]).nonzero()
        cells, nth = np.divmod(ordered[at[shown]], many)
        return places, counts[cells - keys[places] * size], self._names.numbers(nth)

    def _leading(self, slots: Ints, keys: Ints) -> Iterator[_Piece]:
        """Values of these keys, at least those that are shown."""
        names = self._counts.rows.column(NAME).view(np.int64)
        if len(slots) == 1:
            rows, counts = self._counts.of(int(self._pane_of[slots[0]]))
            for start in range(0, len(rows), PIECE):
                part = slice(start, start + PIECE)
                chosen, found = self._asked(rows[part], keys)
                yield _Piece(found, names[rows[part][chosen]], counts[part][chosen].astype(np.int64))
            return
        panes = self._pane_of[slots]
        totals, of = self._counts.totals(int(panes.min()), int(panes.max())), self._counts.rows.keys()
        # What counts as little as could not be shown last time is left out, unless too few remain of a key.
        asked = np.zeros(self.keys, np.bool_)
        asked[keys] = True
        limit = np.where(asked, self._limit, NEVER_SHOWN)
        at = _at_least(totals, limit, of)
        short = asked & (np.bincount(of.take(at), minlength=self.keys) < self.parameter) & (limit > 1)
        if short.any():
            limit[short] = 1
            at = _at_least(totals, limit, of)
        for start in range(0, len(at), PIECE):
            some = at[start : start + PIECE].astype(np.int64)  # once instead of with each of the three
            yield _Piece(of.take(some), names[some], totals.take(some))

    def merge(self, sources: Ints, target: int) -> None:
        self._settle()
        for source in sources.tolist():
            self._counts.add_up(int(self._pane_of[target]), *self._counts.of(int(self._pane_of[source])))
            if self._counts.full:
                self._settle()
        slack = self._slack.reshape(self.slots, self.keys)
        slack[target] += slack[sources].sum(axis=0)
        self._slack_since.drop()
        self._settle()

    def join(self, sources: Ints, targets: Ints) -> None:
        self._settle()
        cells, _, rows, counts = self._moving(sources, targets)
        np.add.at(self._slack, targets, self._slack[sources])
        self._slack_since.drop()
        known = self._counts.rows
        self._count_named(cells, known.hashes(rows), counts, known.column(NAME)[rows])

    def _count_named(self, cells: Ints, hashes: Words, counts: Ints, names: Words) -> None:
        """Add to the counts of pairs; the numbers of their names are known."""
        for start in range(0, len(cells), PART):
            part = slice(start, start + PART)
            self._make_room(len(cells[part]))
            rows = self._count(cells[part], hashes[part], counts[part])
            self._counts.rows.column(NAME)[rows] = names[part]

    def vacate(self, cells: Ints) -> None:
        self._slack[cells] = 0
        self._slack_since.drop()
        super().vacate(cells)

    def clear(self, slot: int) -> None:
        self._slack_since.leave(slot)
        self._slack[slot * self.keys : (slot + 1) * self.keys] = 0
        super().clear(slot)

    def dump(self, slots: Ints, keys: Ints) -> Arrays:
        self._settle()
        cells, hashes, counts = self._dump_pairs(slots)
        return {
            "cells": cells,
            "hashes": hashes,
            "counts": counts,
            "slack": over(self._slack.reshape(self.slots, self.keys), slots, keys),
        } | self._names.dump(hashes)

    def load(self, slots: Ints, keys: Ints, state: Mapping[str, NDArray[Any]]) -> None:
        self._slack.reshape(self.slots, self.keys)[np.ix_(slots, keys)] = state["slack"]
        self._slack_since.drop()
        self._forgotten += int((state["slack"] > 0).sum())
        cells, hashes = self._placed(slots, state["cells"]), state["hashes"]
        numbers = self._names.load(state)
        self._count_named(cells, hashes, state["counts"], numbers[state["name_hashes"].searchsorted(hashes)])

    def note(self) -> Mapping[str, int]:
        return {"top_values_forgotten": self._forgotten}


def _most_names(caps: Caps) -> int:
    return Rows.room_for(caps.rows + PART)


def _at_least(counts: Ints, limits: Ints, of: Ints) -> NDArray[np.int32]:
    """Where counts are no less than the limits of their keys."""
    found = [np.zeros(0, np.int32)]
    for start in range(0, len(counts), PIECE):
        part = slice(start, start + PIECE)
        found.append((start + (counts[part] >= limits[of[part]]).nonzero()[0]).astype(np.int32))
    return np.concatenate(found)


def _levels(counts: Ints) -> tuple[Ints, Ints]:
    """Small numbers that are the smaller the larger these are, and what each stands for."""
    largest = int(counts.max(initial=0))
    if largest < LARGEST:
        return largest - counts, np.arange(largest, -1, -1)
    falling, levels = np.unique(-counts, return_inverse=True)
    return levels, -falling


def _caps(slots: int, keys: int) -> Caps:
    cells = slots * keys
    return Caps(min(cells * MAX_VALUES, MAX_PAIRS), min(cells * MAX_VALUES, MAX_ROWS), MAX_VALUES)
