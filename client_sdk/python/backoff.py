"""How long to wait before the next attempt: full jitter between nothing and a doubling ceiling."""

from __future__ import annotations

from client_sdk.python.closecodes import Retry

__all__ = ["Backoff"]


class Backoff:
    """Counts the attempts since the last healthy connection. Pure: time (ms) and jitter are arguments.

    The ceiling starts at `base_ms` and doubles with each failure up to `cap_ms`. Only a connection that stayed open
    for `healthy_ms` resets it: a server that accepts and drops at once would else be hammered.
    """

    def __init__(self, base_ms: int = 500, cap_ms: int = 30_000, healthy_ms: int = 5_000) -> None:
        self._base_ms = base_ms
        self._cap_ms = cap_ms
        self._healthy_ms = healthy_ms
        # Attempts that ended without health.
        self._failures = 0
        # When the present connection got its welcome; None while there is none.
        self._opened_at: int | None = None

    @property
    def failures(self) -> int:
        """Attempts in a row that did not end in a healthy connection."""
        return self._failures

    def opened(self, now: int) -> None:
        """The server said welcome."""
        self._opened_at = now

    def delay_ms(self, rule: Retry, now: int, jitter: float) -> int:
        """The connection or the attempt is over: milliseconds until the next one.

        `jitter` is uniform in [0, 1). `Retry.NOW` waits nothing the first time; when the connection it ended was not
        healthy either, the second time follows the back-off. The caller does not call it for `Retry.NEVER`.
        """
        if self._opened_at is not None and now - self._opened_at >= self._healthy_ms:
            self._failures = 0
        self._opened_at = None
        self._failures += 1
        if rule is Retry.NOW and self._failures == 1:
            return 0
        # 2**16 half seconds are beyond any cap, and a shift by a large count would make a huge integer.
        ceiling = min(self._cap_ms, self._base_ms << min(self._failures - 1, 16))
        return int(ceiling * jitter)
