"""SQL text, parsed by sqlglot, to a tree of `expression` nodes; what cannot be run is refused with its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Final, TypeAlias

import numpy as np
import sqlglot
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.parser import Parser as SqlParser

from analytics.dictionary import text_of
from analytics.expression import And, Column, Constant, IsNull, IsTruth, Kind, Node, Not, Or, ValueTest
from analytics.like import Like
from analytics.operators import Arithmetic, Case, compare

__all__ = ["DefinitionError", "Reader", "Tree", "unreadable"]

MAX_TEXT: Final = 10_000
LARGEST: Final = float(np.finfo(np.float64).max)
# What it warns of on its way is refused with its place.
sqlglot.logger.setLevel("CRITICAL")
Tree: TypeAlias = Any
"""A node of sqlglot's; the releases we allow name its base class differently."""

_KINDS: Final[dict[str, Kind]] = {"timestamp": "number", "event": "text", "distinct_id": "text", "session_id": "text"}
"""The columns that are no properties: what they hold is known before any event is."""
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


class Expressions(Dialect):
    """SQL whose functions are ours: none is taken for one that sqlglot knows, with its number of arguments."""

    class Parser(SqlParser):
        """Calls stay as they were written."""

        FUNCTIONS: ClassVar[dict[str, Any]] = {}


class Reader:
    """One text on its way to a tree over the columns of an event."""

    def __init__(self, text: str) -> None:
        self._text = text

    def read(self) -> Node:
        """The tree. Raises DefinitionError."""
        if len(self._text) > MAX_TEXT:
            raise DefinitionError(f"the expression is longer than {MAX_TEXT} characters")
        try:
            trees = sqlglot.parse(self._text, dialect=Expressions)
            if len(trees) != 1 or trees[0] is None:
                raise DefinitionError("one expression is needed here", 0)
            return self.node(trees[0])
        except sqlglot.errors.ParseError as e:
            first = e.errors[0] if e.errors else {}
            raise DefinitionError(_syntax(first), self._offset(first)) from e
        except sqlglot.errors.SqlglotError as e:
            place = _open_quote(self._text)
            reason = "the quote that is opened here is never closed"
            raise DefinitionError("the expression cannot be read" if place is None else reason, place) from e
        except RecursionError as e:
            raise DefinitionError("the expression is nested too deeply") from e

    def _offset(self, error: dict[str, Any]) -> int | None:
        """Where what a syntax error met begins; its own column is that of the end."""
        line: int | None = error.get("line")
        column: int | None = error.get("col")
        if line is None or column is None:
            return None
        before = self._text.splitlines(keepends=True)[: line - 1]
        return min(len("".join(before)) + max(column - len(error.get("highlight") or " "), 0), len(self._text))

    def error(self, reason: str, at: Tree) -> DefinitionError:
        """The refusal of the part `at`, with its place."""
        starts = [node.meta["start"] for node in at.walk() if "start" in node.meta]
        # A word that sqlglot takes for one of its own, such as CURRENT_DATE, has no place: it is looked for.
        place = min(starts) if starts else max(self._text.upper().find(at.sql().upper().rstrip("()")), 0)
        return DefinitionError(reason, at.meta.get("start", place))

    def _build(self, at: Tree, make: Callable[[], Node]) -> Node:
        try:
            return make()
        except DefinitionError:
            raise
        except ValueError as e:
            raise self.error(str(e), at) from e

    def node(self, at: Tree) -> Node:  # noqa: C901  one branch per kind of SQL node reads best in one place
        """Any part."""
        match at:
            case exp.Paren():
                return self.node(at.this)
            case exp.Column() if len(at.parts) == 1 and isinstance(at.this, exp.Identifier):
                return self.column(at)
            case exp.Literal():
                return self._literal(at)
            case exp.Boolean():
                return Constant(bool(at.this))
            case exp.Null():
                return Constant(None)
            case exp.And() | exp.Or():
                left, right = self.condition(at.this), self.condition(at.expression)
                kind, word = (And, "and") if isinstance(at, exp.And) else (Or, "or")
                return kind(f"({word} {left.key} {right.key})", left, right)
            case exp.Not():
                operand = self.condition(at.this)
                return Not(f"(not {operand.key})", operand)
            case exp.Is():
                return self._is(at)
            case exp.In():
                return self._in(at)
            case exp.Between():
                value, low, high = (self.node(at.args[name]) for name in ("this", "low", "high"))
                bounds = (
                    self._build(at, lambda: compare(">=", value, low)),
                    self._build(at, lambda: compare("<=", value, high)),
                )
                return And(f"(and {bounds[0].key} {bounds[1].key})", *bounds)
            case exp.Like() | exp.ILike() | exp.Escape():
                return self._like(at)
            case exp.Neg():
                operand = self._number(at.this)
                if isinstance(operand, Constant) and operand.kind == "number":
                    return Constant(-operand.value)
                return Arithmetic("-", Constant(0), operand)
            case exp.Case():
                return self._case(at)
            case exp.Filter() if isinstance(at.this, exp.Anonymous):
                return self.function(at.this, at.expression.this)
            case exp.Anonymous():
                return self.function(at, None)
        if type(at) in _COMPARISONS:
            left, right = self.node(at.this), self.node(at.expression)
            return self._build(at, lambda: compare(_COMPARISONS[type(at)], left, right))
        if type(at) in _ARITHMETIC:
            return Arithmetic(_ARITHMETIC[type(at)], self._number(at.this), self._number(at.expression))
        if isinstance(at, exp.If):  # `IF(..)`, whose SQL would be that of a CASE
            raise self.error("there is no function if(..): CASE WHEN .. THEN .. ELSE .. END is what there is", at)
        raise self.error(f"{at.sql()!r} is not supported", at)

    def column(self, at: Tree) -> Node:
        """A column by its name."""
        name = str(at.this.this)
        reason = unreadable(name)
        if reason is not None:
            raise self.error(reason, at)
        return Column(name, _KINDS.get(name, "any"))

    def _literal(self, at: Tree) -> Node:
        if at.is_string:
            return Constant(str(at.this))
        text = str(at.this)
        number: float = int(text) if text.isdecimal() else float(text)
        if number > LARGEST:
            raise self.error(f"{text[:20]}.. is beyond every number", at)
        return Constant(number)

    def condition(self, at: Tree) -> Node:
        """A part that has to be a condition."""
        node = self.node(at)
        if node.kind not in ("bool", "any", "null"):
            raise self.error(f"{at.sql()!r} is no condition", at)
        return node

    def _number(self, at: Tree) -> Node:
        node = self.node(at)
        if node.kind not in ("number", "any", "null"):
            raise self.error(f"{at.sql()!r} is no number", at)
        return node

    def _is(self, at: Tree) -> Node:
        operand, what = self.node(at.this), at.expression
        if isinstance(what, exp.Null):
            return IsNull(f"(null {operand.key})", operand)
        if isinstance(what, exp.Boolean) and operand.kind in ("bool", "any", "null"):
            return IsTruth(operand, bool(what.this))
        raise self.error("IS takes NULL, TRUE or FALSE", at)

    def _in(self, at: Tree) -> Node:
        if at.args.get("query") is not None or not at.expressions:
            raise self.error("IN takes a list of values", at)
        operand = self.node(at.this)
        tests = []
        for item in at.expressions:
            value = self.node(item)
            tests.append(self._build(item, lambda value=value: compare("=", operand, value)))  # type: ignore[misc]
        if len(tests) > 2 and isinstance(operand, Column) and all(isinstance(i, exp.Literal) for i in at.expressions):
            texts = {str(item.this) for item in at.expressions if item.is_string}
            if len(texts) == len(tests):
                key = f"(in {operand.key} {sorted(texts)!r})"
                return ValueTest(key, operand, lambda value: text_of(value) in texts, frozenset(texts))
        node = tests[0]
        for test in tests[1:]:
            node = Or(f"(or {node.key} {test.key})", node, test)
        return node

    def _like(self, at: Tree) -> Node:
        escape = None
        like = at
        if isinstance(at, exp.Escape):
            like, escape = at.this, str(at.expression.this)
        operand, pattern = self.node(like.this), like.expression
        if not isinstance(pattern, exp.Literal) or not pattern.is_string:
            raise self.error("LIKE takes a text pattern in quotes", at)
        if not isinstance(operand, Column) or operand.kind == "number":
            raise self.error("LIKE works on a column", at)
        ignore = isinstance(like, exp.ILike)
        text = str(pattern.this)
        try:
            matcher = Like(text, escape, ignore_case=ignore)
        except ValueError as e:
            raise self.error(str(e), at) from e
        key = f"({'i' if ignore else ''}like {operand.key} {text!r} {escape!r})"
        node: Node = ValueTest(key, operand, lambda value: matcher.matches(text_of(value) or ""))
        return Not(f"(not {key})", node) if like.args.get("negate") else node

    def _case(self, at: Tree) -> Node:
        subject = self.node(at.this) if at.this is not None else None
        branches = []
        for branch in at.args["ifs"]:
            if subject is None:
                test = self.condition(branch.this)
            else:
                value = self.node(branch.this)
                test = self._build(branch, lambda value=value: compare("=", subject, value))  # type: ignore[misc]
            branches.append((test, self.node(branch.args["true"])))
        default = at.args.get("default")
        otherwise = Constant(None) if default is None else self.node(default)
        key = " ".join(f"{test.key} {value.key}" for test, value in branches)
        return Case(f"(case {key} {otherwise.key})", branches, otherwise)

    def function(self, call: Tree, where: Tree | None) -> Node:  # noqa: ARG002  for readers of values
        """A call, with the condition of its FILTER; there is none inside of a condition."""
        raise self.error(f"{call.sql()!r} is not allowed here", call)


def unreadable(name: str) -> str | None:
    """Why no column of this name can be read, None: it can. A decoder finds properties by names as they stand in JSON,
    and these characters are escapes there.
    """
    if not any(character in '"\\' or character < " " for character in name):
        return None
    return f"no column {name!r} can be read: its name holds a quote, a backslash or a control character"


def _syntax(error: dict[str, Any]) -> str:
    text = str(error.get("description") or "the expression cannot be read")
    if text.startswith("Required keyword"):
        return "the expression is incomplete"
    text = text.partition(" but got ")[0]
    met = error.get("highlight")
    return text[:1].lower() + text[1:] + (f" at {met!r}" if met else "")


def _open_quote(text: str) -> int | None:
    """Where the quote begins that nothing closes."""
    opened = None
    for place, character in enumerate(text):
        if opened is None and character in "'\"":
            opened = place
        elif opened is not None and character == text[opened]:
            opened = None
    return opened
