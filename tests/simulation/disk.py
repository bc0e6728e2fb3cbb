"""A disk with a page cache that keeps only what was flushed, fails when the dice say so, and stops at a crash.

Its pages after a power cut are those of `tests.store.powercut`: each one that changed since the last flush is any of
its states since then, on its own, perhaps torn at a sector. A failed flush leaves pages clean that never got there.
A file's name lasts from the moment it is made: what names need is held by tests/store/test_powercut.py.
"""

from __future__ import annotations

import errno
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from gateway.store.schema import PAGE_BYTES
from tests.store.powercut import SECTOR, Inode, Truncate, Write, _apply

PIECE = 16_384

__all__ = ["CrashError", "Disk", "Faults", "RefusedError"]


@dataclass(frozen=True)
class Faults:
    """Chances of each fault, for one operation of its kind."""

    write_eio: float = 0.0
    write_full: float = 0.0
    """No room: nothing of the write is there."""
    write_short: float = 0.0
    """No room behind a part of it, which is there; what fits in a sector is whole or not there."""
    sync_eio: float = 0.0
    read_eio: float = 0.0
    crash: float = 0.0
    """The machine stops at this write or flush."""


class RefusedError(Exception):
    """The operation failed; `kind` is the name of the fault."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class CrashError(RefusedError):
    """The machine has stopped: nothing that it does from now on happens."""


class File(Inode):
    """A file as the process sees it, as it is on the medium, and what lies between."""

    def __init__(self) -> None:
        super().__init__()
        self.medium = bytearray()

    def flush(self) -> None:
        """All that changed since the last flush is on the medium."""
        for change in self.changes:
            _apply(self.medium, change)
        self.changes.clear()

    def lose(self, chance: random.Random) -> None:
        """A flush failed: any of it is on the medium, and none of it will be flushed again."""
        self.medium = bytearray(self.after_cut(chance))
        self.changes.clear()

    def after_cut(self, chance: random.Random) -> bytes:
        """One of the contents that a cut at this moment may leave."""
        self.durable = bytes(self.medium)
        return super().after_cut(chance)


class Disk:
    """Files by path. `during` is called while a write or a flush is under way: the rest of the process goes on then."""

    def __init__(self, chance: random.Random, faults: Faults) -> None:
        self.files: dict[str, File] = {}
        self.faults = faults
        self.stopped = False
        self.seen: Counter[str] = Counter()
        self.during: Callable[[], None] = lambda: None
        self._chance = chance

    def open(self, path: str) -> File:
        """The file of this name, made if it is not there."""
        return self.files.setdefault(path, File())

    def read(self, file: File, offset: int, size: int) -> bytes:
        """Raises RefusedError."""
        self._check()
        self._strike("read_eio")
        return bytes(file.now[offset : offset + size])

    def write(self, file: File, offset: int, content: bytes) -> None:
        """Raises RefusedError."""
        self._check()
        self.during()
        self._maybe_crash(lambda: file.apply(Write(offset, content)))
        self._strike("write_eio")
        self._strike("write_full")
        if len(content) > SECTOR and self._chance.random() < self.faults.write_short:
            self.seen["write_short"] += 1
            file.apply(Write(offset, content[: self._chance.randrange(0, len(content), SECTOR)]))
            raise RefusedError("write_full")
        file.apply(Write(offset, content))

    def truncate(self, file: File, size: int) -> None:
        """Raises RefusedError."""
        self._check()
        file.apply(Truncate(size))

    def sync(self, file: File) -> None:
        """Raises RefusedError."""
        self._check()
        self.during()
        self._maybe_crash(lambda: None)
        if self._chance.random() < self.faults.sync_eio:
            self.seen["sync_eio"] += 1
            file.lose(self._chance)
            raise RefusedError("sync_eio")
        file.flush()
        self.seen["flush"] += 1

    def write_anew(self, path: str) -> None:
        """What `wal.write_anew` does to a file. Raises OSError."""
        file = self.files.get(path)
        try:
            if file is not None:
                for at in range(0, len(file.now), PIECE):
                    self.write(file, at, self.read(file, at, PIECE))
                self.sync(file)
        except RefusedError as refused:
            raise OSError(errno.ENOSPC if refused.kind == "write_full" else errno.EIO, refused.kind) from refused

    def empty_unmade(self, path: str) -> None:
        """What `schema.empty_unmade` does to a file. Raises OSError."""
        file, log = self.files.get(path), self.files.get(path + "-wal")
        if file is None or (log is not None and log.now) or len(file.now) > PAGE_BYTES or any(file.now):
            return
        try:
            self.truncate(file, 0)
            self.sync(file)
        except RefusedError as refused:
            raise OSError(errno.EIO, refused.kind) from refused

    def kill(self) -> None:
        """The process is gone, the machine is not: files are as it saw them."""
        self.stopped = False

    def cut_power(self) -> None:
        """The machine is gone, and comes back with one of the states that the medium may be in."""
        self.stopped = False
        for file in self.files.values():
            torn = bool(file.changes)
            content = file.after_cut(self._chance)
            self.seen["pages_lost"] += torn and content != bytes(file.now)
            file.now, file.medium = bytearray(content), bytearray(content)
            file.changes.clear()

    def _check(self) -> None:
        if self.stopped:
            raise CrashError("stopped")

    def _maybe_crash(self, half: Callable[[], None]) -> None:
        if self._chance.random() < self.faults.crash:
            if self._chance.random() < 0.5:
                half()
            self.seen["crash_in_io"] += 1
            self.stopped = True
            raise CrashError("stopped")

    def _strike(self, kind: str) -> None:
        if self._chance.random() < getattr(self.faults, kind):
            self.seen[kind] += 1
            raise RefusedError(kind)
