"""The SQL of a KPI: its aggregates over events, and the expression that makes one value of them."""

from __future__ import annotations

from typing import Final, NamedTuple

from sqlglot import exp

from analytics.expression import Column, Node
from analytics.measures import LATER, MEASURES
from analytics.operators import Arithmetic
from analytics.reader import DefinitionError, Reader, Tree

__all__ = ["NUMBERS", "SECONDS", "Aggregation", "Definition", "DefinitionError", "condition", "definition"]

SECONDS: Final = "#seconds"
"""The pseudo-column of a window's length, for `rate()`."""
NUMBERS: Final = 1
"""The parameter of a count that takes numbers only, as the divisor of `avg`."""
MAX_TOP: Final = 100
_DERIVED: Final = ("avg", "rate")


class Aggregation(NamedTuple):
    """One aggregate of a definition."""

    measure: str
    argument: Node | None
    parameter: int
    where: Node | None

    @property
    def key(self) -> str:
        """Canonical text: equal keys share their state."""
        argument = self.argument.key if self.argument else "*"
        filtered = f" where {self.where.key}" if self.where else ""
        return f"{self.measure}({argument},{self.parameter}){filtered}"


class Definition(NamedTuple):
    """`value` is a tree over columns `#0`, `#1`, .., which stand for the aggregates."""

    value: Node
    aggregates: tuple[Aggregation, ...]


def definition(text: str) -> Definition:
    """Compile the `value` of a KPI.

    Raises:
        DefinitionError: it cannot be run.
    """
    reader = _ValueReader(text)
    value = reader.read()
    if not reader.aggregates:
        raise DefinitionError("there is no aggregate, such as count(*)", 0)
    if any(a.measure == "top" for a in reader.aggregates) and not isinstance(value, Column):
        raise DefinitionError("top(..) stands alone: a list cannot be calculated with", text.lower().find("top"))
    return Definition(value, tuple(reader.aggregates))


def condition(text: str) -> Node:
    """Compile a condition over events, such as the `where` of a KPI.

    Raises:
        DefinitionError: it cannot be run.
    """
    node = _EventReader(text).read()
    if node.kind not in ("bool", "any", "null"):
        raise DefinitionError("a condition is needed here", 0)
    return node


class _EventReader(Reader):
    """Reads what is said of one event: no aggregate can stand in it."""

    def function(self, call: Tree, where: Tree | None) -> Node:  # noqa: ARG002
        name = known_name(self, call)
        raise self.error(f"the aggregate {name}(..) is not allowed here", call)


class _ValueReader(Reader):
    """Reads a KPI's value: columns stand inside of aggregates only. `aggregates` collects those."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.aggregates: list[Aggregation] = []
        self._events = _EventReader(text)

    def column(self, at: Tree) -> Node:
        raise self.error(f"column {str(at.this.this)!r} is outside of an aggregate", at)

    def function(self, call: Tree, where: Tree | None) -> Node:
        name = known_name(self, call)
        filtered = self._events.condition(where) if where is not None else None
        return self._aggregate(name, call, filtered)

    def _arguments(self, call: Tree) -> list[Tree]:
        if isinstance(call, exp.Anonymous):
            return list(call.expressions)
        first = call.this
        if isinstance(first, exp.Distinct):
            raise self.error("DISTINCT is written as uniq(x)", call)
        return [*([] if first is None else [first]), *call.expressions]

    def _aggregate(self, name: str, call: Tree, where: Node | None) -> Node:
        arguments = self._arguments(call)
        if name == "rate":
            if arguments:
                raise self.error("rate() takes no argument", call)
            return Arithmetic("/", self._add("count", None, 0, where), Column(SECONDS, "number"))
        if name == "count" and (not arguments or isinstance(arguments[0], exp.Star)):
            return self._add("count", None, 0, where)
        expected = 2 if name == "top" else 1
        if len(arguments) != expected or isinstance(arguments[0], exp.Star):
            raise self.error(f"{name}(..) takes {'a column and a number' if expected == 2 else 'one argument'}", call)
        argument = self._events.node(arguments[0])
        if name in ("sum", "avg", "min", "max") and argument.kind not in ("number", "any", "null"):
            raise self.error(f"{name}(..) takes a number", call)
        if name == "avg":
            return Arithmetic("/", self._add("sum", argument, 0, where), self._add("count", argument, NUMBERS, where))
        if name == "top":
            return self._add(name, argument, self._top_size(arguments[1]), where)
        return self._add(name, argument, 0, where)

    def _top_size(self, at: Tree) -> int:
        size = int(at.this) if isinstance(at, exp.Literal) and str(at.this).isdecimal() else 0
        if not 1 <= size <= MAX_TOP:
            raise self.error(f"top(..) takes a whole number from 1 to {MAX_TOP}", at)
        return size

    def _add(self, name: str, argument: Node | None, parameter: int, where: Node | None) -> Node:
        aggregate = Aggregation(name, argument, parameter, where)
        keys = [a.key for a in self.aggregates]
        if aggregate.key not in keys:
            self.aggregates.append(aggregate)
            keys.append(aggregate.key)
        return Column(f"#{keys.index(aggregate.key)}", "any" if name == "top" else "number")


def known_name(reader: Reader, call: Tree) -> str:
    """The lower-case name of a function that this version has."""
    name = (str(call.this) if isinstance(call, exp.Anonymous) else str(call.sql_name())).lower()
    if name in LATER:
        raise reader.error(f"{name}(..) is not available in this version", call)
    if name not in MEASURES and name not in _DERIVED:
        raise reader.error(f"there is no function {name}(..)", call)
    return name
