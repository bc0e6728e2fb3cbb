"""How far a producer may go on one connection: the server's absolute credit against what was sent."""

from __future__ import annotations

from client_sdk.python.messages import Credit

__all__ = ["Window"]


class Window:
    """Absolute limits only grow, so a lost or repeated ack changes nothing. One window lives as long as its socket."""

    def __init__(self, credit: Credit) -> None:
        self._max_seq = credit.max_seq
        self._max_bytes = credit.max_bytes
        # Payload bytes of every batch frame sent since the welcome, resent ones included.
        self._used = 0

    @property
    def room(self) -> int:
        """Bytes of batch frames that may still go."""
        return self._max_bytes - self._used

    def reaches(self, seq: int) -> bool:
        """True when batch `seq` may go, as far as numbers say; its bytes must fit into `room` besides."""
        return seq <= self._max_seq

    def extend(self, credit: Credit) -> None:
        """Take over a newer grant. Credit is never taken back, so a smaller one is an old one."""
        self._max_seq = max(self._max_seq, credit.max_seq)
        self._max_bytes = max(self._max_bytes, credit.max_bytes)

    def spend(self, size: int) -> None:
        """A batch frame of `size` bytes was sent."""
        self._used += size
