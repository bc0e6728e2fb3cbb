"""A page of rows of a KPI: what the engine has and, before that, what the store kept, as one.

The engine is asked first and wins: what it lets go meanwhile is in hand, and what it says is newer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import orjson

from analytics import KpiSpec, Row
from analytics.definition import DefinitionError
from analytics.names import dims_key
from analytics.rowfilter import NoDimensionError, RowFilter
from gateway.core.chronicle import Series, row_of, series_of
from gateway.core.encoding import encode_row, matches
from gateway.server.csvrows import csv_rows
from gateway.server.house import House
from gateway.server.kpiquery import KpiQuery
from gateway.server.reply import Reply, error, json_reply
from gateway.store import Asked, EventLog, Page

__all__ = ["KpiRows", "merged"]

AT_ONCE: Final = 2
"""Pages that are made at a time, each with up to 50,000 rows in memory."""

PIECE_ROWS: Final = 1_000
"""Rows taken from the engine in one turn of the loop, about 1 ms."""

_EVER: Final = 1 << 61
_FIRST: Final = (-_EVER, 0)

_Place = tuple[int, int]
_Choice = Callable[[Sequence[Row]], list[Row]]


class _Mine(NamedTuple):
    """Rows out of the engine, and the window that comes next."""

    rows: list[Row]
    following: _Place | None


class KpiRows:
    """Answers queries of rows, each in a thread of its own but for the reading of the engine."""

    def __init__(self, house: House, log: EventLog) -> None:
        self._house = house
        self._log = log
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def page(self, query: KpiQuery) -> Reply:
        """A page, or what is wrong with the query."""
        house = self._house
        if self._spec(query.name) is None:
            return error(404, "unknown_kpi")
        async with self._turns:
            # What was acked before this request is in its answer, whether or not a tick has come since.
            await house.ingest.turn.walk(house.publishing(house.clock()))
            house.ingest.keep()
            engine = house.fold.engine
            spec = self._spec(query.name)
            if spec is None:  # since a moment ago
                return error(404, "unknown_kpi")
            try:
                chosen = None if query.where is None else _choice(query.where, list(spec.meta()["by"]))
            except NoDimensionError:
                return error(400, "no_dimension")
            except DefinitionError:
                return error(400, "bad_where")
            if spec in house.fold.filling:
                return _reply(query, spec, None, [], None, filling=True)
            watermark = engine.watermark(query.name)
            start, end = _bounds(query)
            series = series_of(spec)
            mine = await _taken(engine.finest_rows(query.name, start, end), series, query)
            return await asyncio.to_thread(self._answer, query, spec, series, chosen, mine, watermark)

    def _spec(self, name: str) -> KpiSpec | None:
        return next((spec for spec in self._house.fold.specs if spec.name == name), None)

    def _answer(
        self,
        query: KpiQuery,
        spec: KpiSpec,
        series: Series,
        chosen: _Choice | None,
        mine: _Mine,
        watermark: int | None,
    ) -> Reply:
        start, end = _bounds(query)
        place = query.after or _FIRST
        page = self._log.history(
            Asked(series.number, series.levels, series.nested, start, end, series.longest, place, query.limit)
        )

        def made(mine: _Mine) -> Reply:
            rows, following = merged(query.name, series, mine, page, query.limit)
            return _reply(query, spec, watermark, rows if chosen is None else chosen(rows), following)

        try:
            return made(mine)
        except Exception:
            fitting = self._house.misfits.without(mine.rows)
            if len(fitting) == len(mine.rows):
                raise
            return made(mine._replace(rows=fitting))


def _choice(text: str, by: Sequence[str]) -> _Choice:
    """The rows that a query asks for: by a condition in SQL, or by an object of dimensions and values as a subscription
    has it, with which no condition begins.

    Raises:
        NoDimensionError, DefinitionError: as `RowFilter`.
    """
    if not text.lstrip().startswith("{"):
        return RowFilter(text, by).keep
    try:
        where: dict[str, Any] = orjson.loads(text)
    except orjson.JSONDecodeError as e:
        raise DefinitionError("no object of dimensions and values") from e
    if any(isinstance(value, dict | list) for value in where.values()):
        raise DefinitionError("a dimension has one value")
    if not set(where) <= set(by):
        raise NoDimensionError("it names something that is no dimension", 0)
    return lambda rows: [row for row in rows if matches(row, where)]


def _reply(
    query: KpiQuery,
    spec: KpiSpec,
    watermark: int | None,
    rows: list[Row],
    following: _Place | None,
    *,
    filling: bool = False,
) -> Reply:
    token = None if following is None else f"{following[0]}.{following[1]}"
    if query.fmt == "csv":
        headers = {} if token is None else {"Tidegate-Next": token}
        return Reply(200, csv_rows(rows, whole=query.whole), "text/csv; charset=utf-8", headers)
    body = b'{"kpi":%b,"meta":%b,"filling":%b,"watermark":%b,"next":%b,"rows":[%b]}' % (
        orjson.dumps(query.name),
        orjson.dumps(spec.meta()),
        orjson.dumps(filling),
        orjson.dumps(watermark),
        orjson.dumps(token),
        b",".join([encode_row(row).json for row in rows]),
    )
    return json_reply(200, body)


def _bounds(query: KpiQuery) -> _Place:
    return -_EVER if query.start is None else query.start, _EVER if query.end is None else query.end


async def _taken(rows: Iterator[Row], series: Series, query: KpiQuery) -> _Mine:
    """Whole windows from the place that the page begins with, up to about its limit."""
    taken: list[Row] = []
    begin, last, looked = query.after or _FIRST, _FIRST, 0
    for row in rows:
        looked += 1
        if looked % PIECE_ROWS == 0:
            await asyncio.sleep(0)
        place = row.start, series.mark(row.end)
        if place < begin:
            continue
        if len(taken) >= query.limit and place != last:
            return _Mine(taken, place)
        taken.append(row)
        last = place
    return _Mine(taken, None)


def merged(kpi: str, series: Series, mine: _Mine, page: Page, limit: int) -> tuple[list[Row], _Place | None]:
    """One row for each identity, in order of window and dims, whole windows up to about `limit` rows; and the window
    that comes next. Of two rows of one identity the engine's counts.
    """
    bound = min((place for place in (mine.following, page.following) if place is not None), default=None)
    found = {(s, mark, dims): row_of(kpi, s, end, dims, body) for s, mark, end, dims, body in page.rows}
    for row in mine.rows:
        if row.start >= page.finest_from:
            found[row.start, series.mark(row.end), orjson.dumps(row.dims)] = row
    rows = sorted(found.values(), key=lambda row: (row.start, series.mark(row.end), dims_key(row.dims)))
    kept: list[Row] = []
    last: _Place | None = None
    for row in rows:
        place = row.start, series.mark(row.end)
        if (bound is not None and place >= bound) or (len(kept) >= limit and place != last):
            return kept, place if bound is None else min(place, bound)
        kept.append(row)
        last = place
    return kept, bound
