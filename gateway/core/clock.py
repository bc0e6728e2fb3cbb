"""The skew of a client's clock, from heartbeat round trips and never from transit times."""

from __future__ import annotations

__all__ = ["ClockOffset"]

MAX_OFFSET_MS = 48 * 3_600_000
"""A larger skew is no clock: a client says what it likes, and event times are clamped to this anyway."""

MIN_OFFSET_MS = 50
"""A smaller skew is left alone: correcting it would move events of well-kept clocks by the noise of a round trip."""


class ClockOffset:
    """Client time minus server time, in milliseconds; the sample with the smallest round trip wins.

    An offset within its own uncertainty, the round trip, is no evidence of a skew and counts as 0. Corrections thus
    change only when a better sample comes, and transit delay cannot reorder a device's events.

    >>> offset = ClockOffset()
    >>> offset.sample(ping_sent=1_000, pong_received=1_040, client_sent=11_020)
    >>> offset.value
    10000
    """

    __slots__ = ("_best_rtt", "value")

    def __init__(self) -> None:
        # Subtracted from the client's timestamps; 0 until a sample says otherwise.
        self.value = 0
        # Round trip of the sample that `value` comes from.
        self._best_rtt: int | None = None

    def sample(self, ping_sent: int, pong_received: int, client_sent: float) -> None:
        """One heartbeat: when our ping left, when its pong came, and what the client's clock said in between."""
        rtt = pong_received - ping_sent
        if abs(client_sent - pong_received) > MAX_OFFSET_MS:
            return
        if rtt < 0 or (self._best_rtt is not None and rtt >= self._best_rtt):
            return
        self._best_rtt = rtt
        offset = round(client_sent - (ping_sent + pong_received) / 2)
        self.value = offset if abs(offset) > max(rtt, MIN_OFFSET_MS) else 0
