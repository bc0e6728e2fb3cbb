"""Whether the files of the database are still the ones that were opened.

Who removes or replaces an open file takes nothing from the process that has it open: it would go on writing, and
acknowledge what no later start can find.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path

from gateway.errors import StorageError
from gateway.store import schema

__all__ = ["Presence"]


class Presence:
    """Knows the database file, its write-ahead log and that one's index as they are when it is made.

    Args:
        file: the database.
        connection: the one that writes to it.
    """

    def __init__(self, file: Path, connection: sqlite3.Connection) -> None:
        self._file = file
        self._connection = connection
        paths = (file, schema.wal_file(file), file.with_name(file.name + "-shm"))
        self._known = {path: found for path in paths if (found := _identity(path)) is not None}

    def check(self) -> None:
        """Behind a commit and before its answers. About 5 us.

        Raises:
            StorageError: one of them is not there any more, or is another file. What was only in the write-ahead log
                was put into the database file, where that is left.
        """
        gone = next((path for path, known in self._known.items() if _identity(path) != known), None)
        if gone is None:
            return
        if gone != self._file:
            with suppress(sqlite3.Error):
                self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        raise StorageError(f"{gone} was removed or replaced while it was in use")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
