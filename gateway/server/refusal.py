"""A file that was changed while the gateway runs, and could not be taken: what operators are told of it."""

from __future__ import annotations

from typing import NamedTuple

from analytics import KpiError
from gateway.errors import ConfigError, FileError

__all__ = ["Refusal"]


class Refusal(NamedTuple):
    """Why what is in the file does not run. It stands until the file is taken."""

    at: int
    """When it was refused, epoch milliseconds."""
    file: str
    slug: str
    """`unreadable`, `syntax`, `definition` or `memory`."""
    name: str
    """Of the KPI or board that it is about; empty when it is about the file."""
    line: int | None
    column: int | None
    reason: str
    """One line, as in the log."""

    @classmethod
    def of(cls, error: KpiError | ConfigError, file: str, now: int) -> Refusal:
        """What an error says.

        >>> Refusal.of(KpiError("checkout", "there is no function median(..)", 4, 21), "kpis.toml", 0)[2:6]
        ('definition', 'checkout', 4, 21)
        """
        if isinstance(error, KpiError):
            name = "" if error.of_file else error.kpi
            return cls(now, file, error.slug, name, error.line, error.column, str(error))
        if isinstance(error, FileError):
            return cls(now, file, error.slug, error.name, error.line, error.column, str(error))
        return cls(now, file, "unreadable", "", None, None, str(error))
