"""Which columns a KPI set reads, and how."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Flag, auto

from analytics.aggregation import Aggregation
from analytics.expression import Column, Constant, IsNull, Node
from analytics.measures import MEASURES
from analytics.operators import Arithmetic, Case, NumbersCompare

__all__ = ["Columns", "Schema", "Use"]


class Use(Flag):
    """How the plan reads a property."""

    TEXT = auto()
    NUMBER = auto()


@dataclass(frozen=True, slots=True)
class Schema:
    """What a decoder has to deliver: property name -> how it is used. Fixed columns are listed too when they are."""

    properties: dict[str, Use]


class Columns:
    """Collects the columns of a plan: `uses` by name, and in `coded` what needs a dictionary.

    A dictionary belongs to a column, under its name, or to a computed expression, under its key.
    """

    def __init__(self) -> None:
        self.uses: dict[str, Use] = {}
        self.coded: dict[str, Node] = {}

    def by(self, names: Iterable[str]) -> None:
        """Columns that make keys."""
        for name in names:
            self._text(Column(name))

    def condition(self, node: Node | None) -> None:
        """A filter."""
        if node is not None:
            self._visit(node, numeric=False)

    def aggregate(self, aggregate: Aggregation) -> None:
        """The filter and the argument of an aggregate."""
        self.condition(aggregate.where)
        argument, takes = aggregate.argument, MEASURES[aggregate.measure].takes
        if takes == "visits":
            self._text(Column("distinct_id"))
            for condition in aggregate.conditions:
                self.condition(condition)
        if argument is None:
            return
        self._visit(argument, numeric=takes == "number")
        if takes == "hash" and isinstance(argument, Column):
            self.coded[argument.name] = argument
        elif takes == "hash":
            self.coded[argument.key] = argument

    def _visit(self, node: Node, *, numeric: bool) -> None:
        if isinstance(node, Constant):
            return
        if isinstance(node, Column):
            if numeric or node.kind == "number":
                self._use(node.name, Use.NUMBER)
            else:
                self._text(node)
            return
        if isinstance(node, Case):
            for condition, value in node.branches:
                self._visit(condition, numeric=False)
                self._visit(value, numeric=numeric)
            self._visit(node.default, numeric=numeric)
            return
        numeric = (numeric or isinstance(node, Arithmetic | NumbersCompare)) and not isinstance(node, IsNull)
        for operand in node.operands:
            self._visit(operand, numeric=numeric and operand.kind != "bool")

    def _text(self, column: Column) -> None:
        self._use(column.name, Use.TEXT)
        self.coded[column.name] = column

    def _use(self, name: str, how: Use) -> None:
        if name != "timestamp":  # it is in every batch
            self.uses[name] = self.uses.get(name, how) | how
