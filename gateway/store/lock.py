"""One process per data folder, held by the kernel: a crash frees it, a stale file does not block."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from gateway.errors import DataFolderLockedError
from gateway.store.faults import refused

__all__ = ["FolderLock"]

_FILE = "lock"


class FolderLock:
    """The exclusive right to a data folder, from `acquire` until `release` or the end of the process."""

    def __init__(self, descriptor: int) -> None:
        # The open lock file; None once released.
        self._descriptor: int | None = descriptor

    @classmethod
    def acquire(cls, folder: Path) -> FolderLock:
        """Take the lock of `folder` or refuse at once, without waiting.

        The lock file stays when the lock goes: removing it would let two processes lock two files of one name.

        Raises:
            DataFolderLockedError: another live process (or another log in this one) has it; the message names its id.
            ConfigError: the lock file cannot be made.
            DiskFullError, StorageError: the disk is full or fails.
        """
        file = folder / _FILE
        try:
            descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise refused(error, f"cannot write in {folder}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(descriptor)
            raise DataFolderLockedError(f"data: {folder} is in use by process {holder}") from None
        except OSError as error:
            os.close(descriptor)
            raise refused(error, f"cannot lock {file}") from error
        try:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
        except OSError:
            pass  # the id is a courtesy to the reader of the message; a full disk must not stop a start
        return cls(descriptor)

    def release(self) -> None:
        """Give the folder up. Safe to call twice."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
