"""Every error Tidegate raises on purpose, and the one table of WebSocket close codes.

TidegateError
|- ConfigError          the person who starts it must change a setting; exit code 2
|  `- FileError         the file that a setting names cannot be taken; carries the slug and perhaps the place
|- RecordingError       a recording holds a line that is no event; exit code 65
|- StorageError         the disk refused; nothing more may be acknowledged; exit code 74
|  `- DataFolderLockedError  another process owns the data folder; exit code 2
`- ProtocolError        the peer broke the protocol; carries the slug and perhaps a close code
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

__all__ = [
    "CLOSE_CODES",
    "CloseCode",
    "ConfigError",
    "DataFolderLockedError",
    "FileError",
    "ProtocolError",
    "RecordingError",
    "Retry",
    "StorageError",
    "TidegateError",
]

EXIT_DRAINED = 0
EXIT_CONFIG = 2
EXIT_DATA = 65
EXIT_STORAGE = 74


class TidegateError(Exception):
    """Base of every error that is raised on purpose."""


class ConfigError(TidegateError):
    """A setting is wrong. `setting` is its name; the message is one line and holds it."""

    def __init__(self, setting: str, reason: str) -> None:
        super().__init__(f"{setting}: {reason}")
        self.setting = setting


class FileError(ConfigError):
    """What a setting names cannot be taken: `unreadable`, no `syntax`, or a `definition` in it that cannot run.

    `name` is whose definition it is, or nothing; line and column count from 1. The message holds them already.
    """

    def __init__(
        self, setting: str, reason: str, slug: str, place: tuple[int | None, int | None] = (None, None), name: str = ""
    ) -> None:
        super().__init__(setting, reason)
        self.reason = reason
        self.slug = slug
        self.line, self.column = place
        self.name = name


class RecordingError(TidegateError):
    """What is to be replayed cannot be read to its end. The message is one line and says where and why."""


class StorageError(TidegateError):
    """A write or a flush failed. The process must acknowledge nothing more and exit with 74."""


class DataFolderLockedError(StorageError):
    """Another live process holds the lock of the data folder."""


class ProtocolError(TidegateError):
    """The peer sent what the protocol forbids. `slug` goes into the `error` message; `close` ends the socket."""

    def __init__(self, slug: str, close: int | None = None) -> None:
        super().__init__(slug)
        self.slug = slug
        self.close = close


class Retry(Enum):
    """What a client does after a close code."""

    NEVER = "never"
    BACKOFF = "backoff"
    NOW = "now"


class CloseCode(NamedTuple):
    """One row of the table: the number on the wire, the reason sent with it, and the client's rule."""

    number: int
    reason: str
    retry: Retry


_ROWS = (
    CloseCode(1001, "going away", Retry.BACKOFF),
    CloseCode(1002, "protocol error", Retry.BACKOFF),
    CloseCode(1003, "unsupported data", Retry.NEVER),
    CloseCode(1007, "invalid text", Retry.BACKOFF),
    CloseCode(1008, "policy", Retry.BACKOFF),
    CloseCode(1009, "message too big", Retry.BACKOFF),
    CloseCode(1011, "internal error", Retry.BACKOFF),
    CloseCode(1012, "service restart", Retry.BACKOFF),
    CloseCode(1013, "try again later", Retry.BACKOFF),
    CloseCode(4000, "bad message", Retry.NEVER),
    CloseCode(4001, "unauthorized", Retry.NEVER),
    CloseCode(4003, "forbidden", Retry.NEVER),
    CloseCode(4006, "version not supported", Retry.NEVER),
    CloseCode(4009, "fenced by a newer connection", Retry.NEVER),
    CloseCode(4100, "too slow", Retry.BACKOFF),
    CloseCode(4101, "beyond credit", Retry.BACKOFF),
    CloseCode(4102, "rate limited", Retry.BACKOFF),
    CloseCode(4103, "heartbeat missed", Retry.BACKOFF),
    CloseCode(4108, "hello timeout", Retry.BACKOFF),
    CloseCode(4200, "rebalance", Retry.NOW),
    CloseCode(4201, "token expired", Retry.NOW),
)

CLOSE_CODES: dict[int, CloseCode] = {row.number: row for row in _ROWS}
"""Close code number -> its row. Codes that are not listed count as `Retry.BACKOFF` (1006 among them)."""
