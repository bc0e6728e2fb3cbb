"""`sum(x)`, exact and independent of the order of events.

Float addition depends on its order, so each number is split into whole digits of base 2**32, which are added as
integers: 2**32, 1, 2**-32, 2**-64 and 2**-96. That holds every float between 2**-44 and 2**63 without loss. The rare
number outside is kept as one arbitrary-precision integer in units of 2**-1074, the smallest float. Integer sums are
associative and can be taken back, so any order, split, merge and subtraction gives the same bits; the total is rounded
once, when it is read. (The idea is Kulisch's accumulator, cut to the range that occurs.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.arrays import Bools, Floats, Ints, Numbers, Reading
from analytics.measures.measure import Arrays, Cellwise, Takes, total

__all__ = ["Sum"]

DIGIT: Final = float(1 << 32)
SHIFTS: Final = (128, 96, 64, 32, 0)
"""Binary place of each limb, in units of 2**-96."""
FINEST: Final = 1074
LARGEST: Final = float(np.finfo(np.float64).max)
MAX_ODD: Final = 4_096
"""Cells that may hold numbers outside of the limbs' range; in further ones those are rounded to it and counted."""
ODD_BYTES: Final = 400
ODD_SLOT_BYTES: Final = 320
"""Of a slot that has such cells, beside those."""
_DIGIT: Final = (1 << 32) - 1
_FINE: Final = 1 << 20
"""Totals below are rounded in units of 2**-32, those above in whole ones: so both have bits enough behind them."""
_WHOLE: Final = 1 << 53
_CUT_BITS: Final = np.uint64(11)
_CUT: Final = np.uint64((1 << 11) - 1)


class _Digits(NamedTuple):
    """Some numbers, digit by digit. They are worked out once, whoever adds them up."""

    limbs: list[tuple[int, Ints]]
    """Which limb, and what to add to it for each number; limbs that get nothing are left out."""
    odd: list[tuple[Ints, Floats]]
    """Which numbers have a part that no limb holds, and those parts."""


class Sum(Cellwise):
    """Sum of numbers; of none it is null.

    >>> total = Sum(slots=1, keys=1)
    >>> total.add(np.zeros(3, int), Numbers(np.array([1e16, 1.0, -1e16]), None))
    >>> total.read(np.array([0]), np.array([0])).values
    array([1.])
    """

    takes: ClassVar[Takes] = "number"
    invertible = True
    cell_bytes = 8 * (1 + len(SHIFTS))

    def __init__(self, slots: int, keys: int, parameter: int = 0) -> None:
        super().__init__(slots, keys, parameter)
        self._n: Ints = np.zeros(slots * keys, np.int64)
        self._limbs: list[Ints] = [np.zeros(slots * keys, np.int64) for _ in SHIFTS]
        # Slot -> key -> what does not fit the limbs, in units of 2**-1074; no slot that has none. In how many cells.
        self._odd: dict[int, dict[int, int]] = {}
        self._odd_cells = 0
        self._rounded = 0

    @classmethod
    def budget(cls, slots: int, keys: int, parameter: int) -> int:
        odd = ODD_BYTES * min(slots * keys, MAX_ODD) + ODD_SLOT_BYTES * min(slots, MAX_ODD)
        return super().budget(slots, keys, parameter) + odd

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"n": self._n, **{f"limb{i}": limb for i, limb in enumerate(self._limbs)}}

    def add(self, cells: Ints, values: Numbers) -> None:
        if not len(cells):
            return
        np.add.at(self._n, cells, 1)
        digits = values.keep("digits", lambda: _digits(values))
        for place, numbers in digits.limbs:
            np.add.at(self._limbs[place], cells, numbers)
        for events, parts in digits.odd:
            self._keep_odd(cells[events], parts)

    def _keep_odd(self, cells: Ints, values: Floats) -> None:
        for cell, value in zip(cells.tolist(), values.tolist(), strict=True):
            slot, key = divmod(cell, self.keys)
            known = self._odd.get(slot, {}).get(key)
            if known is None and self._odd_cells >= MAX_ODD:
                self._rounded += 1
                if abs(value) >= 1:
                    self._limbs[0][cell] += int(np.sign(value)) << 30
                continue
            numerator, denominator = value.as_integer_ratio()  # a power of two
            self._set_odd(slot, key, (known or 0) + (numerator << (FINEST + 1 - denominator.bit_length())))

    def _set_odd(self, slot: int, key: int, value: int) -> None:
        held = self._odd.setdefault(slot, {})
        self._odd_cells += key not in held
        held[key] = value

    def _drop_odd(self, slot: int, key: int) -> int:
        """Keep nothing of this cell apart any more; returns what that was."""
        held = self._odd.get(slot, {})
        if key not in held:
            return 0
        self._odd_cells -= 1
        if len(held) == 1:
            del self._odd[slot]
        return held.pop(key)

    def _add_odd(self, slot: int, key: int, value: int) -> None:
        """Add to what a cell has; nothing is kept of it if that comes to nothing."""
        moved = self._odd.get(slot, {}).get(key, 0) + value
        if moved:
            self._set_odd(slot, key, moved)
        else:
            self._drop_odd(slot, key)

    def read(self, slots: Ints, keys: Ints) -> Reading:
        return self.read_folded(slots, slots, keys)

    def read_folded(self, rows: Ints, slots: Ints, keys: Ints) -> Reading:
        n = total(self.table(self._n), rows, keys)
        limbs = [total(self.table(limb), rows, keys) for limb in self._limbs]
        odd = self._odd_of(slots, keys) if self._odd else {}
        values, sure = _nearest(limbs)
        sure[list(odd)] = False
        if sure.all():
            return Reading(values, n > 0)
        others = (~sure).nonzero()[0].tolist()
        exact = [_rounded([int(limb[i]) for limb in limbs], odd.get(i, 0)) for i in others]
        if any(type(value) is int for value in exact):
            values = values.astype(object)
        for i, value in zip(others, exact, strict=True):
            values[i] = value
        return Reading(values, n > 0)

    def _odd_of(self, slots: Ints, keys: Ints) -> dict[int, int]:
        """What the limbs do not hold, by the position of its key. Cost: a look at each slot, and at what is in them."""
        place: dict[int, int] = {}
        sums: dict[int, int] = {}
        for slot in slots.tolist():
            held = self._odd.get(slot)
            if held is None:
                continue
            place = place or {key: i for i, key in enumerate(keys.tolist())}
            for key in held if len(held) <= len(place) else place:
                if key in held and key in place:
                    at = place[key]
                    sums[at] = sums.get(at, 0) + held[key]
        return sums

    def merge(self, sources: Ints, target: int) -> None:
        for array in self.arrays().values():
            table = self.table(array)
            table[target] += table[sources].sum(axis=0)
        for source in sources.tolist():
            self._move_odd(source, target, 1)

    def subtract(self, source: int, target: int) -> None:
        for array in self.arrays().values():
            table = self.table(array)
            table[target] -= table[source]
        self._move_odd(source, target, -1)

    def _move_odd(self, source: int, target: int, sign: int) -> None:
        for key, value in self._odd.get(source, {}).items():
            self._add_odd(target, key, sign * value)

    def join(self, sources: Ints, targets: Ints) -> None:
        super().join(sources, targets)
        if self._odd:
            for source, target in zip(sources.tolist(), targets.tolist(), strict=True):
                slot, key = divmod(source, self.keys)
                if key in self._odd.get(slot, {}):
                    value = self._drop_odd(slot, key)
                    self._add_odd(target // self.keys, target % self.keys, value)

    def vacate(self, cells: Ints) -> None:
        super().vacate(cells)
        if self._odd:
            for cell in cells.tolist():
                self._drop_odd(*divmod(cell, self.keys))

    def clear(self, slot: int) -> None:
        super().clear(slot)
        self._odd_cells -= len(self._odd.pop(slot, ()))

    def dump(self, slots: Ints, keys: Ints) -> Arrays:
        odd = sorted(
            (place * self.keys + key, value)
            for place, slot in enumerate(slots.tolist())
            for key, value in self._odd.get(slot, {}).items()
        )
        cells = np.array([cell for cell, _ in odd], np.int64)
        texts = " ".join(hex(value) for _, value in odd).encode()
        return super().dump(slots, keys) | {"odd_cells": cells, "odd": np.frombuffer(texts, np.uint8)}

    def load(self, slots: Ints, keys: Ints, state: Mapping[str, NDArray[Any]]) -> None:
        super().load(slots, keys, state)
        for cell, text in zip(state["odd_cells"].tolist(), state["odd"].tobytes().split(), strict=True):
            place, key = divmod(cell, self.keys)
            self._set_odd(int(slots[place]), key, int(text, 16))

    @classmethod
    def renumbered(cls, state: Arrays, order: Ints, numbers: Ints) -> Arrays:
        cells, texts = numbers[state["odd_cells"]], state["odd"].tobytes().split()
        by = cells.argsort(kind="stable")
        odd = b" ".join(texts[i] for i in by.tolist())
        return super().renumbered(state, order, numbers) | {"odd_cells": cells[by], "odd": np.frombuffer(odd, np.uint8)}

    def note(self) -> Mapping[str, int]:
        return {"sums_rounded": self._rounded}


def _digits(numbers: Numbers) -> _Digits:
    digits = _Digits([], [])
    _split(numbers.values, digits)
    if numbers.low is not None:
        _split(numbers.low, digits)
    return digits


def _split(values: Floats, digits: _Digits) -> None:
    largest = max(float(values.max()), -float(values.min()))
    if largest >= DIGIT * DIGIT / 2:
        huge = np.abs(values) >= DIGIT * DIGIT / 2
        digits.odd.append((huge.nonzero()[0], values[huge]))
        values = np.where(huge, 0.0, values)
    whole = np.trunc(values)
    rest = values - whole
    if largest >= DIGIT:
        high = np.trunc(whole / DIGIT)
        digits.limbs.append((0, high.astype(np.int64)))
        whole -= high * DIGIT
    digits.limbs.append((1, whole.astype(np.int64)))
    for place in range(2, len(SHIFTS)):
        if not rest.any():
            return
        rest *= DIGIT
        digit = np.trunc(rest)
        digits.limbs.append((place, digit.astype(np.int64)))
        rest -= digit
    if rest.any():  # below 2**-96: scale what is left back and keep it apart
        tiny = rest.nonzero()[0]
        digits.odd.append((tiny, np.ldexp(rest[tiny], -96)))


def _nearest(limbs: Sequence[Ints]) -> tuple[Floats, Bools]:
    """The nearest float of each total, and where it is sure to be that: nearly everywhere below 2**53.

    A total is taken apart into an integer and 64 bits behind it. Those are cut to 53 bits, the last of which is set if
    any bit was lost, so that one addition of two floats rounds as if there were all: Boldo and Melquiond, 2008.
    """
    top, whole, *rest = limbs
    carried = list[Ints]()
    for limb in reversed(rest):
        carried.append(limb if not carried else limb + (carried[-1] >> 32))
    whole = whole + (carried[-1] >> 32)
    third, second, first = (limb & _DIGIT for limb in carried)
    fine = (whole > -_FINE) & (whole < _FINE)
    units = np.where(fine, (whole << 32) | first, whole)
    behind = np.where(fine, (second << 32) | third, (first << 32) | second).view(np.uint64)
    lost = (behind & _CUT != 0) | (~fine & (third != 0))
    part = np.ldexp(((behind >> _CUT_BITS) | lost).astype(np.float64), -53)
    values: Floats = np.ldexp(units + part, np.where(fine, -32, 0))
    sure = (top == 0) & (whole > -_WHOLE) & (whole < _WHOLE)
    sure &= (units >= 2) | (units <= -3) | ((units == 0) & (behind == 0))
    return values, sure


def _rounded(limbs: Sequence[int], odd: int) -> float | int:
    """The nearest float of the exact total, or, below 2**63, the integer itself where a float would lose it."""
    value = sum(limb << shift for limb, shift in zip(limbs, SHIFTS, strict=True))
    unit = 96
    if odd:
        value, unit = (value << (FINEST - 96)) + odd, FINEST
    if 1 << 53 <= abs(value) >> unit < 1 << 63 and not value & ((1 << unit) - 1):
        return value >> unit
    try:
        return value / (1 << unit)
    except OverflowError:
        return LARGEST if value > 0 else -LARGEST
