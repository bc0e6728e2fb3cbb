"""A token bucket: the one way this house limits a rate."""

from __future__ import annotations

__all__ = ["TokenBucket"]


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
