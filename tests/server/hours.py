"""Time that passes for a connection when a test says so."""

from __future__ import annotations

from tests.server.rig import Rig

__all__ = ["Hours"]


class Hours:
    """From here on none passes by itself for the sockets of a rig: a busy machine is not a silent peer."""

    def __init__(self, rig: Rig) -> None:
        rig.wheel.stop()
        self._wheel = rig.wheel
        self.now = rig.door.terms.clock()
        rig.door.terms.clock = lambda: self.now

    def pass_by(self, seconds: float) -> None:
        """Turn the wheel over that time, a tick at most in each step."""
        for _ in range(round(seconds / 0.02)):
            self.now += 0.02
            while self._wheel.turn(self.now):
                pass
