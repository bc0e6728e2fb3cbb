"""A KPI as its author writes it: one `[[kpi]]` table of a TOML file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, fields
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, Final, NamedTuple

from analytics.definition import Definition, DefinitionError, condition, definition
from analytics.expression import Node
from analytics.lineage import Lineage, lineage
from analytics.misfit import misfit
from analytics.place import Places
from analytics.reader import unreadable
from analytics.window import UTC, Window, duration_ms
from analytics.zone import known

__all__ = ["Compiled", "KpiError", "KpiSpec"]

MAX_BY: Final = 3
MAX_KEYS: Final = 1_000_000
DEFAULT_KEYS: Final = 1_000
MAX_GRACE: Final = 7 * 86_400_000
BOM: Final = "\ufeff"
"""What some editors put before a text, and TOML does not know."""
USER: Final = "distinct_id"
"""Whose sessions session windows are made of when there is no `by`."""
_OF_FILES: Final = ("syntax", "unreadable")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,99}")
_META: Final = ("name", "title", "value", "where", "by", "window", "delay", "grace",
                "owner", "unit", "good", "freshness", "description")  # fmt: skip


class KpiError(Exception):
    """A definition that cannot run: whose, where, why. The message is one line and holds the KPI's name.

    `slug` says of which kind the reason is: `definition`; `memory`, the set needs too much; or, under the name of the
    file instead of a KPI, `syntax`, it is not TOML with [[kpi]] tables, and `unreadable`.
    """

    def __init__(
        self, kpi: str, reason: str, line: int | None = None, column: int | None = None, slug: str = "definition"
    ) -> None:
        place = "" if line is None else f"line {line}, column {column}: "
        # Then `kpi` is the name of that file.
        self.of_file = slug in _OF_FILES
        whose = f"{kpi}: {place}" if self.of_file else f"{place}KPI {kpi!r}: "
        super().__init__(" ".join(f"{whose}{reason}".split()))
        self.kpi = kpi
        self.reason = reason
        self.line = line
        self.column = column
        self.slug = slug


class _RefusalError(Exception):
    """A reason with the key, and the character of its text, that it is about."""

    def __init__(self, key: str, reason: str, inside: int | None = None) -> None:
        super().__init__(reason)
        self.key = key
        self.reason = reason
        self.inside = inside


class Compiled(NamedTuple):
    """A definition read to the end. Times in ms."""

    window: Window
    delay: int
    grace: int
    where: Node | None
    by: tuple[str, ...]
    definition: Definition


@dataclass(frozen=True, slots=True)
class KpiSpec:
    """One KPI. Durations are texts such as `2s`; `compile` turns all of it into what the engine runs."""

    name: str
    value: str
    window: str
    title: str = ""
    where: str | None = None
    by: tuple[str, ...] = ()
    # How long out-of-order events are waited for.
    delay: str = "2s"
    # After a window is final, how long corrections are still taken.
    grace: str = "10m"
    max_keys: int = DEFAULT_KEYS
    # The zone whose clock says where days begin.
    tz: str = UTC
    owner: str = ""
    unit: str = ""
    # The direction of improvement: `up`, `down` or nothing.
    good: str = ""
    freshness: str = ""
    description: str = ""

    @classmethod
    def load(cls, path: str | Path) -> list[KpiSpec]:
        """Read and check a KPI file.

        Raises:
            KpiError: it cannot be read, is not TOML, or holds a definition that cannot run.
        """
        try:
            text = Path(path).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as e:
            raise KpiError(str(path), f"the file cannot be read: {e}", slug="unreadable") from e
        return cls.parse(text, str(path))

    @classmethod
    def default(cls) -> list[KpiSpec]:
        """The built-in set."""
        return cls.parse(resources.files("analytics").joinpath("default.toml").read_text("utf-8"), "default.toml")

    @classmethod
    def parse(cls, text: str, origin: str = "kpis.toml") -> list[KpiSpec]:
        """Read and check the text of a KPI file; `origin` names it in errors that concern no single KPI.

        Raises:
            KpiError: with line and column in the text.
        """
        text = text.removeprefix(BOM)
        try:
            tables = tomllib.loads(text)
        except tomllib.TOMLDecodeError as e:
            found = re.search(r"\(at line (\d+), column (\d+)\)", str(e))
            line, column = (int(found[1]), int(found[2])) if found else _end_of(text)
            raise KpiError(origin, str(e).partition(" (at ")[0], line, column, "syntax") from e
        except ValueError as e:
            raise KpiError(origin, "a number has too many digits", slug="syntax") from e
        except RecursionError as e:
            raise KpiError(origin, "nested too deep", slug="syntax") from e
        unknown = sorted(set(tables) - {"kpi"})
        if unknown or not isinstance(tables.get("kpi"), list) or not tables["kpi"]:
            reason = f"unknown table {unknown[0]!r}" if unknown else "there is no [[kpi]]"
            raise KpiError(origin, reason, slug="syntax")
        places, specs = Places(text), list[KpiSpec]()
        for i, table in enumerate(tables["kpi"]):
            name = str(table.get("name", f"number {i + 1}")) if isinstance(table, dict) else origin
            try:
                spec = cls._from_table(table)
                if spec.name in (other.name for other in specs):
                    raise _RefusalError("name", "the name is taken")
                spec._compile()
            except _RefusalError as e:
                raise KpiError(name, e.reason, *places.of(i, e.key, e.inside)) from e
            specs.append(spec)
        return specs

    @classmethod
    def _from_table(cls, table: Any) -> KpiSpec:
        if not isinstance(table, dict):
            raise _RefusalError("", "a [[kpi]] is a table")
        values = dict[str, Any]()
        for field in fields(cls):
            if field.name in table:
                values[field.name] = _typed(field.name, table[field.name])
            elif field.default is MISSING:
                raise _RefusalError("", f"{field.name!r} is missing")
        for key in table:
            if key not in values:
                raise _RefusalError(key, f"unknown key {key!r}")
        return cls(**values)

    @property
    def cumulative(self) -> bool:
        """Whether its windows share their start, so that the end belongs to the identity of a row."""
        return self.window.split()[:1] == ["cumulative"]

    def compile(self) -> Compiled:
        """Everything the engine needs to know.

        Raises:
            KpiError: the definition cannot run; without a place, since there is no file here.
        """
        try:
            return self._compile()
        except _RefusalError as e:
            raise KpiError(self.name, f"{e.key}: {e.reason}" if e.key else e.reason) from e

    def _compile(self) -> Compiled:
        if not _NAME.fullmatch(self.name):
            raise _RefusalError("name", "a name is letters, digits, '_', '.' and '-', at most 100")
        times = {}
        for key in ("delay", "grace", *(("freshness",) if self.freshness else ())):
            try:
                times[key] = duration_ms(getattr(self, key))
            except ValueError as e:
                raise _RefusalError(key, str(e)) from e
        if times["grace"] > MAX_GRACE:
            raise _RefusalError("grace", "at most 7d")
        if not known(self.tz):
            raise _RefusalError("tz", f"there is no time zone {self.tz!r}, such as Europe/Berlin")
        try:
            window = Window.parse(self.window, self.tz)
        except ValueError as e:
            raise _RefusalError("window", str(e)) from e
        if not 1 <= self.max_keys <= MAX_KEYS:
            raise _RefusalError("max_keys", f"between 1 and {MAX_KEYS}")
        if self.good not in ("", "up", "down"):
            raise _RefusalError("good", "'up', 'down' or nothing")
        where = _sql("where", self.where) if self.where else None
        value = _sql("value", self.value)
        assert isinstance(value, Definition)
        assert not isinstance(where, Definition)
        for reason in filter(None, (misfit(aggregate, window) for aggregate in value.aggregates)):
            raise _RefusalError("window", reason)
        return Compiled(window, times["delay"], times["grace"], where, self._columns(), value.within(window.zone))

    def _columns(self) -> tuple[str, ...]:
        if len(self.by) > MAX_BY:
            raise _RefusalError("by", f"at most {MAX_BY} columns")
        columns = tuple(c[1:-1] if len(c) > 2 and c[0] == c[-1] == '"' else c for c in self.by)
        if len(set(columns)) != len(columns) or "" in columns:
            raise _RefusalError("by", "each column once, by its name")
        for reason in filter(None, map(unreadable, columns)):
            raise _RefusalError("by", reason)
        if not columns and self.window.split()[:1] == ["session"]:
            return (USER,)
        return columns

    def meta(self) -> dict[str, Any]:
        """What a viewer is told of the KPI, as JSON-able values; all keys are always there."""
        values = asdict(self)
        values["title"] = self.title or self.name
        values["by"] = list(self._columns())
        return {key: values[key] for key in _META} | _fed(self)


@lru_cache(maxsize=4_096)
def _lineage(spec: KpiSpec) -> Lineage:
    """Compiling takes about a millisecond, and what it says is asked for with each list of KPIs."""
    compiled = spec.compile()
    return lineage(compiled.definition.aggregates, compiled.where, compiled.by)


def _fed(spec: KpiSpec) -> dict[str, Any]:
    """What a viewer is told of where the value comes from."""
    found = _lineage(spec)
    sources = {
        "events": None if found.events is None else list(found.events),
        "properties": list(found.properties),
        "fields": list(found.fields),
    }
    return {"measures": list(found.measures), "error": found.error, "lineage": sources}


def _sql(key: str, text: str) -> Definition | Node:
    try:
        return definition(text) if key == "value" else condition(text)
    except DefinitionError as e:
        raise _RefusalError(key, e.reason, e.offset) from e


def _end_of(text: str) -> tuple[int, int]:
    lines = text.split("\n")
    return len(lines), len(lines[-1]) + 1


def _typed(key: str, value: Any) -> Any:
    if key == "by":
        if not isinstance(value, list) or not all(isinstance(column, str) for column in value):
            raise _RefusalError(key, "'by' is a list of column names")
        return tuple(value)
    kind: type = int if key == "max_keys" else str
    if type(value) is not kind:
        raise _RefusalError(key, f"{key!r} is {'a whole number' if kind is int else 'a text'}")
    return value


def unique_names(specs: Sequence[KpiSpec]) -> Mapping[str, KpiSpec]:
    """Specs by name.

    Raises:
        KpiError: two have the same.
    """
    named = dict[str, KpiSpec]()
    for spec in specs:
        if spec.name in named:
            raise KpiError(spec.name, "the name is taken")
        named[spec.name] = spec
    return named
