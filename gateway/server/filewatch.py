"""When a file has another content: told by its inode, size and time of change, one system call a look."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

__all__ = ["FileWatch"]

_Look: TypeAlias = tuple[int, int, int] | None
"""Inode, size and time of change; None: there is no file."""


class FileWatch:
    """One file. A change is one when two looks in a row found the same, so that no file is read half written."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        # What was read last, and the last look.
        self._read = self._seen = self._look()

    def read(self) -> None:
        """The file is about to be read: as it is now, it is no change any more."""
        self._read = self._look()

    def changed(self) -> bool:
        """Look, and say whether the file is to be read. One that is gone is waited for."""
        before, self._seen = self._seen, self._look()
        return self._seen is not None and self._seen == before and self._seen != self._read

    def _look(self) -> _Look:
        if self._path is None:
            return None
        try:
            stat = self._path.stat()
        except OSError:
            return None
        return stat.st_ino, stat.st_size, stat.st_mtime_ns
