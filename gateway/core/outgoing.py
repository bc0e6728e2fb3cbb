"""What has been written to viewers and is not taken yet, over all of them: bounded, and who is deaf goes first."""

from __future__ import annotations

__all__ = ["IMPATIENT_MS", "Outgoing"]

IMPATIENT_MS = 1_000
"""How long a viewer may take nothing while there is no room: an honest one takes what is sent within milliseconds."""


class Outgoing:
    """Bytes of snapshots that wait in the buffers of viewers. Each viewer counts its own."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.bytes = 0
        # Whether there is too much of everything, so that patience ends though there is room here.
        self.pressed = False
        # What the viewer before noted of its write: when the next one is due, and the size. Viewers in step note the
        # same, and share the numbers: one of their own is one more place in memory to fetch for each of thousands.
        self.due = self.size = 0

    @property
    def full(self) -> bool:
        """Whether no more snapshots may be written for now."""
        return self.bytes >= self.limit

    @property
    def impatient(self) -> bool:
        """Whether viewers that take nothing for `IMPATIENT_MS` have to go."""
        return self.pressed or self.full
