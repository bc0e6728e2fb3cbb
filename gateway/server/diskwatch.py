"""A disk that fills up, and has room again: said when it happens, since nothing fails meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import structlog

from gateway.core.hub import Hub

__all__ = ["FULL", "ROOMY", "DiskWatch"]

FULL: Final = "disk_full"
ROOMY: Final = "disk_has_room"
"""In the log, and as notices to viewers: what they see does not move, and nobody else tells them why."""

_log = structlog.get_logger("tidegate")


class DiskWatch:
    """What it has said last, the hub knows.

    Args:
        standing: how the disk stands; see `House.disk`.
        hub: whose viewers are told.
    """

    def __init__(self, standing: Callable[[], Mapping[str, int | bool]], hub: Hub) -> None:
        self._standing = standing
        self._hub = hub

    def look(self) -> None:
        """Say what has changed since the last look, if anything has. Once a second; costs a system call."""
        there = self._standing()
        if there["full"] == (FULL in self._hub.lasting):
            return
        if there["full"]:
            _log.error(FULL, free=there["free"], keep=there["keep"])
            self._hub.begin(FULL)
        else:
            _log.info(ROOMY, free=there["free"])
            self._hub.end(FULL, ROOMY)
