"""The bins of a DDSketch: numbers by magnitude, within a relative error of 1 % (Masson, Rim and Lee, VLDB 2019).

A number x > 0 falls into the bin i = ceil(log(x) / log(gamma)) with gamma = 1.01 / 0.99, and the bin answers
2 gamma^i / (gamma + 1), which is within 1 % of all that it holds. Negative numbers have bins of their own, zero has
one. Neighbouring bins can be joined, which squares gamma (UDDSketch, Epicoco et al. 2020).
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from analytics.arrays import Floats, Ints

__all__ = ["ACCURACY", "accuracy", "answers", "bins_of", "coarser", "exact_answers"]

ACCURACY: Final = 0.01
GAMMA: Final = (1 + ACCURACY) / (1 - ACCURACY)
LOG_GAMMA: Final = math.log(GAMMA)
OFFSET: Final = 1 << 17
"""Added to the bin of a magnitude, so that it is positive whatever float it is; the sign is then that of the number."""


def bins_of(values: Floats) -> Ints:
    """The bin of each number: positive, negative or, for zero, 0; ascending with the numbers."""
    magnitudes = np.abs(values)
    bins: Ints = np.zeros(len(values), np.int64)
    some = magnitudes > 0
    bins[some] = np.ceil(np.log(magnitudes[some]) / LOG_GAMMA).astype(np.int64) + OFFSET
    return np.where(values < 0, -bins, bins)


def coarser(bins: Ints, times: Ints | np.int64) -> Ints:
    """Bins joined in twos so many times: i becomes ceil(i / 2)."""
    magnitudes = -((OFFSET - np.abs(bins)) >> times) + OFFSET
    return np.where(bins == 0, 0, np.sign(bins) * magnitudes)


def answers(bins: Ints, levels: Ints) -> Floats:
    """What bins answer."""
    scale = np.exp2(levels) * LOG_GAMMA
    # In logarithms, since gamma^i of the largest floats is beyond them.
    log_value = (np.abs(bins) - OFFSET) * scale + math.log(2) - np.log1p(np.exp(scale))
    largest = math.log(np.finfo(np.float64).max)
    values: Floats = np.where(bins == 0, 0.0, np.sign(bins) * np.exp(np.minimum(log_value, largest)))
    return values


_USUAL: Final = np.arange(OFFSET - 1_024, OFFSET + 1_536)
"""Bins of magnitudes from 1e-9 to 1e13: what they answer is kept."""
_ANSWERS: Final = answers(_USUAL, np.zeros(1, np.int64))


def exact_answers(bins: Ints) -> Floats:
    """What bins answer that were never joined."""
    at = bins - _USUAL[0]
    if int(at.min(initial=0)) < 0 or int(at.max(initial=0)) >= len(_USUAL):
        return answers(bins, np.zeros(1, np.int64))
    found: Floats = _ANSWERS[at]
    return found


def accuracy(levels: Ints) -> Floats:
    """Relative error at these levels."""
    errors: Floats = np.tanh(np.exp2(levels) * LOG_GAMMA / 2)
    return errors
