"""A disk that fills up, and has room again: said in the log when it happens, since nothing fails meanwhile."""

from __future__ import annotations

import structlog

from gateway.store import Space

__all__ = ["DiskWatch"]

_log = structlog.get_logger("tidegate")


class DiskWatch:
    """Knows what it has said."""

    def __init__(self, space: Space) -> None:
        self._space = space
        self._full = False

    def look(self) -> None:
        """Say what has changed since the last look, if anything has. Once a second; costs a system call."""
        there = self._space.standing()
        if there["full"] == self._full:
            return
        self._full = bool(there["full"])
        if self._full:
            _log.error("disk_full", free=there["free"], keep=there["keep"])
        else:
            _log.info("disk_has_room", free=there["free"])
