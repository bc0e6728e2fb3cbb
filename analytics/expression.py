"""SQL expressions as trees that evaluate over a whole batch at once, with SQL's three-valued logic.

A condition is two masks, where it is true and where it is false; where it is neither, it is null. Each is computed only
when asked for, so a plain filter costs one comparison. Every node has a canonical `key`, under which the frame keeps
its result: equal sub-expressions of different KPIs are evaluated once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, Protocol, TypeAlias, TypeVar

import numpy as np

from analytics.arrays import Bools, Numbers
from analytics.dictionary import NULL, Dictionary, plain
from analytics.frame import Coded

__all__ = ["Column", "Constant", "Kind", "Node", "Operands"]

Kind: TypeAlias = Literal["number", "text", "bool", "any", "null"]
"""What a node can be, known when the definition is read; `any` is a property, whose values decide."""

T = TypeVar("T")


class Operands(Protocol):
    """Where columns come from: a batch, or the aggregates of a window."""

    n: int

    def keep(self, key: Any, make: Callable[[], T]) -> T: ...
    def raw(self, name: str) -> Sequence[Any]: ...
    def coded(self, name: str) -> Coded: ...
    def numbers(self, name: str) -> Numbers: ...
    def encode(self, key: str, column: Sequence[Any]) -> Coded: ...


class Node:
    """One expression. Subclasses override what their kind of value can be asked for."""

    kind: Kind = "any"

    def __init__(self, key: str, *operands: Node) -> None:
        self.key = key
        self.operands = operands

    def walk(self) -> Iterator[Node]:
        """This node and all below it."""
        yield self
        for operand in self.operands:
            yield from operand.walk()

    def true(self, at: Operands) -> Bools:
        """Where the condition is true."""
        return at.keep(("true", self.key), lambda: self._true(at))

    def false(self, at: Operands) -> Bools:
        """Where the condition is false; what is neither is null."""
        return at.keep(("false", self.key), lambda: self._false(at))

    def number(self, at: Operands) -> Numbers:
        """The expression as numbers."""
        return at.keep(("number", self.key), lambda: self._number(at))

    def present(self, at: Operands) -> Bools:
        """Where the expression is not null."""
        return at.keep(("present", self.key), lambda: self._present(at))

    def raw(self, at: Operands) -> Sequence[Any]:
        """The expression as plain values. Slow: a Python loop over the batch."""
        return at.keep(("raw", self.key), lambda: self._raw(at))

    def coded(self, at: Operands) -> Coded:
        """The expression as codes; a computed one is encoded by the dictionary under its key."""
        return at.keep(("coded", self.key), lambda: self._coded(at))

    def _true(self, at: Operands) -> Bools:
        return np.array([value is True for value in self.raw(at)], np.bool_)

    def _false(self, at: Operands) -> Bools:
        return np.array([value is False for value in self.raw(at)], np.bool_)

    def _number(self, at: Operands) -> Numbers:
        values = [v if type(v) is int or type(v) is float else None for v in self.raw(at)]
        numbers = np.array(values, np.float64)
        return Numbers(numbers, ~np.isnan(numbers))

    def _present(self, at: Operands) -> Bools:
        if self.kind == "number":
            valid = self.number(at).valid
            return np.ones(at.n, np.bool_) if valid is None else valid
        if self.kind == "bool":
            return self.true(at) | self.false(at)
        return np.array([value is not None for value in self.raw(at)], np.bool_)

    def _raw(self, at: Operands) -> Sequence[Any]:
        if self.kind == "bool":
            pairs = zip(self.true(at).tolist(), self.false(at).tolist(), strict=True)
            return [True if true else False if false else None for true, false in pairs]
        values, valid, _ = self.number(at)
        return [plain(v) for v in (values if valid is None else np.where(valid, values, np.nan)).tolist()]

    def _coded(self, at: Operands) -> Coded:
        return at.encode(self.key, self.raw(at))


class Column(Node):
    """A column of the batch, or (`#0`, `#1`, ..) an aggregate of the window."""

    def __init__(self, name: str, kind: Kind = "any") -> None:
        super().__init__(f'"{name}"')
        self.name = name
        self.kind = kind
        self._truth = ValueTable(lambda value: value if type(value) is bool else None)

    def _number(self, at: Operands) -> Numbers:
        return at.numbers(self.name)

    def _raw(self, at: Operands) -> Sequence[Any]:
        return [plain(value) for value in at.raw(self.name)]

    def _coded(self, at: Operands) -> Coded:
        return at.coded(self.name)

    def _present(self, at: Operands) -> Bools:
        if self.kind == "number":
            return super()._present(at)
        present: Bools = self.coded(at).codes != NULL
        return present

    def _true(self, at: Operands) -> Bools:
        return self._truth.where(1, self.coded(at))

    def _false(self, at: Operands) -> Bools:
        return self._truth.where(0, self.coded(at))


class Constant(Node):
    """A literal: number, text, TRUE, FALSE or NULL."""

    def __init__(self, value: Any) -> None:
        super().__init__(repr(value))
        self.value = value
        self.kind = (
            "null" if value is None else "bool" if type(value) is bool else "text" if type(value) is str else "number"
        )

    def _true(self, at: Operands) -> Bools:
        return np.full(at.n, self.value is True)

    def _false(self, at: Operands) -> Bools:
        return np.full(at.n, self.value is False)

    def _number(self, at: Operands) -> Numbers:
        if self.kind != "number":
            return Numbers(np.full(at.n, np.nan), np.zeros(at.n, np.bool_))
        value = float(self.value)
        rest = float(self.value - int(value)) if type(self.value) is int else 0.0
        return Numbers(np.full(at.n, value), None, np.full(at.n, rest) if rest else None)

    def _raw(self, at: Operands) -> Sequence[Any]:
        return [self.value] * at.n


class ValueTable:
    """A three-valued test of single values, run once per distinct value and looked up by code after that."""

    def __init__(self, test: Callable[[Any], bool | None]) -> None:
        self._test = test
        self._dictionary: Dictionary | None = None
        self._generation = 0
        self._states = np.zeros(0, np.int8)

    def where(self, state: int, coded: Coded) -> Bools:
        """The events whose value tests as `state`: 1 for true, 0 for false, -1 for null."""
        codes, dictionary = coded
        if dictionary is not self._dictionary or dictionary.generation != self._generation:
            self._dictionary, self._generation = dictionary, dictionary.generation
            self._states = np.zeros(0, np.int8)
        fresh = dictionary.values_by_code[len(self._states) :]
        if fresh:
            results = [None if value is None else self._test(value) for value in fresh]
            states = np.array([-1 if result is None else int(result) for result in results], np.int8)
            self._states = np.concatenate([self._states, states])
        found: Bools = self._states[codes] == state
        return found


class ValueTest(Node):
    """A test of each value of a column, such as LIKE or a comparison with a text."""

    kind: Kind = "bool"

    def __init__(
        self, key: str, operand: Node, test: Callable[[Any], bool | None], texts: frozenset[str] | None = None
    ) -> None:
        super().__init__(key, operand)
        # The only texts for which it is true, where those can be listed.
        self.texts = texts
        self._table = ValueTable(test)

    def _true(self, at: Operands) -> Bools:
        return self._table.where(1, self.operands[0].coded(at))

    def _false(self, at: Operands) -> Bools:
        return self._table.where(0, self.operands[0].coded(at))


class TextEquals(ValueTest):
    """`column = 'text'`: while the column holds only texts, one comparison of codes."""

    def __init__(self, key: str, operand: Node, text: str, test: Callable[[Any], bool | None]) -> None:
        super().__init__(key, operand, test, frozenset((text,)))
        self._text = text

    def _true(self, at: Operands) -> Bools:
        codes, dictionary = coded = self.operands[0].coded(at)
        if dictionary.mixed:
            return self._table.where(1, coded)
        # A text that the dictionary does not know is in no event of this batch.
        found: Bools = codes == dictionary.get(self._text, -1)
        return found

    def _false(self, at: Operands) -> Bools:
        codes, dictionary = coded = self.operands[0].coded(at)
        if dictionary.mixed:
            return self._table.where(0, coded)
        found: Bools = (codes != dictionary.get(self._text, -1)) & (codes != NULL)
        return found


class IsNull(Node):
    """`x IS NULL`: never null itself."""

    kind: Kind = "bool"

    def _true(self, at: Operands) -> Bools:
        return ~self.false(at)

    def _false(self, at: Operands) -> Bools:
        return self.operands[0].present(at)


class IsTruth(Node):
    """`x IS TRUE` or `x IS FALSE`: never null itself."""

    kind: Kind = "bool"

    def __init__(self, operand: Node, truth: bool) -> None:
        super().__init__(f"(is {operand.key} {truth})", operand)
        self._truth = truth

    def _true(self, at: Operands) -> Bools:
        return self.operands[0].true(at) if self._truth else self.operands[0].false(at)

    def _false(self, at: Operands) -> Bools:
        return ~self.true(at)


class Not(Node):
    """NOT: null stays null."""

    kind: Kind = "bool"

    def _true(self, at: Operands) -> Bools:
        return self.operands[0].false(at)

    def _false(self, at: Operands) -> Bools:
        return self.operands[0].true(at)


class And(Node):
    """AND: false as soon as one side is."""

    kind: Kind = "bool"

    def _true(self, at: Operands) -> Bools:
        return self.operands[0].true(at) & self.operands[1].true(at)

    def _false(self, at: Operands) -> Bools:
        return self.operands[0].false(at) | self.operands[1].false(at)


class Or(Node):
    """OR: true as soon as one side is."""

    kind: Kind = "bool"

    def _true(self, at: Operands) -> Bools:
        return self.operands[0].true(at) | self.operands[1].true(at)

    def _false(self, at: Operands) -> Bools:
        return self.operands[0].false(at) & self.operands[1].false(at)
