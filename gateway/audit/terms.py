"""SQL of a KPI as SQL of DuckDB: the same text, read apart from the engine, under the same rules for types.

An event's column is three columns here: what kind of value it is, the value as text, and as a number. So a number read
of a text is null, TRUE compares with booleans only, and 7 and '7' stay apart, as docs/kpis.md has it.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import sqlglot
from sqlglot import exp

from analytics.reader import Expressions
from gateway.errors import ConfigError

__all__ = ["BOOLEAN", "NUMBER", "TEXT", "Columns", "Term", "Terms", "unsupported"]

NOTHING: Final = 0
BOOLEAN: Final = 1
NUMBER: Final = 2
TEXT: Final = 3
LONGEST: Final = 100_000
"""Characters of SQL. Each level of arithmetic doubles it, so what is nested deeper would grow beyond all bounds."""
_COMPARISONS: Final[dict[type[Any], str]] = {
    exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=",
}  # fmt: skip
_ARITHMETIC: Final[dict[type[Any], str]] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%"}


class Term(NamedTuple):
    """One expression, as what it may be asked for: each a piece of SQL that is null where it is not of that kind."""

    kind: str
    """`number`, `text`, `bool` or `null` when the definition says so; `any` when the values decide."""
    number: str = "NULL::DOUBLE"
    truth: str = "NULL::BOOLEAN"
    text: str = "NULL::VARCHAR"
    """Of any value that is not null, as JSON writes it, texts without quotes."""
    tag: str = "0"
    """NOTHING, BOOLEAN, NUMBER or TEXT."""
    constant: bool = False
    column: bool = False

    @property
    def key(self) -> str:
        """A text under which 7, '7' and values of other kinds stay apart; null for null."""
        return f"CASE WHEN {self.tag} <> 0 THEN {self.tag} || ':' || {self.text} END"

    @classmethod
    def of_number(cls, sql: str, *, constant: bool = False) -> Term:
        """A number. Raises ConfigError: its SQL is too long."""
        if len(sql) > LONGEST:
            raise unsupported("arithmetic that is nested so deeply")
        whole = f"CAST(CAST({sql} AS BIGINT) AS VARCHAR)"
        text = f"CASE WHEN {sql} = trunc({sql}) AND abs({sql}) < 9e15 THEN {whole} ELSE CAST({sql} AS VARCHAR) END"
        return cls("number", sql, text=text, tag=f"CASE WHEN {sql} IS NULL THEN 0 ELSE 2 END", constant=constant)

    @classmethod
    def of_truth(cls, sql: str, *, constant: bool = False) -> Term:
        """A condition."""
        text = f"CASE WHEN {sql} THEN 'true' WHEN NOT {sql} THEN 'false' END"
        return cls("bool", truth=sql, text=text, tag=f"CASE WHEN {sql} IS NULL THEN 0 ELSE 1 END", constant=constant)


class Columns:
    """The columns of events that the SQL reads: each has a short name of its own, and three columns in the table."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}

    def term(self, name: str) -> Term:
        """A column by the name it has in the definition."""
        if name == "timestamp":
            return Term.of_number("t::DOUBLE")
        short = self.names.setdefault(name, f"c{len(self.names)}")
        truth = f"CASE WHEN {short}_kind = {BOOLEAN} THEN {short}_text = 'true' END"
        return Term("any", f"{short}_number", truth, f"{short}_text", f"{short}_kind", column=True)


def unsupported(what: str) -> ConfigError:
    """A definition that cannot be audited, by the name of what is in the way."""
    return ConfigError("audit", f"{what} cannot be audited")


class Terms:
    """Reads one text of a definition that the engine has taken, so what is wrong with it has been said before."""

    def __init__(self, text: str, columns: Columns) -> None:
        self.source = text
        self.columns = columns

    def read(self) -> Term:
        """The whole text. Raises ConfigError: it holds something that cannot be translated."""
        return self.term(sqlglot.parse_one(self.source, dialect=Expressions))

    def term(self, at: Any) -> Term:  # noqa: C901  one branch per kind of SQL node reads best in one place
        """Any part."""
        match at:
            case exp.Paren():
                return self.term(at.this)
            case exp.Column():
                return self.column(str(at.this.this))
            case exp.Literal():
                return _literal(at)
            case exp.Boolean():
                return Term.of_truth("TRUE" if at.this else "FALSE", constant=True)
            case exp.Null():
                return Term("null", constant=True)
            case exp.And() | exp.Or():
                word = "AND" if isinstance(at, exp.And) else "OR"
                return Term.of_truth(f"({self.truth(at.this)} {word} {self.truth(at.expression)})")
            case exp.Not():
                return Term.of_truth(f"(NOT {self.truth(at.this)})")
            case exp.Is():
                return self._is(at)
            case exp.In():
                tests = [self._compare("=", self.term(at.this), self.term(item)) for item in at.expressions]
                return Term.of_truth(f"({' OR '.join(tests)})")
            case exp.Between():
                value, low, high = (self.term(at.args[name]) for name in ("this", "low", "high"))
                return Term.of_truth(f"({self._compare('>=', value, low)} AND {self._compare('<=', value, high)})")
            case exp.Like() | exp.ILike() | exp.Escape():
                return self._like(at)
            case exp.Neg():
                return Term.of_number(f"(-{self.term(at.this).number})")
            case exp.Case():
                return self._case(at)
            case exp.Filter():
                return self.aggregate(at.this, at.expression.this)
            case exp.Anonymous():
                return self.aggregate(at, None)
        if type(at) in _COMPARISONS:
            compared = self._compare(_COMPARISONS[type(at)], self.term(at.this), self.term(at.expression))
            return Term.of_truth(compared)
        if type(at) in _ARITHMETIC:
            return self._arithmetic(_ARITHMETIC[type(at)], self.term(at.this).number, self.term(at.expression).number)
        raise unsupported(repr(at.sql()))

    def truth(self, at: Any) -> str:
        """A part as a condition."""
        return self.term(at).truth

    def column(self, name: str) -> Term:
        """A column by its name."""
        return self.columns.term(name)

    def aggregate(self, call: Any, where: Any) -> Term:  # noqa: ARG002  for readers of values
        """A call, with the condition of its FILTER."""
        raise unsupported(repr(call.sql()))

    def _is(self, at: Any) -> Term:
        operand, what = self.term(at.this), at.expression
        if isinstance(what, exp.Null):
            return Term.of_truth(f"({operand.tag} = 0)")
        return Term.of_truth(f"({operand.truth} IS {'TRUE' if what.this else 'FALSE'})")

    def _like(self, at: Any) -> Term:
        like, escape = (at.this, at.expression) if isinstance(at, exp.Escape) else (at, None)
        word = "ILIKE" if isinstance(like, exp.ILike) else "LIKE"
        ending = "" if escape is None else f" ESCAPE {quoted(str(escape.this))}"
        test = f"({self.term(like.this).text} {word} {quoted(str(like.expression.this))}{ending})"
        return Term.of_truth(f"(NOT {test})" if like.args.get("negate") else test)

    def _arithmetic(self, sign: str, left: str, right: str) -> Term:
        if sign == "%":
            return Term.of_number(f"CASE WHEN {right} <> 0 THEN {left} % {right} END")
        result = f"({left} {sign} {right})"
        if sign == "/":
            result = f"CASE WHEN {right} <> 0 THEN {result} END"
        return Term.of_number(f"CASE WHEN isfinite({result}) THEN {result} END")

    def _case(self, at: Any) -> Term:
        subject = None if at.this is None else self.term(at.this)
        branches = []
        for branch in at.args["ifs"]:
            test = self.truth(branch.this) if subject is None else self._compare("=", subject, self.term(branch.this))
            branches.append((test, self.term(branch.args["true"])))
        default = at.args.get("default")
        otherwise = Term("null") if default is None else self.term(default)
        kinds = {value.kind for value in (*(value for _, value in branches), otherwise)} - {"null"}

        def chosen(field: str) -> str:
            whens = " ".join(f"WHEN {test} THEN {getattr(value, field)}" for test, value in branches)
            return f"CASE {whens} ELSE {getattr(otherwise, field)} END"

        kind = kinds.pop() if len(kinds) == 1 else "any" if kinds else "null"
        return Term(kind, chosen("number"), chosen("truth"), chosen("text"), chosen("tag"))

    def _compare(self, sign: str, left: Term, right: Term) -> str:
        kinds = {left.kind, right.kind}
        if "null" in kinds:
            return "NULL::BOOLEAN"
        if "number" in kinds:
            return f"({left.number} {sign} {right.number})"
        if "bool" in kinds:
            return f"({left.truth} {sign} {right.truth})"
        if (left.column and right.constant) or (right.column and left.constant):
            return f"({left.text} {sign} {right.text})"
        if sign in ("=", "<>"):
            return f"({left.key} {sign} {right.key})"
        numbers = f"WHEN {left.tag} = {NUMBER} AND {right.tag} = {NUMBER} THEN {left.number} {sign} {right.number}"
        texts = f"WHEN {left.tag} = {TEXT} AND {right.tag} = {TEXT} THEN {left.text} {sign} {right.text}"
        return f"(CASE {numbers} {texts} END)"


def quoted(text: str) -> str:
    """A text as DuckDB reads it."""
    return "'" + text.replace("'", "''") + "'"


def _literal(at: Any) -> Term:
    if at.is_string:
        return Term("text", text=quoted(str(at.this)), tag=str(TEXT), constant=True)
    return Term.of_number(f"{float(str(at.this))!r}::DOUBLE", constant=True)
