"""Errors of SQLite and the disk in our words: which pass, which end the process, which are a wrong setting."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

from gateway.errors import ConfigError, StorageError, TidegateError
from gateway.store.results import DiskFullError, StoreBusyError

__all__ = ["is_malformed", "refused", "translate"]

_PASSING = {
    sqlite3.SQLITE_FULL: DiskFullError,
    sqlite3.SQLITE_BUSY: StoreBusyError,
    sqlite3.SQLITE_LOCKED: StoreBusyError,
}


def translate(error: sqlite3.Error, file: Path) -> TidegateError:
    """The error to hand on, naming `file`: `DiskFullError` and `StoreBusyError` pass, `StorageError` does not.

    A failed flush is never tried again: the kernel marks the pages clean, so a second flush would succeed and lie.
    """
    code = getattr(error, "sqlite_errorcode", None)
    if is_malformed(error):
        return StorageError(f"{file} is damaged ({error}); it was left as it is: restore it or move it away")
    if code == sqlite3.SQLITE_IOERR_SHMSIZE:
        # Only the index of the log (rebuilt at every start) could not grow, which is want of room and nothing worse.
        return DiskFullError(f"{file}: no room for the index of the log")
    kind = _PASSING.get(code & 0xFF, StorageError) if isinstance(code, int) else StorageError
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    return kind(f"{file}: {error} ({name})")


def refused(error: OSError, what: str) -> TidegateError:
    """The error for a file or folder that was not to be had, beginning with `what`.

    No room is `DiskFullError`, a failing disk `StorageError`; all else (permissions, a file in the way) is to be mended
    by another `data` and a `ConfigError`.
    """
    reason = f"{what}: {error.strerror}"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFullError(reason)
    return StorageError(reason) if error.errno == errno.EIO else ConfigError("data", reason)


def is_malformed(error: sqlite3.Error) -> bool:
    """True when SQLite says that the file is damaged or no database: it is kept as it is, for a person to see."""
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(code, int) and code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
