"""Is the other side alive? The welcome must come in time, and after it a frame within two heartbeats."""

from __future__ import annotations

from client_sdk.python.messages import Ping, Pong

__all__ = ["Pulse"]

WELCOME_MS = 10_000
"""A server that takes longer to answer `hello` is given up."""


SHORTEST_MS, LONGEST_MS = 1_000, 3_600_000
"""Of the patience, whatever heartbeat a server claims."""


class Pulse:
    """The watchdog of one connection. Any inbound frame counts as life."""

    def __init__(self, now: int) -> None:
        self._patience_ms = WELCOME_MS
        self._heard_at = now

    @property
    def deadline(self) -> int:
        """When the connection is to be given up, unless a frame comes before."""
        return self._heard_at + self._patience_ms

    def heard(self, now: int) -> None:
        """A frame came."""
        self._heard_at = now

    def welcomed(self, heartbeat_ms: int) -> None:
        """From now on the server pings each `heartbeat_ms`."""
        self._patience_ms = min(max(2 * heartbeat_ms, SHORTEST_MS), LONGEST_MS)

    @staticmethod
    def answer(ping: Ping, now: int) -> Pong:
        """The answer to a ping: its `now` unchanged, and this clock, from which the server learns the offset."""
        return Pong(now=ping.now, sent=now)
