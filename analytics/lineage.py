"""What feeds a KPI: which events, which of their properties, which measures; read off its compiled definition."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from analytics.aggregation import Aggregation
from analytics.ddsketch import ACCURACY
from analytics.definition import SECONDS
from analytics.expression import And, Column, Node, Or, ValueTest
from analytics.hyperloglog import ERROR
from analytics.measures import MEASURES

__all__ = ["Lineage", "lineage"]

_FIELDS: Final = frozenset({"event", "distinct_id", "session_id", "window_id", "timestamp"})
"""Columns that every event has; all others are properties."""

_STATED: Final = {"uniq": ERROR, "quantile": ACCURACY}
"""Measure -> the relative error that its values are stated to have once they are approximate."""


class Lineage(NamedTuple):
    """All lists are sorted."""

    events: tuple[str, ...] | None
    """Names of the only events that can count; None: any event may."""
    properties: tuple[str, ...]
    fields: tuple[str, ...]
    """Columns beside the properties: `distinct_id`, .."""
    measures: tuple[str, ...]
    error: float | None
    """The largest relative error that its measures state for approximate values; None: they are exact."""


def lineage(aggregates: Iterable[Aggregation], where: Node | None, by: Iterable[str]) -> Lineage:
    """Where the value of a KPI comes from. O(size of its definition).

    >>> from analytics.definition import condition, definition
    >>> value = definition("sum(price) FILTER (WHERE event = 'buy') / uniq(distinct_id) FILTER (WHERE event = 'view')")
    >>> lineage(value.aggregates, condition("country IN ('DE', 'AT')"), ["plan"])  # doctest: +NORMALIZE_WHITESPACE
    Lineage(events=('buy', 'view'), properties=('country', 'plan', 'price'), fields=('distinct_id', 'event'),
            measures=('sum', 'uniq'), error=0.016)
    """
    parts = list(aggregates)
    columns = set(by)
    if where is not None:
        columns |= _columns(where)
    for part in parts:
        for node in _nodes(part):
            columns |= _columns(node)
        if MEASURES[part.measure].takes == "visits":
            columns |= {"distinct_id", "timestamp"}
    columns.discard(SECONDS)
    measures = sorted({part.measure for part in parts})
    errors = [_STATED[measure] for measure in measures if measure in _STATED]
    events = _either(_of_aggregate(part, where) for part in parts)
    return Lineage(
        None if events is None else tuple(sorted(events)),
        tuple(sorted(columns - _FIELDS)),
        tuple(sorted(columns & _FIELDS)),
        tuple(measures),
        max(errors, default=None),
    )


def _nodes(part: Aggregation) -> Iterator[Node]:
    yield from (node for node in (part.where, part.argument, *part.conditions) if node is not None)


def _columns(node: Node) -> set[str]:
    return {part.name for part in node.walk() if isinstance(part, Column)}


def _of_aggregate(part: Aggregation, where: Node | None) -> frozenset[str] | None:
    steps = _either(_events(step) for step in part.conditions) if part.conditions else None
    return _both(_both(_events(where), _events(part.where)), steps)


def _events(node: Node | None) -> frozenset[str] | None:
    """The events for which a condition can be true; None: it does not say."""
    if isinstance(node, And):
        return _both(*map(_events, node.operands))
    if isinstance(node, Or):
        return _either(map(_events, node.operands))
    if isinstance(node, ValueTest) and isinstance(node.operands[0], Column) and node.operands[0].name == "event":
        return node.texts
    return None


def _both(a: frozenset[str] | None, b: frozenset[str] | None) -> frozenset[str] | None:
    if a is None or b is None:
        return b if a is None else a
    return a & b


def _either(sides: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    found: frozenset[str] = frozenset()
    for side in sides:
        if side is None:
            return None
        found |= side
    return found
