"""Rows that cannot be encoded: left out, so that one KPI's mistake does not end the gateway for all others."""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from analytics import Row
from gateway.core.encoding import encode_row

__all__ = ["Misfits"]

_log = structlog.get_logger("tidegate")


class Misfits:
    """Finds such rows once something has failed; nothing is looked at while all goes well."""

    def __init__(self) -> None:
        # Rows left out, by KPI; a row counts each time it would have gone out. KPI files bound the names.
        self.counts: dict[str, int] = {}

    def is_one(self, row: Row) -> bool:
        """Whether the row cannot be encoded; it is counted then, and the first of its KPI is logged. About 2 us."""
        try:
            encode_row(row)
        except Exception as error:  # whatever it is, it is the row's
            if row.kpi not in self.counts:
                _log.error("row_unencodable", kpi=row.kpi, start=row.start, reason=str(error))
            self.counts[row.kpi] = self.counts.get(row.kpi, 0) + 1
            return True
        return False

    def without(self, rows: Iterable[Row]) -> list[Row]:
        """The rows that can be encoded."""
        return [row for row in rows if not self.is_one(row)]
