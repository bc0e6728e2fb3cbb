"""What is asked of the rows of a KPI: the parameters of the query, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from analytics.rowfilter import MAX_CONDITION
from gateway.server.reply import Reply, error

__all__ = ["DEFAULT_ROWS", "MOST_ROWS", "KpiQuery", "read_query"]

DEFAULT_ROWS: Final = 10_000
"""Rows of a page, about 1 MB."""
MOST_ROWS: Final = 50_000

_WHOLE: Final = re.compile(r"-?[0-9]{1,15}")
_COUNT: Final = re.compile(r"[0-9]{1,9}")
_AFTER: Final = re.compile(r"(-?[0-9]{1,15})\.([0-9]{1,15})")


class KpiQuery(NamedTuple):
    """A page of rows. Times are epoch milliseconds."""

    name: str
    start: int | None = None
    end: int | None = None
    """Windows that overlap [start, end); None: without a bound."""
    fmt: str = "json"
    """json or csv."""
    where: str | None = None
    """SQL over the dimensions, not read yet."""
    limit: int = DEFAULT_ROWS
    after: tuple[int, int] | None = None
    """The window that the page begins with, by start and mark."""
    whole: bool = False
    """CSV: all columns, not only those that every row has a use for."""


def read_query(name: str, parameters: Mapping[str, str]) -> KpiQuery | Reply:
    """The query, or the answer that says which parameter is wrong."""
    times: list[int | None] = []
    for word in ("from", "to"):
        text = parameters.get(word)
        if text is not None and not _WHOLE.fullmatch(text):
            return error(400, f"bad_{word}")
        times.append(None if text is None else int(text))
    start, end = times
    if start is not None and end is not None and start > end:
        return error(400, "bad_range")
    fmt = parameters.get("format", "json")
    if fmt not in ("json", "csv"):
        return error(400, "bad_format")
    columns = parameters.get("columns")
    if columns not in (None, "all"):
        return error(400, "bad_columns")
    where = parameters.get("where")
    if where is not None and len(where) > MAX_CONDITION:
        return error(400, "long_where")
    limit = parameters.get("limit", str(DEFAULT_ROWS))
    if not _COUNT.fullmatch(limit) or not 1 <= int(limit) <= MOST_ROWS:
        return error(400, "bad_limit")
    after = parameters.get("after")
    place = None if after is None else _AFTER.fullmatch(after)
    if after is not None and place is None:
        return error(400, "bad_after")
    page = place and (int(place[1]), int(place[2]))
    return KpiQuery(name, start, end, fmt, where, int(limit), page, columns is not None)
