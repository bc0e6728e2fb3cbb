"""The SQL of a KPI, parsed by sqlglot and turned into trees of `expression` nodes over events and over aggregates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple, NoReturn

import sqlglot
from sqlglot import exp

from analytics.dictionary import text_of
from analytics.expression import And, Column, Constant, IsNull, IsTruth, Node, Not, Or, ValueTest
from analytics.like import Like
from analytics.measures import LATER, MEASURES
from analytics.operators import Arithmetic, Case, compare

__all__ = ["NUMBERS", "SECONDS", "Aggregation", "Definition", "DefinitionError", "condition", "definition"]

SECONDS: Final = "#seconds"
"""The pseudo-column of a window's length, for `rate()`."""

NUMBERS: Final = 1
"""The parameter of a count that takes numbers only, as the divisor of `avg`."""
MAX_TEXT: Final = 10_000
MAX_TOP: Final = 100

_COMPARISONS: Final[dict[type[Any], str]] = {
    exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=",
}  # fmt: skip
_ARITHMETIC: Final[dict[type[Any], str]] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%"}


class DefinitionError(ValueError):
    """A SQL expression that cannot be run: `offset` is the place in its text, None when it has none."""

    def __init__(self, reason: str, offset: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.offset = offset


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
    reader = _Reader(text)
    value = reader.read(outside=True)
    if not reader.aggregates:
        raise DefinitionError("there is no aggregate, such as count(*)", 0)
    tops = [a for a in reader.aggregates if a.measure == "top"]
    if tops and not isinstance(value, Column):
        raise DefinitionError("top(..) stands alone: a list cannot be calculated with", text.lower().find("top"))
    return Definition(value, tuple(reader.aggregates))


def condition(text: str) -> Node:
    """Compile a condition over events, such as the `where` of a KPI.

    Raises:
        DefinitionError: it cannot be run.
    """
    node = _Reader(text).read(outside=False)
    if node.kind not in ("bool", "any", "null"):
        raise DefinitionError("a condition is needed here", 0)
    return node


class _Reader:
    """One text on its way to a tree. `aggregates` collects what is met outside of any aggregate."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._outside = False
        self.aggregates: list[Aggregation] = []

    def read(self, *, outside: bool) -> Node:
        self._outside = outside
        if len(self._text) > MAX_TEXT:
            raise DefinitionError(f"the expression is longer than {MAX_TEXT} characters")
        try:
            trees = sqlglot.parse(self._text)
            if len(trees) != 1 or trees[0] is None:
                raise DefinitionError("one expression is needed here", 0)
            return self._node(trees[0])
        except sqlglot.errors.ParseError as e:
            first = e.errors[0] if e.errors else {}
            raise DefinitionError(_syntax(first), self._offset(first.get("line"), first.get("col"))) from e
        except sqlglot.errors.SqlglotError as e:
            raise DefinitionError(" ".join(str(e).split())) from e
        except RecursionError as e:
            raise DefinitionError("the expression is nested too deeply") from e

    def _offset(self, line: int | None, column: int | None) -> int | None:
        if line is None or column is None:
            return None
        before = self._text.splitlines(keepends=True)[: line - 1]
        return min(len("".join(before)) + max(column - 1, 0), len(self._text))

    def _refuse(self, reason: str, at: exp.Expression) -> NoReturn:
        starts = [node.meta["start"] for node in at.walk() if "start" in node.meta]
        raise DefinitionError(reason, at.meta.get("start", min(starts, default=None)))

    def _build(self, at: exp.Expression, make: Callable[[], Node]) -> Node:
        try:
            return make()
        except DefinitionError:
            raise
        except ValueError as e:
            self._refuse(str(e), at)

    def _node(self, at: exp.Expression) -> Node:  # noqa: C901  one branch per kind of SQL node reads best in one place
        match at:
            case exp.Paren():
                return self._node(at.this)
            case exp.Column() if len(at.parts) == 1 and isinstance(at.this, exp.Identifier):
                return self._column(at)
            case exp.Literal():
                return self._literal(at)
            case exp.Boolean():
                return Constant(bool(at.this))
            case exp.Null():
                return Constant(None)
            case exp.And() | exp.Or():
                left, right = self._condition(at.this), self._condition(at.expression)
                kind, word = (And, "and") if isinstance(at, exp.And) else (Or, "or")
                return kind(f"({word} {left.key} {right.key})", left, right)
            case exp.Not():
                operand = self._condition(at.this)
                return Not(f"(not {operand.key})", operand)
            case exp.Is():
                return self._is(at)
            case exp.In():
                return self._in(at)
            case exp.Between():
                value, low, high = (self._node(at.args[name]) for name in ("this", "low", "high"))
                bounds = (
                    self._build(at, lambda: compare(">=", value, low)),
                    self._build(at, lambda: compare("<=", value, high)),
                )
                return And(f"(and {bounds[0].key} {bounds[1].key})", *bounds)
            case exp.Like() | exp.ILike() | exp.Escape():
                return self._like(at)
            case exp.Neg():
                operand = self._number(at.this)
                if isinstance(operand, Constant):
                    return Constant(-operand.value)
                return Arithmetic("-", Constant(0), operand)
            case exp.Case():
                return self._case(at)
            case exp.Filter() | exp.Func():
                return self._function(at)
        if type(at) in _COMPARISONS:
            left, right = self._node(at.this), self._node(at.expression)
            return self._build(at, lambda: compare(_COMPARISONS[type(at)], left, right))
        if type(at) in _ARITHMETIC:
            return Arithmetic(_ARITHMETIC[type(at)], self._number(at.this), self._number(at.expression))
        self._refuse(f"{at.sql()!r} is not supported", at)

    def _column(self, at: exp.Expression) -> Node:
        name = str(at.this.this)
        if self._outside:
            self._refuse(f"column {name!r} is outside of an aggregate", at)
        return Column(name, "number" if name == "timestamp" else "any")

    def _literal(self, at: exp.Expression) -> Node:
        if at.is_string:
            return Constant(str(at.this))
        text = str(at.this)
        number: float = int(text) if text.isdecimal() else float(text)
        if number in (float("inf"), float("-inf")):
            self._refuse(f"{text} is beyond every number", at)
        return Constant(number)

    def _condition(self, at: exp.Expression) -> Node:
        node = self._node(at)
        if node.kind not in ("bool", "any", "null"):
            self._refuse(f"{at.sql()!r} is no condition", at)
        return node

    def _number(self, at: exp.Expression) -> Node:
        node = self._node(at)
        if node.kind not in ("number", "any", "null"):
            self._refuse(f"{at.sql()!r} is no number", at)
        return node

    def _is(self, at: exp.Expression) -> Node:
        operand, what = self._node(at.this), at.expression
        if isinstance(what, exp.Null):
            return IsNull(f"(null {operand.key})", operand)
        if isinstance(what, exp.Boolean) and operand.kind in ("bool", "any", "null"):
            return IsTruth(operand, bool(what.this))
        self._refuse("IS takes NULL, TRUE or FALSE", at)

    def _in(self, at: exp.Expression) -> Node:
        if at.args.get("query") is not None or not at.expressions:
            self._refuse("IN takes a list of values", at)
        operand = self._node(at.this)
        tests = []
        for item in at.expressions:
            value = self._node(item)
            tests.append(self._build(item, lambda value=value: compare("=", operand, value)))  # type: ignore[misc]
        if len(tests) > 2 and isinstance(operand, Column) and all(isinstance(i, exp.Literal) for i in at.expressions):
            texts = {str(item.this) for item in at.expressions if item.is_string}
            if len(texts) == len(tests):
                key = f"(in {operand.key} {sorted(texts)!r})"
                return ValueTest(key, operand, lambda value: text_of(value) in texts)
        node = tests[0]
        for test in tests[1:]:
            node = Or(f"(or {node.key} {test.key})", node, test)
        return node

    def _like(self, at: exp.Expression) -> Node:
        escape = None
        like = at
        if isinstance(at, exp.Escape):
            like, escape = at.this, str(at.expression.this)
        operand, pattern = self._node(like.this), like.expression
        if not isinstance(pattern, exp.Literal) or not pattern.is_string:
            self._refuse("LIKE takes a text pattern in quotes", at)
        if not isinstance(operand, Column) or operand.kind != "any":
            self._refuse("LIKE works on a column", at)
        ignore = isinstance(like, exp.ILike)
        text = str(pattern.this)
        try:
            matcher = Like(text, escape, ignore_case=ignore)
        except ValueError as e:
            self._refuse(str(e), at)
        key = f"({'i' if ignore else ''}like {operand.key} {text!r} {escape!r})"
        node: Node = ValueTest(key, operand, lambda value: matcher.matches(text_of(value) or ""))
        return Not(f"(not {key})", node) if like.args.get("negate") else node

    def _case(self, at: exp.Expression) -> Node:
        subject = self._node(at.this) if at.this is not None else None
        branches = []
        for branch in at.args["ifs"]:
            if subject is None:
                test = self._condition(branch.this)
            else:
                value = self._node(branch.this)
                test = self._build(branch, lambda value=value: compare("=", subject, value))  # type: ignore[misc]
            branches.append((test, self._node(branch.args["true"])))
        default = at.args.get("default")
        otherwise = Constant(None) if default is None else self._node(default)
        key = " ".join(f"{test.key} {value.key}" for test, value in branches)
        return Case(f"(case {key} {otherwise.key})", branches, otherwise)

    def _function(self, at: exp.Expression) -> Node:
        call, where = at, None
        if isinstance(at, exp.Filter):
            call, where = at.this, at.expression.this
        name = str(call.this) if isinstance(call, exp.Anonymous) else call.sql_name()
        name = name.lower()
        if name in LATER:
            self._refuse(f"{name}(..) is not available in this version", call)
        if name not in MEASURES and name not in ("avg", "rate"):
            self._refuse(f"there is no function {name}(..)", call)
        if not self._outside:
            self._refuse(f"the aggregate {name}(..) is not allowed here", call)
        self._outside = False
        try:
            filtered = self._condition(where) if where is not None else None
            return self._aggregate(name, call, filtered)
        finally:
            self._outside = True

    def _arguments(self, call: exp.Expression) -> list[exp.Expression]:
        if isinstance(call, exp.Anonymous):
            return list(call.expressions)
        first = call.this
        if isinstance(first, exp.Distinct):
            self._refuse("DISTINCT is written as uniq(x)", call)
        return [*([] if first is None else [first]), *call.expressions]

    def _aggregate(self, name: str, call: exp.Expression, where: Node | None) -> Node:
        arguments = self._arguments(call)
        if name == "rate":
            if arguments:
                self._refuse("rate() takes no argument", call)
            return Arithmetic("/", self._add("count", None, 0, where), Column(SECONDS, "number"))
        if name == "count" and (not arguments or isinstance(arguments[0], exp.Star)):
            return self._add("count", None, 0, where)
        expected = 2 if name == "top" else 1
        if len(arguments) != expected or isinstance(arguments[0], exp.Star):
            self._refuse(f"{name}(..) takes {'a column and a number' if expected == 2 else 'one argument'}", call)
        argument = self._node(arguments[0])
        if name in ("sum", "avg", "min", "max") and argument.kind not in ("number", "any", "null"):
            self._refuse(f"{name}(..) takes a number", call)
        if name == "avg":
            return Arithmetic("/", self._add("sum", argument, 0, where), self._add("count", argument, NUMBERS, where))
        if name == "top":
            return self._add(name, argument, self._top_size(arguments[1]), where)
        return self._add(name, argument, 0, where)

    def _top_size(self, at: exp.Expression) -> int:
        size = int(at.this) if isinstance(at, exp.Literal) and str(at.this).isdecimal() else 0
        if not 1 <= size <= MAX_TOP:
            self._refuse(f"top(..) takes a whole number from 1 to {MAX_TOP}", at)
        return size

    def _add(self, name: str, argument: Node | None, parameter: int, where: Node | None) -> Node:
        aggregate = Aggregation(name, argument, parameter, where)
        keys = [a.key for a in self.aggregates]
        if aggregate.key not in keys:
            self.aggregates.append(aggregate)
            keys.append(aggregate.key)
        return Column(f"#{keys.index(aggregate.key)}", "any" if name == "top" else "number")


def _syntax(error: dict[str, Any]) -> str:
    text = str(error.get("description") or "the expression cannot be read")
    if text.startswith("Required keyword"):
        return "the expression is incomplete"
    return text[:1].lower() + text[1:]
