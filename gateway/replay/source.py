"""The bytes of a recording: a file, a gzip file, or what is piped in."""

from __future__ import annotations

import gzip
import os
import sys
import zlib
from collections.abc import Iterator

from gateway.errors import ConfigError, RecordingError

__all__ = ["PIECE", "pieces"]

PIECE = 1 << 20
"""Bytes read at a time: some thousand events, enough for columns to pay."""


def pieces(name: str, size: int = PIECE) -> Iterator[bytes]:
    """What is in the file `name`, unpacked if it ends in `.gz`, or on the standard input for `-`.

    A pipe is read as it fills, so that rows come while it is written to.

    Raises:
        ConfigError: there is no such file, or it may not be read.
        RecordingError: reading broke off, or the gzip data is damaged or ends early; the message is the reason alone.
            What could be read has come by then.
    """
    try:
        if name == "-":
            descriptor = sys.stdin.fileno()
            while piece := os.read(descriptor, size):
                yield piece
        elif name.endswith(".gz"):
            with gzip.open(name, "rb") as packed:
                yield from _unpacked(packed, size)
        else:
            with open(name, "rb", buffering=0) as plain:
                while piece := plain.read(size):
                    yield piece
    except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
        raise ConfigError("replay", f"cannot read {name}: {error.strerror}") from error
    except (OSError, EOFError, zlib.error) as error:
        raise RecordingError(str(error)) from error


def _unpacked(packed: gzip.GzipFile, size: int) -> Iterator[bytes]:
    """`read` would lose what it has unpacked when it meets the place that is damaged."""
    broken: Exception | None = None
    while broken is None:
        parts, missing = list[bytes](), size
        try:
            while missing and (part := packed.read1(missing)):
                parts.append(part)
                missing -= len(part)
        except (OSError, EOFError, zlib.error) as error:
            broken = error
        if parts:
            yield b"".join(parts)
        if missing and broken is None:
            return
    raise broken
