"""Errors of SQLite and the disk in our words."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

import pytest

from gateway.errors import ConfigError, StorageError, TidegateError
from gateway.store import DiskFullError, StoreBusyError
from gateway.store.faults import is_malformed, refused, translate

FILE = Path("folder") / "events.db"


def fault(code: int, text: str = "what SQLite says") -> sqlite3.Error:
    """An error as the module raises it, with its code."""
    error = sqlite3.OperationalError(text)
    error.sqlite_errorcode = code
    error.sqlite_errorname = "SQLITE_SOMETHING"
    return error


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (sqlite3.SQLITE_FULL, DiskFullError),
        (sqlite3.SQLITE_IOERR_SHMSIZE, DiskFullError),
        (sqlite3.SQLITE_BUSY, StoreBusyError),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, StoreBusyError),
        (sqlite3.SQLITE_LOCKED, StoreBusyError),
        (sqlite3.SQLITE_IOERR, StorageError),
        (sqlite3.SQLITE_IOERR_FSYNC, StorageError),
        (sqlite3.SQLITE_IOERR_WRITE, StorageError),
        (sqlite3.SQLITE_CORRUPT, StorageError),
        (sqlite3.SQLITE_NOMEM, StorageError),
        (sqlite3.SQLITE_READONLY, StorageError),
    ],
)
def test_only_want_of_room_and_foreign_locks_pass(code: int, kind: type[TidegateError]) -> None:
    """Each code becomes the error that says whether to go on, and names the file."""
    error = translate(fault(code), FILE)
    assert type(error) is kind
    assert str(FILE) in str(error)


def test_an_error_without_a_code_ends_writing() -> None:
    """What is not known is not waved through."""
    assert type(translate(sqlite3.ProgrammingError("odd"), FILE)) is StorageError


@pytest.mark.parametrize(
    ("code", "malformed"),
    [(sqlite3.SQLITE_CORRUPT, True), (sqlite3.SQLITE_NOTADB, True), (sqlite3.SQLITE_IOERR, False)],
)
def test_damage_is_told_from_failure(code: int, malformed: bool) -> None:
    """Only a damaged file is called damaged; it was left as it is."""
    assert is_malformed(fault(code)) is malformed
    assert ("left as it is" in str(translate(fault(code), FILE))) is malformed


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (errno.ENOSPC, DiskFullError),
        (errno.EDQUOT, DiskFullError),
        (errno.EIO, StorageError),
        (errno.EACCES, ConfigError),
        (errno.EROFS, ConfigError),
        (errno.ENOTDIR, ConfigError),
    ],
)
def test_only_what_a_setting_can_mend_is_a_wrong_setting(code: int, kind: type[TidegateError]) -> None:
    """A full or failing disk is none; the message begins with what was tried and ends with the reason."""
    error = refused(OSError(code, os.strerror(code)), "cannot write x")
    assert type(error) is kind
    assert str(error).removeprefix("data: ") == f"cannot write x: {os.strerror(code)}"
