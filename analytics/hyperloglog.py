"""HyperLogLog, precision 12: registers, and Ertl's improved estimator.

Source: O. Ertl, "New cardinality estimation algorithms for HyperLogLog sketches" (2017), algorithm 6. Unlike the
classic estimator it needs no bias tables and no switch to linear counting: at 10,000 values the classic one is off by
+1.6 % on average, this one by 0.1 %.
"""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.arrays import Floats, Ints, Words

__all__ = ["ERROR", "REGISTERS", "Observations", "estimate", "observations"]

PRECISION: Final = 12
REGISTERS: Final = 1 << PRECISION
RANKS: Final = 64 - PRECISION
"""Largest run of leading zeros that the rest of a hash can have; a register holds at most one more."""
ERROR: Final = round(1.04 / math.sqrt(REGISTERS), 3)
"""Relative standard error that we state: 1.6 %."""

_REST: Final = np.uint64((1 << RANKS) - 1)
_POWERS: Final = np.zeros(256)
_POWERS[1 : RANKS + 1] = np.exp2(-np.arange(1.0, RANKS + 1))
_PAIRS: Final = np.add.outer(_POWERS, _POWERS).reshape(-1)
"""What two registers add to the harmonic sum, by their bytes as one number: half as many are looked up. The smallest
and the largest rank are seen to apart."""


class Observations(NamedTuple):
    """What some values, one each, say to registers."""

    registers: Ints
    ranks: NDArray[np.uint8]


def observations(hashes: Words) -> Observations:
    """Register and rank of each hash: the first 12 bits choose, the leading zeros of the rest count."""
    register = (hashes >> np.uint64(RANKS)).astype(np.int64)
    rest = (hashes & _REST).astype(np.float64)  # 52 bits: exact
    _, bits = np.frexp(rest)
    return Observations(register, (RANKS + 1 - bits).astype(np.uint8))


def estimate(registers: NDArray[np.uint8]) -> Floats:
    """Cardinality of each row of registers.

    >>> float(estimate(np.zeros((1, REGISTERS), np.uint8))[0])
    0.0
    """
    # Algorithm 6 goes from the largest rank to the smallest and halves each time: a sum of count / 2**rank.
    zeros = REGISTERS - np.array([np.count_nonzero(row) for row in registers], np.int64)
    pairs = np.ascontiguousarray(registers).view(np.uint16)
    z = _PAIRS.take(pairs).sum(axis=1) + _ZEROS[zeros]
    if registers.max(initial=0) > RANKS:
        full = (registers > RANKS).sum(axis=1)
        z += np.ldexp(REGISTERS * _tau(1.0 - full / REGISTERS), -RANKS)
    with np.errstate(divide="ignore"):
        result: Floats = REGISTERS * REGISTERS / (2.0 * math.log(2.0)) / z
    return result


def _sigma(x: Floats) -> Floats:
    untouched = x == 1.0
    power = np.where(untouched, 0.0, x)
    result, weight = power, 1.0
    while True:
        power = power * power
        before = result
        result = result + power * weight
        weight += weight
        if np.array_equal(before, result):
            break
    return np.where(untouched, np.inf, result)


def _tau(x: Floats) -> Floats:
    result, root, weight = 1.0 - x, x.copy(), 1.0
    while True:
        root = np.sqrt(root)
        before = result
        weight *= 0.5
        result = result - (1.0 - root) ** 2 * weight
        if np.array_equal(before, result):
            break
    settled: Any = (x == 0.0) | (x == 1.0)
    return np.where(settled, 0.0, result / 3.0)


_ZEROS: Final = REGISTERS * _sigma(np.arange(REGISTERS + 1) / REGISTERS)
"""What so many registers without a value add to the harmonic sum."""
