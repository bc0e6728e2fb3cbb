"""The data folder: made so that a power cut cannot take it away, with files that appear whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from gateway.errors import ConfigError
from gateway.store.faults import refused

__all__ = ["create", "sync", "write_whole"]


def create(folder: Path) -> Path:
    """The absolute path of `folder`, made with its parents (mode 0700: it will hold what visitors did) and flushed.

    Raises:
        ConfigError: something else has the name, or the place is not writable.
        DiskFullError, StorageError: the disk is full or fails.
    """
    folder = folder.absolute()
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        for path in reversed(missing):
            path.mkdir(mode=0o700, exist_ok=True)
            sync(path.parent)
        if not folder.is_dir():
            raise ConfigError("data", f"{folder} is not a folder")
    except OSError as error:
        raise refused(error, f"cannot create {folder}") from error
    return folder


def sync(folder: Path) -> None:
    """Flush the names in `folder`: without it, a file that was itself flushed may be gone after a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_whole(file: Path, content: bytes, mode: int) -> None:
    """Put `content` in `file`, flushed; a crash leaves the old file, the new one, or none, but never a part.

    Raises:
        OSError: the disk or the permissions refused.
    """
    draft = file.with_name(file.name + ".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        os.fchmod(descriptor, mode)  # the umask may have taken bits away
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    draft.replace(file)
    sync(file.parent)
