"""Rates."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.core.bucket import TokenBucket


def test_the_burst_is_there_at_once_and_no_more() -> None:
    """A new bucket gives exactly its burst."""
    bucket = TokenBucket(rate=10, burst=3, now=1000)
    assert [bucket.take(1000) for _ in range(4)] == [True, True, True, False]


def test_tokens_come_back_with_time() -> None:
    """A token is back after one over the rate, and what is saved up never passes the burst."""
    bucket = TokenBucket(rate=10, burst=2, now=0)
    assert bucket.take(0, 2)
    assert not bucket.take(99)
    assert bucket.take(100)
    assert bucket.take(1_000_000, 2)
    assert not bucket.take(1_000_000)


def test_a_refused_take_costs_nothing() -> None:
    """What is too much to take stays in the bucket."""
    bucket = TokenBucket(rate=1, burst=5, now=0)
    assert not bucket.take(0, 6)
    assert bucket.take(0, 5)


def test_a_clock_that_goes_back_gives_nothing() -> None:
    """An earlier `now` adds no tokens, and does not make a later one add them twice."""
    bucket = TokenBucket(rate=10, burst=1, now=1000)
    assert bucket.take(1000)
    assert not bucket.take(0)
    assert not bucket.take(1050)
    assert bucket.take(1100)


def test_wait_is_when_a_take_succeeds() -> None:
    """After `wait_ms` a take succeeds, a millisecond earlier it does not."""
    bucket = TokenBucket(rate=3, burst=1, now=0)
    assert bucket.wait_ms() == 0
    assert bucket.take(0)
    wait = bucket.wait_ms()
    assert wait == 334
    assert not bucket.take(wait - 1)
    assert bucket.take(wait)


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(1, 3)), max_size=60), st.integers(1, 50), st.integers(1, 20))
def test_never_more_than_burst_and_rate(steps: list[tuple[int, int]], rate: int, burst: int) -> None:
    """Over any run of takes, no more is given than the burst plus the rate times the time passed."""
    bucket = TokenBucket(rate, burst, 0)
    now = taken = 0
    for passed, count in steps:
        now += passed
        taken += count if bucket.take(now, count) else 0
        assert taken <= burst + rate * now / 1000 + 1e-6
