"""The SQL of a KPI: its aggregates over events, and the expression that makes one value of them."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final, NamedTuple

from sqlglot import exp

from analytics.aggregation import NUMBERS, Aggregation, RetentionSetting
from analytics.call import Call, whole_number
from analytics.expression import Column, Node
from analytics.measures import MEASURES
from analytics.operators import Arithmetic
from analytics.reader import DefinitionError, Reader, Tree
from analytics.setting import funnel_setting, retention_setting, session_setting

__all__ = ["SECONDS", "Definition", "DefinitionError", "condition", "definition"]

SECONDS: Final = "#seconds"
"""The pseudo-column of a window's length, for `rate()`."""
MAX_TOP: Final = 100
MAX_STEPS: Final = 32
_DERIVED: Final = ("avg", "rate")
_SESSIONS: Final = {"sessions": "count", "session_seconds": "seconds", "bounce_rate": "bounce_rate"}
"""Function -> what it reads of the sessions that start in a window."""
_LISTS: Final = ("top", "funnel", "retention")
"""Measures whose value is more than a number."""


class Definition(NamedTuple):
    """`value` is a tree over columns `#0`, `#1`, .., which stand for the aggregates."""

    value: Node
    aggregates: tuple[Aggregation, ...]

    def within(self, zone: str) -> Definition:
        """The same by the calendar of a zone."""
        aggregates = [
            a._replace(parameter=a.parameter._replace(zone=zone)) if isinstance(a.parameter, RetentionSetting) else a
            for a in self.aggregates
        ]
        return self._replace(aggregates=tuple(aggregates))


def definition(text: str) -> Definition:
    """Compile the `value` of a KPI.

    Raises:
        DefinitionError: it cannot be run.
    """
    reader = _ValueReader(text)
    value = reader.read()
    if not reader.aggregates:
        raise DefinitionError("there is no aggregate, such as count(*)", 0)
    if not isinstance(value, Column):
        for name in (a.measure for a in reader.aggregates if a.measure in _LISTS):
            reason = f"{name}(..) stands alone: its value is no number that can be calculated with"
            raise DefinitionError(reason, text.lower().find(name))
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
        name = known(Call(self, call))
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
        made = Call(self, call)
        name = known(made)
        filtered = self._events.condition(where) if where is not None else None
        if name == "funnel":
            return self._funnel(made, filtered)
        if name == "retention":
            return self._retention(made, filtered)
        if name in _SESSIONS:
            made.only("gap")
            self._expect(made, "no argument but gap => '30m'", 0)
            return self._add(Aggregation("sessions", None, session_setting(made), filtered, (), _SESSIONS[name]))
        made.only()
        if name == "quantile":
            self._expect(made, "a number and a share, as in quantile(x, 0.95)", 2)
            return self._add(Aggregation(name, self._number_of(made), 0, filtered, (), _share(made)))
        return self._plain(made, filtered)

    def _plain(self, call: Call, where: Node | None) -> Node:
        name, arguments = call.name, call.arguments
        if name == "rate":
            self._expect(call, "no argument", 0)
            return Arithmetic("/", self._simple("count", None, 0, where), Column(SECONDS, "number"))
        if name == "count" and (not arguments or (len(arguments) == 1 and isinstance(arguments[0], exp.Star))):
            return self._simple("count", None, 0, where)
        if name == "top":
            self._expect(call, "a column and a number", 2)
            return self._simple(name, self._events.node(arguments[0]), self._top_size(arguments[1]), where)
        self._expect(call, "one argument", 1)
        if name not in ("sum", "avg", "min", "max"):
            return self._simple(name, self._events.node(arguments[0]), 0, where)
        argument = self._number_of(call)
        if name == "avg":
            total = self._simple("sum", argument, 0, where)
            return Arithmetic("/", total, self._simple("count", argument, NUMBERS, where))
        return self._simple(name, argument, 0, where)

    def _expect(self, call: Call, what: str, count: int) -> None:
        if len(call.arguments) != count or any(isinstance(argument, exp.Star) for argument in call.arguments):
            raise call.error(f"{call.name}(..) takes {what}")

    def _number_of(self, call: Call) -> Node:
        argument = self._events.node(call.arguments[0])
        if argument.kind not in ("number", "any", "null"):
            raise call.error(f"{call.name}(..) takes a number")
        return argument

    def _top_size(self, at: Tree) -> int:
        size = whole_number(at)
        if size is None or not 1 <= size <= MAX_TOP:
            raise self.error(f"top(..) takes a whole number from 1 to {MAX_TOP}", at)
        return size

    def _funnel(self, call: Call, where: Node | None) -> Node:
        call.only("within", "mode", "exclude", "times")
        if not 1 <= len(call.arguments) <= MAX_STEPS:
            raise call.error(f"funnel(..) takes 1 to {MAX_STEPS} steps, each a condition")
        steps = [self._events.condition(argument) for argument in call.arguments]
        exclude = call.named("exclude")
        if exclude is not None:
            steps.append(self._events.condition(exclude))
        return self._add(Aggregation("funnel", None, funnel_setting(call), where, tuple(steps)))

    def _retention(self, call: Call, where: Node | None) -> Node:
        call.only("period", "periods")
        if len(call.arguments) != 2:
            raise call.error("retention(..) takes two conditions: the first event and the return")
        events = tuple(self._events.condition(argument) for argument in call.arguments)
        return self._add(Aggregation("retention", None, retention_setting(call), where, events))

    def _simple(self, name: str, argument: Node | None, parameter: Hashable, where: Node | None) -> Node:
        return self._add(Aggregation(name, argument, parameter, where))

    def _add(self, aggregate: Aggregation) -> Node:
        keys = [a.key for a in self.aggregates]
        if aggregate.key not in keys:
            self.aggregates.append(aggregate)
            keys.append(aggregate.key)
        return Column(f"#{keys.index(aggregate.key)}", "any" if aggregate.measure in _LISTS else "number")


def _share(call: Call) -> float:
    """The q of a quantile."""
    at = call.arguments[1]
    share = float(at.this) if isinstance(at, exp.Literal) and not at.is_string else -1.0
    if not 0 <= share <= 1:
        raise call.error(f"{call.name}(..) takes a share from 0 to 1, as in quantile(x, 0.95)")
    return share


def known(call: Call) -> str:
    """The name of a function that there is."""
    measure = "sessions" if call.name in _SESSIONS else call.name
    if measure not in MEASURES and call.name not in _DERIVED:
        raise call.error(f"there is no function {call.name}(..)")
    return call.name
