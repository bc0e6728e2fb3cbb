"""One KPI as queries over the table `events`, and their answers as windows.

`events` has a row for each event that the gateway took: `n` its number in the log, `t` its time, `mark` the watermark
that it met, and three columns for each one that the definition reads (see `terms`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from statistics import median
from typing import Any, Final, NamedTuple, Protocol

from analytics import KpiSpec
from analytics.label import label
from analytics.window import UTC
from analytics.zone import midnights
from gateway.audit.aggregates import DAY, Asked, Funnel, Retention, Top, read_value
from gateway.audit.levels import level
from gateway.audit.spans import Spans, floored, in_order
from gateway.audit.terms import Columns, Terms, unsupported
from gateway.audit.visits import cut

__all__ = ["Answer", "Database", "Place", "Question", "dims_of"]

OTHER: Final = "__other__"
_FOLDED: Final = "other"
_LIKE_OTHER: Final = f"3:{OTHER}"
"""A value that reads like it. A combination of such values only is part of the folded row, as it is live."""
Place = tuple[int, int, tuple[str | None, ...]]
"""Start and end of a window, and its key, as texts under which values of different kinds stay apart."""


class Database(Protocol):
    """What a question asks: a connection of DuckDB."""

    def execute(self, query: str) -> Any: ...


class Answer(NamedTuple):
    """A window as audited."""

    value: Any
    events: int
    late: int
    """Events that came when the window was closed already."""


class Question:
    """What is asked about one KPI.

    Args:
        spec: the KPI, which the engine has taken.
        span: windows that overlap [start, end); None is open.
        on_time: leave out what came when the window was closed.

    Raises:
        ConfigError: the definition holds something that cannot be audited, which is named.
    """

    def __init__(self, spec: KpiSpec, span: tuple[int | None, int | None] = (None, None), *, on_time: bool) -> None:
        made = spec.compile()
        self.columns = Columns()
        self.spec, self.by = spec, made.by
        self.asked: Asked = read_value(spec.value, self.columns)
        alone = self.asked.alone
        # A cohort takes events until its last period has passed; where days are not of 24 hours, about until then.
        waits = alone.setting.ms * alone.setting.periods if isinstance(alone, Retention) else 0
        self.spans = Spans(made.window, made.grace + waits)
        self._where = Terms(spec.where, self.columns).read().truth if spec.where else "TRUE"
        self._keys = [self.columns.term(column).key for column in made.by]
        self._user = self.columns.term("distinct_id").key
        self._span, self._on_time = span, on_time
        self.delay = made.delay
        if self.spans.sessions and (self.asked.sessions or isinstance(self.asked.alone, Retention)):
            raise unsupported("sessions(), session_seconds(), bounce_rate() or retention(..) in a session window")
        # The columns of a key, and how two of them are compared.
        self._k = [f"k{i}" for i in range(len(self._keys))]
        self._window = ", ".join(["ws", "we", *self._k])
        self._same = " AND ".join(
            ["a.ws = b.ws", "a.we = b.we"] + [f"a.{k} IS NOT DISTINCT FROM b.{k}" for k in self._k]
        )

    def answer(self, database: Database) -> dict[Place, Answer]:
        """Every window that has events. Cost: that of the queries; events times the windows that each lies in."""
        self._prepare(database)
        joined, views = self._sessions()
        rows = database.execute(
            f"WITH {views}spread AS ({self._spread('folded')})"
            f" SELECT a.ws, a.we, {''.join(f'a.{k}, ' for k in self._k)}{self.asked.sql},"
            f" count(*), count(*) FILTER (WHERE late) FROM spread a{joined}"
            f" GROUP BY a.ws, a.we{''.join(f', a.{k}' for k in self._k)}"
        ).fetchall()
        found = {_place(row[:-3]): Answer(*row[-3:]) for row in rows}
        alone = self.asked.alone
        if alone is None:
            return found
        values: dict[Place, Any]
        empty: dict[str, Any]
        match alone:
            case Top():
                values, empty = self._top(database, alone), {"items": []}
            case Funnel():
                values, empty = self._funnel(database, alone), _steps([], alone)
            case Retention():
                values = self._retention(database, alone)
                empty = {"size": 0, "returned": [0] * alone.setting.periods}
        return {place: answer._replace(value=values.get(place, empty)) for place, answer in found.items()}

    # ---- tables -----------------------------------------------------------------------------------------------------

    def _prepare(self, database: Database) -> None:
        """The tables that the queries begin with: `spans`, and `folded`, the events with their keys."""
        first, last = database.execute("SELECT coalesce(min(t), 0), coalesce(max(t), 0) FROM events").fetchone()
        database.execute("CREATE OR REPLACE TABLE spans (ws BIGINT, we BIGINT)")
        if self.spans.local:
            _fill(database, "spans", self.spans.table(first, last))
        gone = self.spans.gone()
        where = f"({self._where})"
        if self._on_time and not self.spans.sessions:
            where += f" AND NOT ({gone})"
        keys = "".join(f", {sql} AS k{i}" for i, sql in enumerate(self._keys))
        database.execute(
            f"CREATE OR REPLACE TABLE folded AS SELECT *, {self._user} AS user_key{keys} FROM events WHERE {where}"
        )
        if self.spans.sessions:
            self._cut(database)
        elif self.by:
            self._fold(database, gone)

    def _cut(self, database: Database) -> None:
        """The table `visits`: how the sessions were cut live."""
        rows = database.execute(f"SELECT n, t, mark, [{self._partition()}] FROM folded ORDER BY n")
        events = ((n, t, mark, tuple(key)) for n, t, mark, key in _each(rows))
        seen = cut(events, self.spans.window.size, self.spans.grace)
        database.execute("CREATE OR REPLACE TABLE visits (n BIGINT, visit BIGINT, late BOOLEAN)")
        _fill(database, "visits", seen)

    def _fold(self, database: Database, gone: str) -> None:
        """Keys beyond `max_keys` become one: first come, first kept, and what came too late for all makes none."""
        keys, most = ", ".join(self._k), self.spec.max_keys
        named = " OR ".join(f"{k} IS DISTINCT FROM '{_LIKE_OTHER}'" for k in self._k)
        database.execute(
            f"CREATE OR REPLACE TABLE met AS SELECT {keys}, min(n) AS came FROM folded WHERE NOT ({gone}) AND ({named})"
            f" GROUP BY {keys} QUALIFY row_number() OVER (ORDER BY min(n)) <= {most}"
        )
        same = " AND ".join(f"met.{k} IS NOT DISTINCT FROM folded.{k}" for k in self._k)
        others = ", ".join(f"{k} = '{_FOLDED}'" for k in self._k)
        database.execute(f"UPDATE folded SET {others} WHERE NOT EXISTS (SELECT 1 FROM met WHERE {same})")

    def _spread(self, source: str) -> str:
        """The rows of `source` by window, as far as they are asked for."""
        start, end = self._span
        tests = [f"we > {start}"] if start is not None else []
        tests += [f"ws < {end}"] if end is not None else []
        spread = self.spans.spread(source, self._partition(), on_time=self._on_time)
        return f"SELECT * FROM ({spread}) WHERE {' AND '.join(tests) or 'TRUE'}"

    def _partition(self) -> str:
        return ", ".join(self._k) or "TRUE"

    # ---- values -----------------------------------------------------------------------------------------------------

    def _sessions(self) -> tuple[str, str]:
        """For `sessions()` and its like: what is joined to the rows, and the queries that it is made of."""
        joined, views = "", ""
        users = ", ".join([*self._k, "user_key"])
        for alias, gap, where in self.asked.sessions:
            source = f"(SELECT * FROM folded WHERE ({where}) AND user_key IS NOT NULL)"
            starts = self.spans.spread(f"{alias}_all", self._partition())
            same = " AND ".join(f"e.{k} IS NOT DISTINCT FROM s.{k}" for k in [*self._k, "user_key", "visit"])
            # Live, what comes when the window is closed changes no session of it.
            known = f"e.mark < s.we + {self.spans.grace}" if self._on_time else "TRUE"
            views += (
                f"{alias}_in AS ({in_order(source, users, gap)}),"
                f" {alias}_all AS (SELECT {users}, visit, min(t) AS t, min(n) AS n, min(mark) AS mark"
                f" FROM {alias}_in GROUP BY {users}, visit),"
                f" {alias}_each AS (SELECT {', '.join(f's.{k}' for k in ('ws', 'we', *self._k))}, count(*) AS events,"
                f" max(e.t) - min(e.t) AS ms FROM ({starts}) s JOIN {alias}_in e ON {same} AND {known}"
                f" GROUP BY {', '.join(f's.{k}' for k in ('ws', 'we', *self._k, 'user_key', 'visit'))}),"
                f" {alias} AS (SELECT {self._window}, count(*) AS n, avg(ms) / 1000 AS seconds,"
                f" avg(CASE WHEN events = 1 THEN 1 ELSE 0 END) AS bounces FROM {alias}_each GROUP BY {self._window}), "
            )
            joined += f" LEFT JOIN {alias} ON {self._same.replace('b.', f'{alias}.')}"
        return joined, views

    def _top(self, database: Database, top: Top) -> dict[Place, Any]:
        key, order = top.value.key, "n DESC, left(key, 1), number, text"
        rows = database.execute(
            f"WITH spread AS ({self._spread('folded')}) SELECT {self._window}, key, n FROM ("
            f"SELECT {self._window}, {key} AS key, count(*) AS n, any_value({top.value.number}) AS number,"
            f" any_value({top.value.text}) AS text FROM spread WHERE ({top.where}) AND {key} IS NOT NULL"
            f" GROUP BY {self._window}, key) ORDER BY {self._window}, {order}"
        ).fetchall()
        grouped = groupby(rows, key=lambda row: _place(row[:-2]))
        return {place: {"items": [[_value(row[-2]), row[-1]] for row in items]} for place, items in grouped}

    def _funnel(self, database: Database, funnel: Funnel) -> dict[Place, Any]:
        marks = " + ".join(f"CASE WHEN {step} THEN {1 << bit} ELSE 0 END" for bit, step in enumerate(funnel.steps))
        rows = database.execute(
            f"WITH spread AS ({self._spread('folded')}) SELECT {self._window}, user_key, t, {marks} AS marks"
            f" FROM spread WHERE ({funnel.where}) AND user_key IS NOT NULL ORDER BY {self._window}, user_key, t, n"
        )
        values = {}
        for place, visits in groupby(_each(rows), key=lambda row: _place(row[:-3])):
            users = groupby(visits, key=lambda row: row[-3])
            reached = [level([row[-2:] for row in made], funnel.setting) for _, made in users]
            values[place] = _steps(reached, funnel)
        return values

    def _retention(self, database: Database, retention: Retention) -> dict[Place, Any]:
        setting, users = retention.setting, ", ".join([*self._k, "user_key"])
        # Days of the calendar, of which one or more make a period; or the period itself, where it is shorter.
        unit = min(setting.ms, DAY)
        day = floored("t", unit) + f" // {unit}"
        days = setting.ms // unit
        database.execute("CREATE OR REPLACE TABLE days (day BIGINT, t BIGINT)")
        source = f"(SELECT *, {day} AS day FROM folded)"
        if self.spec.tz != UTC and unit == DAY:
            _fill(database, "days", list(enumerate(midnights(self.spec.tz))))
            source = "(SELECT e.*, d.day FROM folded e ASOF JOIN days d ON e.t >= d.t)"
        same = " AND ".join(f"r.{k} IS NOT DISTINCT FROM f.{k}" for k in [*self._k, "user_key"])
        rows = database.execute(
            f"WITH seen AS (SELECT * FROM {source} WHERE ({retention.where}) AND user_key IS NOT NULL),"
            f" f AS (SELECT {users}, min(t) AS t, min(day) AS day, min(mark) AS mark FROM seen"
            f" WHERE {retention.start} GROUP BY {users}),"
            f" later AS (SELECT f.*, r.day AS back, 0 AS n"
            f" FROM f LEFT JOIN (SELECT * FROM seen WHERE {retention.back}) r ON {same}),"
            f" spread AS ({self._spread('later')})"
            f" SELECT {self._window}, back // {days} - day // {days} AS period,"
            f" count(DISTINCT user_key) FROM spread GROUP BY ALL"
            f" UNION ALL SELECT {self._window}, -1, count(DISTINCT user_key) FROM spread GROUP BY ALL"
        ).fetchall()
        values: dict[Place, Any] = {}
        for *place, period, users_back in rows:
            value = values.setdefault(_place(place), {"size": 0, "returned": [0] * setting.periods})
            if period == -1:
                value["size"] = max(value["size"], users_back)
            elif period is not None and 1 <= period <= setting.periods:
                value["returned"][period - 1] = users_back
        return values


def _fill(database: Database, table: str, rows: Sequence[tuple[int, ...]]) -> None:
    for start in range(0, len(rows), 10_000):
        values = ", ".join(f"({', '.join(map(str, row))})" for row in rows[start : start + 10_000])
        database.execute(f"INSERT INTO {table} VALUES {values}")


def _each(rows: Any) -> Iterator[tuple[Any, ...]]:
    """Rows of an answer as they are asked for."""
    while part := rows.fetchmany(10_000):
        yield from part


def _place(row: Any) -> Place:
    return row[0], row[1], tuple(row[2:])


def _steps(reached: list[tuple[int, tuple[int, ...]]], funnel: Funnel) -> dict[str, Any]:
    steps = range(1, funnel.setting.steps + 1)
    value: dict[str, Any] = {"steps": [sum(found >= step for found, _ in reached) for step in steps]}
    if funnel.setting.times:
        waits = [[(path[s] - path[s - 1]) / 1_000 for n, path in reached if n > s] for s in range(1, len(steps))]
        value["seconds"] = [None, *(median(wait) if wait else None for wait in waits)]
    return value


def _value(key: str | None) -> Any:
    """The value that a key stands for."""
    if key is None:
        return None
    kind, _, text = key.partition(":")
    return OTHER if key == _FOLDED else text if kind == "3" else json.loads(text)


def dims_of(place: Place, by: tuple[str, ...]) -> dict[str, Any]:
    """The dimensions of a window as its row has them."""
    return dict(zip(by, map(label, map(_value, place[2])), strict=True))
