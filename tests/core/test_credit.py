"""Credit is absolute, never taken back, and its sum is bounded."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.core.credit import GUARANTEE, MAX_BATCHES, MAX_BYTES, CreditPool, CreditWindow


def test_a_connection_starts_with_4_batches_and_256_kib() -> None:
    """As long as the pool is at most half out."""
    window = CreditWindow(CreditPool(64 << 20), last_seq=41)
    assert window.credit == (45, 262_144)


def test_a_backlog_doubles_the_window_to_its_cap() -> None:
    """32 batches and 4 MiB are the most, and only level 0 grows."""
    pool = CreditPool(64 << 20)
    window = CreditWindow(pool, 0)
    assert not window.extend(0, 1, backlog=9)
    for _ in range(10):
        window.extend(0, 0, backlog=9)
    assert window.credit == (MAX_BATCHES, MAX_BYTES)
    assert pool.outstanding == MAX_BYTES


def test_what_is_left_is_what_may_still_be_sent() -> None:
    """Less with each batch, never below nothing."""
    window = CreditWindow(CreditPool(64 << 20), 0)
    window.consume(62_144)
    assert window.left == 200_000
    window.consume(900_000)
    assert window.left == 0


def test_level_3_extends_nothing() -> None:
    """Hold: the window stays as it is."""
    window = CreditWindow(CreditPool(64 << 20), 0)
    window.consume(1_000)
    assert not window.extend(4, 3, backlog=9)
    assert window.credit == (4, 262_144)


def test_a_full_pool_leaves_each_its_guarantee() -> None:
    """No connection is stuck, and the excess over the pool is a guarantee a connection."""
    pool = CreditPool(300_000)
    windows = [CreditWindow(pool, 0) for _ in range(50)]
    assert min(window.max_bytes for window in windows) == GUARANTEE
    assert pool.outstanding <= 300_000 + 50 * GUARANTEE


def test_a_connection_that_opened_with_little_gets_more_later() -> None:
    """It may have a batch to resend that does not fit; when the pool has room again, an extension says so."""
    pool = CreditPool(600_000)
    first = [CreditWindow(pool, 0) for _ in range(4)]
    late = CreditWindow(pool, 0)
    assert (late.max_bytes, late.short) == (GUARANTEE, True)
    assert not late.extend(0, 0, backlog=0)
    for window in first:
        window.close()
    assert late.extend(0, 0, backlog=0)
    assert not late.short


def test_a_closed_connection_gives_everything_back() -> None:
    """Also what it had sent and what it had not."""
    pool = CreditPool(1 << 20)
    window = CreditWindow(pool, 0)
    window.consume(10_000)
    window.close()
    window.close()
    assert pool.outstanding == 0


STEPS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 400_000), st.integers(0, 3), st.integers(0, 2)), max_size=60
)


@given(STEPS)
def test_the_sum_of_credit_is_bounded_and_never_taken_back(steps: list[tuple[int, int, int, int]]) -> None:
    """Whatever five connections do, limits only grow and the pool stays within its bound."""
    pool = CreditPool(1 << 20)
    windows = [CreditWindow(pool, 0) for _ in range(5)]
    used = [0] * 5
    for who, size, level, backlog in steps:
        window = windows[who]
        before = window.credit
        size = min(size, window.max_bytes - used[who])
        used[who] += size
        window.consume(size)
        window.extend(before.max_seq, level, backlog)
        assert window.max_seq >= before.max_seq
        assert window.max_bytes >= before.max_bytes
        assert sum(w.max_bytes - u for w, u in zip(windows, used, strict=True)) == pool.outstanding
        assert pool.outstanding <= (1 << 20) + 5 * GUARANTEE
    for window in windows:
        window.close()
    assert pool.outstanding == 0
