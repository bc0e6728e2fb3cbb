"""The aggregates of a KPI's value, and what each of them is in DuckDB.

Those that DuckDB has stand in the value as SQL. Sessions are counted apart and joined; lists - top, funnel, retention -
stand alone, so their value is worked out from rows.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from sqlglot import exp

from analytics.aggregation import FunnelSetting, RetentionSetting
from analytics.call import Call
from analytics.reader import Reader
from analytics.setting import funnel_setting, retention_setting, session_setting
from gateway.audit.terms import Columns, Term, Terms, unsupported

__all__ = ["Asked", "Funnel", "Retention", "Sessions", "Top", "read_value"]

DAY: Final = 86_400_000
_SESSIONS: Final = {"sessions": "coalesce({}.n, 0)", "session_seconds": "{}.seconds", "bounce_rate": "{}.bounces"}


class Sessions(NamedTuple):
    """Sessions of users: joined under `alias`."""

    alias: str
    gap: int
    where: str


class Top(NamedTuple):
    """The most frequent values."""

    value: Term
    size: int
    where: str


class Funnel(NamedTuple):
    """Users by step; the conditions are the steps, and the one that excludes, if there is one, last."""

    setting: FunnelSetting
    steps: tuple[str, ...]
    where: str


class Retention(NamedTuple):
    """Users who came back."""

    setting: RetentionSetting
    start: str
    back: str
    where: str


class Asked(NamedTuple):
    """A value, as it is asked for: `sql` over the rows of a window, or `alone`."""

    sql: str
    sessions: tuple[Sessions, ...]
    alone: Top | Funnel | Retention | None
    quantiles: int
    """How many quantiles it is made of, each within 1 %."""


def read_value(text: str, columns: Columns) -> Asked:
    """The `value` of a KPI that the engine has taken. Raises ConfigError: it cannot be audited, and why."""
    reader = _Values(text, columns)
    term = reader.read()
    if reader.alone is not None:
        return Asked("NULL", (), reader.alone, 0)
    sql = {"number": term.number, "bool": term.truth, "text": term.text, "null": "NULL"}.get(term.kind)
    if sql is None:
        raise unsupported("a value that is sometimes a number and sometimes a text")
    return Asked(sql, tuple(reader.sessions), None, reader.quantiles)


class _Values(Terms):
    """Reads a value; what stands inside of aggregates is read as terms of events."""

    def __init__(self, text: str, columns: Columns) -> None:
        super().__init__(text, columns)
        self.sessions: list[Sessions] = []
        self.alone: Top | Funnel | Retention | None = None
        self.quantiles = 0
        self._reader = Reader(text)
        self._events = Terms(text, columns)

    def aggregate(self, call: Any, where: Any) -> Term:
        made = Call(self._reader, call)
        wanted = "TRUE" if where is None else self._events.truth(where)
        match made.name:
            case "count" | "rate":
                return self._count(made, wanted)
            case "sum" | "avg" | "min" | "max" | "quantile":
                return self._of_numbers(made, wanted)
            case "uniq":
                key = self._events.term(made.arguments[0]).key
                return Term.of_number(f"count(DISTINCT {key}) FILTER (WHERE {wanted})::DOUBLE")
            case "sessions" | "session_seconds" | "bounce_rate":
                alias = f"s{len(self.sessions)}"
                self.sessions.append(Sessions(alias, session_setting(made).gap, wanted))
                return Term.of_number(f"any_value({_SESSIONS[made.name].format(alias)})::DOUBLE")
            case "top":
                self.alone = Top(self._events.term(made.arguments[0]), int(str(made.arguments[1].this)), wanted)
            case "funnel":
                self.alone = self._funnel(made, wanted)
            case "retention":
                start, back = (self._events.truth(argument) for argument in made.arguments)
                self.alone = Retention(retention_setting(made), start, back, wanted)
            case name:
                raise unsupported(f"{name}(..)")
        return Term("any")

    def _count(self, call: Call, wanted: str) -> Term:
        if call.name == "rate":
            return Term.of_number(f"(count(*) FILTER (WHERE {wanted}) / (any_value(a.we - a.ws) / 1000.0))::DOUBLE")
        if call.arguments and not isinstance(call.arguments[0], exp.Star):
            wanted = f"{wanted} AND {self._events.term(call.arguments[0]).tag} <> 0"
        return Term.of_number(f"count(*) FILTER (WHERE {wanted})::DOUBLE")

    def _of_numbers(self, call: Call, wanted: str) -> Term:
        number = self._events.term(call.arguments[0]).number
        numbers = f"{number}) FILTER (WHERE {wanted} AND {number} IS NOT NULL"
        if call.name != "quantile":
            function = {"sum": "fsum", "avg": "favg"}.get(call.name, call.name)
            return Term.of_number(f"{function}({numbers})")
        self.quantiles += 1
        share, found = float(str(call.arguments[1].this)), f"list({numbers})"
        rank = f"CAST(floor({share!r} * (len({found}) - 1) + 1e-9) AS BIGINT)"
        return Term.of_number(f"list_sort({found})[1 + {rank}]")

    def _funnel(self, call: Call, wanted: str) -> Funnel:
        steps = [self._events.truth(argument) for argument in call.arguments]
        if (exclude := call.named("exclude")) is not None:
            steps.append(self._events.truth(exclude))
        return Funnel(funnel_setting(call), tuple(steps), wanted)
