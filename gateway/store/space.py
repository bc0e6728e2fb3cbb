"""Room on the disk: below a low-water mark nothing is taken in, so that what runs has room to end well."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import NamedTuple, Protocol

__all__ = ["Disk", "LocalDisk", "Room", "Space", "low_water"]

LOW_WATER = 4 << 20
"""Bytes kept free: one WAL between two checkpoints, with as much again for what else writes to the disk."""

LOW_WATER_SHARE = 20
"""On a small disk the mark is one part in so many."""


class Room(NamedTuple):
    """Bytes of a file system: what we may still take, and all there are. `total` 0 means that it does not say."""

    free: int
    total: int


class Disk(Protocol):
    """Where the free room is read from. Tests hand in one of their own."""

    def room(self, folder: Path) -> Room:
        """The room of the file system that holds `folder`."""


class LocalDisk:
    """The real one. A reading is used for `FRESH_S`: each costs the writer thread a hand-over of the interpreter."""

    FRESH_S = 0.05

    def __init__(self) -> None:
        self._reading = Room(0, 0)
        # Monotonic seconds until which the reading is used.
        self._until = 0.0

    def room(self, folder: Path) -> Room:
        """A reading of at most `FRESH_S` ago; safe from several threads."""
        now = time.monotonic()
        if now >= self._until:
            stat = os.statvfs(folder)
            self._reading = Room(stat.f_bavail * stat.f_frsize, stat.f_blocks * stat.f_frsize)
            self._until = now + self.FRESH_S
        return self._reading


def low_water(total: int) -> int:
    """Bytes to keep free on a disk of `total` bytes: 4 MiB or 5 %, whichever is smaller.

    >>> low_water(100 << 30), low_water(20 << 20)
    (4194304, 1048576)
    """
    return min(LOW_WATER, total // LOW_WATER_SHARE)


class Space:
    """The question the writer asks before each transaction."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        self._folder = folder
        self._disk = disk

    def fits(self, size: int) -> bool:
        """Whether `size` more bytes leave the low-water mark free. Unknown sizes fit: the disk itself will tell."""
        room = self._room()
        return room.total == 0 or room.free - size >= low_water(room.total)

    def standing(self) -> dict[str, int | bool]:
        """For operators: bytes `free` and in `total`, bytes that are to stay free (`keep`), and whether it is `full`.

        Zeros where the file system does not say. Costs a system call, at most.
        """
        room = self._room()
        keep = low_water(room.total)
        return {"free": room.free, "total": room.total, "keep": keep, "full": room.free < keep}

    def _room(self) -> Room:
        try:
            return self._disk.room(self._folder)
        except OSError:
            return Room(0, 0)
