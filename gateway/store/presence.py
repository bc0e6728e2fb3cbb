"""Whether the files of the database are still the ones that were opened.

Who removes or replaces an open file takes nothing from the process that has it open: it would go on writing, and
acknowledge what no later start can find.
"""

from __future__ import annotations

import os
from pathlib import Path

from gateway.store import schema

__all__ = ["Presence"]


class Presence:
    """Knows the database file, its write-ahead log and that one's index as they are when it is made."""

    def __init__(self, file: Path) -> None:
        self.file = file
        paths = (file, schema.wal_file(file), file.with_name(file.name + "-shm"))
        self._known = {path: found for path in paths if (found := _identity(path)) is not None}

    def gone(self) -> Path | None:
        """The first that is not there any more, or is another file. About 5 us."""
        return next((path for path, known in self._known.items() if _identity(path) != known), None)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
