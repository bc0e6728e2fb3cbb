"""A token bucket: the one way this house limits a rate."""

from __future__ import annotations

__all__ = ["TokenBucket", "spend"]


class TokenBucket:
    """Holds at most `burst` tokens, gains `rate` of them a second, and starts full.

    Time is an argument, in milliseconds of any clock that does not go back; a smaller `now` than before counts as no
    time passed.

    >>> bucket = TokenBucket(rate=2, burst=3, now=0)
    >>> [bucket.take(0) for _ in range(4)]
    [True, True, True, False]
    >>> bucket.take(499), bucket.take(500), bucket.take(500)
    (False, True, False)
    """

    __slots__ = ("_at", "_burst", "_rate", "_tokens")

    def __init__(self, rate: float, burst: float, now: int) -> None:
        # Tokens a second, and the most that can be saved up.
        self._rate = rate
        self._burst = burst
        # What there is, and the time it was counted at.
        self._tokens = float(burst)
        self._at = now

    def take(self, now: int, count: int = 1) -> bool:
        """Take `count` tokens, or none and False when there are fewer. O(1)."""
        if self.level(now) < count:
            return False
        self._tokens -= count
        return True

    def charge(self, now: int, count: int) -> None:
        """Take `count` tokens whether they are there or not, down to a full burst of debt. O(1)."""
        self._tokens = max(-self._burst, self.level(now) - count)

    def level(self, now: int) -> float:
        """How many tokens there are. O(1)."""
        if now > self._at:
            self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate / 1000)
            self._at = now
        return self._tokens

    def wait_ms(self, count: int = 1) -> int:
        """Milliseconds from the last `take` until `count` tokens will be there; 0 when they are."""
        missing = min(count, self._burst) - self._tokens
        return max(0, -int(-missing * 1000 // self._rate))


def spend(paid_until: float | None, now: int, rate: float, burst_s: float) -> float | None:
    """A bucket that is one number, for those of which there are many: until when what was taken is paid for, in ms.

    It holds `burst_s` seconds' worth of tokens. Begin with 0, pass what the last call gave; None when there was no
    token, and for good. Time is as above. (The generic cell rate algorithm of ATM, ITU-T I.371.)

    >>> until = 0.0
    >>> for _ in range(3): until = spend(until, 1_000, rate=2, burst_s=1.5)
    >>> until, spend(until, 1_000, rate=2, burst_s=1.5), spend(until, 1_500, rate=2, burst_s=1.5)
    (2500.0, None, 3000.0)
    """
    if paid_until is None:
        return None
    after = max(paid_until, now) + 1_000 / rate
    return None if after - now > burst_s * 1_000 else after
