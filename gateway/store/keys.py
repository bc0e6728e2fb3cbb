"""The keys of a gateway that was given none: made once, at its first start, and kept in the data folder."""

from __future__ import annotations

import secrets
import tomllib
from pathlib import Path
from typing import NamedTuple

from gateway.errors import ConfigError
from gateway.store import folder as data_folder
from gateway.store.faults import refused

__all__ = ["Keys", "kept", "load_or_create"]

_FILE = "keys.toml"
_MODE = 0o600


class Keys(NamedTuple):
    """One key for producers, one for viewers. `created` is true at the one start that made them: print them then."""

    write: str
    view: str
    created: bool


def load_or_create(folder: Path) -> Keys:
    """The keys kept in `folder`, made if there are none. Call it under the folder's lock, so that they are made once.

    Each key carries 192 random bits and only characters that a URL fragment takes as they are. The file is for its
    owner alone (mode 0600); a wider mode, say from a restored copy, is narrowed again.

    Raises:
        ConfigError: the file cannot be read or written, or is not what was written here.
        DiskFullError, StorageError: the disk is full or fails.
    """
    folder = data_folder.create(folder)
    file = folder / _FILE
    try:
        text = file.read_text("utf-8") if file.exists() else None
        if text is not None and file.stat().st_mode & 0o077:
            file.chmod(_MODE)
    except OSError as error:
        raise refused(error, f"cannot read {file}") from error
    except UnicodeDecodeError:
        raise ConfigError("data", f"{file} is damaged; remove it and new keys are made") from None
    return _create(file) if text is None else _parse(file, text)


def kept(folder: Path) -> Keys | None:
    """The keys kept in `folder`, for someone who only reads it; None: there are none, or not for this user.

    Raises:
        ConfigError: the file is not what was written here.
    """
    file = folder / _FILE
    try:
        return _parse(file, file.read_text("utf-8"))
    except OSError:
        return None
    except UnicodeDecodeError:
        raise ConfigError("data", f"{file} is damaged; remove it and new keys are made") from None


def _create(file: Path) -> Keys:
    keys = Keys("w_" + secrets.token_urlsafe(24), "v_" + secrets.token_urlsafe(24), created=True)
    try:
        data_folder.write_whole(file, f'write = "{keys.write}"\nview = "{keys.view}"\n'.encode("ascii"), _MODE)
    except OSError as error:
        raise refused(error, f"cannot write {file}") from error
    return keys


def _parse(file: Path, text: str) -> Keys:
    try:
        values = tomllib.loads(text)
    except (ValueError, RecursionError):
        # Not the parser's own words: they may hold a piece of a key.
        raise ConfigError("data", f"{file} is damaged; remove it and new keys are made") from None
    write, view = values.get("write"), values.get("view")
    if not (isinstance(write, str) and isinstance(view, str) and write and view):
        raise ConfigError("data", f"{file} is damaged; remove it and new keys are made")
    return Keys(write, view, created=False)
