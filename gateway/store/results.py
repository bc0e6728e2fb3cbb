"""What the writer thread answers to `append` and `snapshot`, and the two refusals that may be tried again."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from gateway.errors import TidegateError

__all__ = ["Committed", "DiskFullError", "Done", "Failed", "Result", "StoreBusyError"]


class DiskFullError(TidegateError):
    """No room for the row. Nothing was written and nothing may be acknowledged; the same call may be tried later."""


class StoreBusyError(TidegateError):
    """The queue is full, or a foreign program holds the database. Nothing was written; the call may be tried later."""


class Committed(NamedTuple):
    """The call is on disk, flushed. `position` is the row's; for a snapshot it is the one that was passed in."""

    position: int
    seconds: float
    """How long the transaction took, flush included. Calls that shared one transaction all carry its whole time."""
    bytes: int
    """Payload bytes of this call."""


class Failed(NamedTuple):
    """Nothing of the call is promised; after a storage failure a restart may still find it, un-acknowledged."""

    error: TidegateError

    @property
    def retryable(self) -> bool:
        """True: the store lives and the call may be repeated. False: acknowledge nothing more and exit 74."""
        return isinstance(self.error, (DiskFullError, StoreBusyError))


Result: TypeAlias = Committed | Failed
Done: TypeAlias = Callable[[Result], None]
