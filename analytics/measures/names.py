"""The values behind the hashes that a top list counts, with a cap on how much text is kept."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from itertools import compress
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.arrays import Bools, Ints, Words
from analytics.measures.marks import Marks, hashes_of, marks_of, room_after
from analytics.names import sort_key

__all__ = ["LONGEST", "Names"]

LONGEST: Final = 128
"""Bytes of UTF-8 kept of one text; its hash is of the whole."""
SHORT: Final = 64
"""Bytes kept of each once they take too much."""
TEXT_BYTES: Final = 140
"""Bytes in memory that a text may take, one with another: those of a short one at worst."""
WIDE_TEXT: Final = 16
"""Characters of four bytes each that are as large as that."""
ENTRY_BYTES: Final = 26
"""Of a value beside it and its mark: its place in the list of all, its rank, and its place in order."""
PART: Final = 2_048
"""Values that are put in order together."""
KINDS: Final = 4
"""Kinds of values that `sort_key` tells apart."""


def _cut(value: Any, size: int) -> Any:
    if type(value) is not str or len(value) * 4 <= size:
        return value
    return value.encode("utf-8", "surrogatepass")[:size].decode("utf-8", "ignore")


def _longest(value: Any) -> Any:
    return _cut(value, LONGEST)


def _shortened(value: Any) -> Any:
    cut = _cut(value, SHORT)
    return cut if cut.__sizeof__() <= TEXT_BYTES else cut[:WIDE_TEXT]


class _Order(NamedTuple):
    """Numbers of one kind by their values, which can be compared; those of equal values by hash."""

    numbers: NDArray[np.int32]
    values: NDArray[Any]

    def with_more(self, numbers: Ints, values: NDArray[Any], hashes: Callable[[Ints], Words]) -> _Order:
        """The same with others put in, which are in order. Cost: a search for each, and a copy."""
        places, ends = self.values.searchsorted(values), self.values.searchsorted(values, "right")
        for i in (places < ends).nonzero()[0].tolist():
            own, equal = hashes(numbers[i : i + 1])[0], self.numbers[places[i] : ends[i]].astype(np.int64)
            places[i] += bisect_left(hashes(equal), own)
        return _Order(np.insert(self.numbers, places, numbers), np.insert(self.values, places, values))

    def renumbered(self, used: Bools, numbers: Words) -> _Order:
        """Those that are in use, under the numbers that they have now."""
        stay = used[self.numbers]
        return _Order(numbers[self.numbers[stay]].astype(np.int32), self.values[stay])


class Names:
    """At most `most` values by number, and the numbers of hashes. `used` gives the numbers that are in use somewhere;
    the others go in a sweep, and `renumbered` is told the new number in the place of each.

    Number 0 stands for no value.
    """

    @staticmethod
    def budget(most: int) -> int:
        """Bytes at worst of so many values."""
        return (ENTRY_BYTES + TEXT_BYTES) * most + Marks.budget(most)

    def __init__(self, most: int, used: Callable[[], Words], renumbered: Callable[[Words], None]) -> None:
        self._most = most
        self._room = TEXT_BYTES * most
        self._used = used
        self._renumbered = renumbered
        # The hashes: number 1 is the first row.
        self._known = Marks()
        # By number.
        self.texts: list[Any] = [None]
        # Of each kind those in order whose ranks were asked for so far; and by number the rank of each, -1: not asked.
        self._orders: list[_Order] = []
        self._ranks: NDArray[np.int32] = np.zeros(0, np.int32)
        self._disorder()
        self._bytes = 0
        self._longest = LONGEST

    def learn(self, hashes: Words, values: Sequence[Any]) -> Ints:
        """The numbers of hashes, whose values these are if they are new."""
        marks = _marks(hashes)
        rows = self._known.find(marks)
        new = (rows < 0).nonzero()[0]
        if new.size:
            self._fit(self._known.n + len(new))
            rows[new] = self._known.insert(marks[new])
            _, first = np.unique(rows[new], return_index=True)
            cut = _shortened if self._longest == SHORT else _longest
            texts = [cut(values[i]) for i in new[first].tolist()]
            self.texts += texts
            self._bytes += sum(text.__sizeof__() for text in texts)
        if self._bytes > self._room and self._longest > SHORT:
            self._longest = SHORT
            self._disorder()
            for number, text in enumerate(self.texts):  # in place: all of them twice would be too much
                self.texts[number] = _shortened(text)
            self._count_bytes()
        return rows + 1

    def _fit(self, needed: int) -> None:
        """Have room for so many."""
        room = self._known.room
        while room < min(needed, self._most):
            room = room_after(room, self._most)
        room = max(room, needed)
        if room > self._known.room:
            self._known.keep(None, room)

    def _hashes_of(self, numbers: Ints) -> Words:
        marks = self._known.marks()[numbers - 1]
        return hashes_of(np.zeros(len(marks), np.int64), marks)

    def sweep(self) -> None:
        """Forget what nobody uses. Cost: a look at all of them."""
        used = np.zeros(len(self.texts), np.bool_)
        used[self._used().astype(np.int64)] = True
        used[0] = True
        if used.all():
            return
        numbers = np.where(used, used.cumsum() - 1, 0).astype(np.uint64)
        self.texts = list(compress(self.texts, used.tolist()))
        self._known.keep(used[1:], self._known.room)
        self._orders = [order.renumbered(used, numbers) for order in self._orders]
        self._rank()
        self._count_bytes()
        self._renumbered(numbers)

    def _count_bytes(self) -> None:
        self._bytes = sum(text.__sizeof__() for text in self.texts)

    def ranks(self, numbers: Ints) -> NDArray[np.int32]:
        """An order of these values: by value, those that were cut to the same text by hash.

        Cost: a look-up. When some are asked for the first time also a sort of those, and a copy of the order.
        """
        if len(self._ranks) < len(self.texts):
            self._ranks = np.append(self._ranks, np.full(len(self.texts) - len(self._ranks), -1, np.int32))
        new = numbers[self._ranks.take(numbers) < 0]
        if new.size:
            self._put_in_order(np.unique(new))
        return self._ranks.take(numbers)

    def numbers(self, ranks: Ints | NDArray[np.int32]) -> Ints:
        """The numbers of those that have these ranks now."""
        return np.concatenate([order.numbers for order in self._orders])[ranks].astype(np.int64)

    def _put_in_order(self, numbers: Ints) -> None:
        """Give numbers their places among those that were asked for; some at a time, as they take much until they are
        there.
        """
        for start in range(0, len(numbers), PART):
            self._put_some(numbers[start : start + PART])
        self._rank()

    def _put_some(self, numbers: Ints) -> None:
        numbers = numbers[self._hashes_of(numbers).argsort()]
        keys = [sort_key(self.texts[number]) for number in numbers.tolist()]
        kinds = np.fromiter((kind for kind, _ in keys), np.int8, len(keys))
        values = np.fromiter((value for _, value in keys), object, len(keys))
        for kind in np.unique(kinds).tolist():
            here = (kinds == kind).nonzero()[0]
            here = here[values[here].argsort(kind="stable")]  # which are in order of hash
            self._orders[kind] = self._orders[kind].with_more(numbers[here], values[here], self._hashes_of)

    def _rank(self) -> None:
        self._ranks = np.full(len(self.texts), -1, np.int32)
        order = np.concatenate([order.numbers for order in self._orders])
        self._ranks[order] = np.arange(len(order), dtype=np.int32)

    def _disorder(self) -> None:
        """Forget the order of the values: they have become others."""
        self._orders = [_Order(np.zeros(0, np.int32), np.zeros(0, object))] * KINDS
        self._rank()

    def of(self, hashes: Words) -> list[Any]:
        """The values of hashes, None of those that are not known."""
        return [self.texts[row + 1] for row in self._known.find(_marks(hashes)).tolist()]

    def dump(self, hashes: Words) -> dict[str, NDArray[Any]]:
        """The names of these hashes as one buffer, in order of hash."""
        keys = np.unique(hashes)
        texts = json.dumps([self._longest, *self.of(keys)], separators=(",", ":"))
        return {"name_hashes": keys, "names": np.frombuffer(texts.encode(), np.uint8)}

    def load(self, state: Mapping[str, NDArray[Any]]) -> Words:
        """Take back what `dump` gave; the numbers of its hashes."""
        self._longest, *values = json.loads(state["names"].tobytes())
        return self.learn(state["name_hashes"], values).view(np.uint64)


def _marks(hashes: Words) -> Words:
    """Marks of values alone, whatever the key."""
    return marks_of(np.zeros(len(hashes), np.int64), hashes)
