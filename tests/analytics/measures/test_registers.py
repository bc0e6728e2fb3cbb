"""The pool of register blocks."""

from __future__ import annotations

import numpy as np

from analytics.hyperloglog import REGISTERS, estimate, observations
from analytics.measures.registers import NONE, Registers, fold
from tests.analytics.measures.values import cells


def hashes(count: int, seed: int = 1) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    return np.random.default_rng(seed).integers(0, 2**64, count, np.uint64)


def test_blocks_are_given_out_up_to_the_cap() -> None:
    """Each block once; none when all are out; those given back come again, empty."""
    pool = Registers(20)
    taken = [pool.take() for _ in range(20)]
    assert sorted(taken) == list(range(20))
    assert pool.take() == NONE
    pool.observe(cells(7, 7, 7), observations(hashes(3)))
    pool.give_back(cells(7))
    assert pool.take() == 7
    assert not pool.blocks[7].any()


def test_growing_keeps_what_was_observed() -> None:
    """A pool that grows keeps its registers."""
    pool = Registers(1_000)
    first = pool.take()
    pool.observe(np.full(2_000, first), observations(hashes(2_000)))
    before = estimate(pool.blocks[[first]])
    for _ in range(100):
        pool.take()
    assert estimate(pool.blocks[[first]]) == before


def test_merged_blocks_are_the_union() -> None:
    """The union of two blocks equals one that saw everything."""
    pool = Registers(3)
    one, other, both = (pool.take() for _ in range(3))
    some, more = hashes(3_000, 1), hashes(3_000, 2)
    pool.observe(np.full(3_000, one), observations(some))
    pool.observe(np.full(3_000, other), observations(more))
    pool.observe(np.full(6_000, both), observations(np.concatenate([some, more])))
    merged = pool.merged([cells(one, other), cells(one)])
    assert merged.shape == (2, REGISTERS)
    assert np.array_equal(merged[0], pool.blocks[both])
    assert np.array_equal(merged[1], pool.blocks[one])


def test_folding_is_observing() -> None:
    """Values folded into a row of registers are those a block would have observed."""
    pool = Registers(1)
    block = pool.take()
    pool.observe(np.full(100, block), observations(hashes(100)))
    rows = np.zeros((2, REGISTERS), np.uint8)
    fold(rows, np.full(100, 1), hashes(100))
    assert np.array_equal(rows[1], pool.blocks[block])
    assert not rows[0].any()
