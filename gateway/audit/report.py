"""The windows of an audit as a table for people, or as lines of JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from gateway.audit.verdict import Compared, Totals

__all__ = ["FORMATS", "lines", "summary", "table"]

FORMATS: Final = ("table", "json")
WIDTHS: Final = (23, 23, 24, 16, 16, 12, 6)
"""Columns of the table; what is longer pushes the rest aside."""
HEADS: Final = ("start", "end", "dims", "live", "audited", "difference", "late")


def table(windows: Iterable[Compared]) -> Iterator[bytes]:
    """One line a window under a head; a window that differs ends in a word."""
    yield _row(HEADS, "")
    for window in windows:
        cells = (
            _moment(window.start),
            _moment(window.end),
            ", ".join(_text(value) for value in window.dims.values()) or "-",
            _text(window.live),
            _text(window.audited),
            _text(window.difference),
            str(window.late) if window.late else "-",
        )
        word = "" if window.agrees else window.kind if window.kind in ("missing", "unfounded") else "differs"
        yield _row(cells, word)


def lines(kpi: str, windows: Iterable[Compared]) -> Iterator[bytes]:
    """One JSON object a window."""
    for window in windows:
        yield orjson.dumps({"kpi": kpi} | window._asdict(), option=orjson.OPT_APPEND_NEWLINE)


def summary(name: str, totals: Totals, notes: Iterable[str]) -> str:
    """The last line, for the standard error."""
    parts = [f"{name}: {totals.compared} windows compared", f"{totals.differing} differ"]
    for count, what in (
        (totals.late, "touched by late events"),
        (totals.open, "open"),
        (totals.gone, "older than what is kept"),
        (totals.coarse, "kept in a coarser form only"),
    ):
        if count:
            parts.append(f"{count} {what}")
    return "; ".join([*parts, *notes])


def _row(cells: Iterable[str], word: str) -> bytes:
    padded = [cell.ljust(width) for cell, width in zip(cells, WIDTHS, strict=True)]
    return "  ".join([*padded, word]).rstrip().encode("utf-8", "replace") + b"\n"


def _moment(ms: int) -> str:
    seconds, rest = divmod(ms, 1_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:03d}"


def _text(value: Any) -> str:
    """A value on one line, without what a terminal would take for a command."""
    if value is None:
        return "-"
    if type(value) is float:
        return f"{value:.9g}"
    return value if type(value) is str and value.isprintable() else orjson.dumps(value).decode()
