"""HyperLogLog: what a hash says, and how near the estimate is."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.arrays import Words
from analytics.dictionary import hash_value
from analytics.hyperloglog import ERROR, REGISTERS, estimate, observations


def _registers(hashes: Words) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    registers = np.zeros(REGISTERS, np.uint8)
    place, rank = observations(hashes)
    np.maximum.at(registers, place, rank)
    return registers


def _hashes(first: int, last: int) -> Words:
    return np.array([hash_value(i) for i in range(first, last)], np.uint64)


def test_a_hash_gives_register_and_rank() -> None:
    """The upper 12 bits name the register; the rank is one more than the zeros that lead the other 52."""
    hashes = np.array([(5 << 52) | (1 << 51), (4095 << 52) | 1, 7 << 52], np.uint64)
    place, rank = observations(hashes)
    assert place.tolist() == [5, 4095, 7]
    assert rank.tolist() == [1, 52, 53]


@pytest.mark.parametrize("n", [1, 100, 5_000, 50_000])
def test_the_estimate_is_within_three_standard_errors(n: int) -> None:
    """Small and large sets are estimated alike, without a bias table."""
    found = float(estimate(_registers(_hashes(0, n))[None, :])[0])
    assert abs(found - n) <= max(0.5, 3 * ERROR * n)


def test_the_maximum_of_registers_is_the_union() -> None:
    """Merging overlapping sets gives the registers of the set that holds both."""
    merged = np.maximum(_registers(_hashes(0, 600)), _registers(_hashes(400, 1_000)))
    assert np.array_equal(merged, _registers(_hashes(0, 1_000)))


def test_rows_are_estimated_apart() -> None:
    """An estimate of several rows is that of each row alone, an empty one being 0."""
    few, many = _registers(_hashes(0, 10)), _registers(_hashes(0, 2_000))
    both = estimate(np.stack([few, np.zeros_like(few), many]))
    assert both.tolist() == [float(estimate(few[None, :])[0]), 0.0, float(estimate(many[None, :])[0])]
