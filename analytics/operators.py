"""Comparison, arithmetic and CASE over whole columns. Null in, null out; division by zero is null."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from analytics.arrays import Bools, Numbers
from analytics.dictionary import text_of, typed_key
from analytics.expression import And, Column, Constant, Kind, Node, Not, Operands, Or, TextEquals, ValueTest

__all__ = ["COMPARISONS", "Arithmetic", "Case", "compare"]

COMPARISONS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_MIRRORED: Final = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def compare(sign: str, left: Node, right: Node) -> Node:
    """The comparison `left sign right`, in the cheapest form its operands allow.

    Raises:
        ValueError: the operands can never be compared.
    """
    if isinstance(left, Constant) and not isinstance(right, Constant):
        return compare(_MIRRORED[sign], right, left)
    kinds = {left.kind, right.kind} - {"null"}
    key = f"({sign} {left.key} {right.key})"
    if kinds in ({"text", "number"}, {"text", "bool"}, {"number", "bool"}):
        first, second = sorted(kinds)
        raise ValueError(f"a {first} is compared with a {second}")
    if "null" in (left.kind, right.kind):
        return ValuesCompare(key, sign, left, right)
    if "number" in kinds:
        return NumbersCompare(key, sign, left, right)
    if "bool" in kinds:
        return _compare_truth(key, sign, left, right)
    if isinstance(left, Column) and isinstance(right, Constant):
        text, apply = right.value, COMPARISONS[sign]
        if sign == "=":
            return TextEquals(key, left, text, lambda value: text_of(value) == text)
        if sign == "<>":
            return Not(f"(not (= {left.key} {right.key}))", compare("=", left, right))
        return ValueTest(key, left, lambda value: bool(apply(text_of(value), text)))
    return ValuesCompare(key, sign, left, right)


def _compare_truth(key: str, sign: str, left: Node, right: Node) -> Node:
    if sign not in ("=", "<>"):
        raise ValueError(f"booleans have no order for {sign}")
    if isinstance(right, Constant):
        equal: Node = left if right.value else Not(f"(not {left.key})", left)
        if left.kind == "any":
            # `flag = TRUE` is null for anything but a boolean, which is what the column itself says as a condition.
            equal = equal if right.value else Not(f"(not {left.key})", left)
        return equal if sign == "=" else Not(f"(not {equal.key})", equal)
    both = And(f"{key}:both", left, right)
    neither = And(f"{key}:neither", Not(f"(not {left.key})", left), Not(f"(not {right.key})", right))
    equal = Or(f"{key}:equal", both, neither)
    return equal if sign == "=" else Not(key, equal)


class NumbersCompare(Node):
    """Numbers against numbers."""

    kind: Kind = "bool"

    def __init__(self, key: str, sign: str, left: Node, right: Node) -> None:
        super().__init__(key, left, right)
        self._sign = sign

    def _true(self, at: Operands) -> Bools:
        return self._masked(at, negate=False)

    def _false(self, at: Operands) -> Bools:
        return self._masked(at, negate=True)

    def _masked(self, at: Operands, *, negate: bool) -> Bools:
        (left, right), valid = [node.number(at) for node in self.operands], None
        other = self.operands[1]
        value = float(other.value) if isinstance(other, Constant) else right.values
        with np.errstate(invalid="ignore"):
            mask: Bools = COMPARISONS[self._sign](left.values, value)
        if left.low is not None or right.low is not None:
            mask = _exact_compare(self._sign, left, right)
        mask = ~mask if negate else mask
        for valid in (left.valid, right.valid):
            mask = mask if valid is None else mask & valid
        return mask


def _exact_compare(sign: str, left: Numbers, right: Numbers) -> Bools:
    """Integers beyond 2**53 on either side: compare them as integers."""

    def exact(numbers: Numbers) -> list[Any]:
        low = np.zeros(len(numbers.values)) if numbers.low is None else numbers.low
        return [
            int(v) + int(rest) if rest else v
            for v, rest in zip(np.nan_to_num(numbers.values).tolist(), low.tolist(), strict=True)
        ]

    return np.array([COMPARISONS[sign](a, b) for a, b in zip(exact(left), exact(right), strict=True)], np.bool_)


class ValuesCompare(Node):
    """Two expressions whose values decide how they compare: equal in kind and value, ordered within one kind."""

    kind: Kind = "bool"

    def __init__(self, key: str, sign: str, left: Node, right: Node) -> None:
        super().__init__(key, left, right)
        self._sign = sign

    def _raw(self, at: Operands) -> Sequence[Any]:
        left, right = (node.raw(at) for node in self.operands)
        return [self._one(a, b) for a, b in zip(left, right, strict=True)]

    def _one(self, a: Any, b: Any) -> bool | None:
        if a is None or b is None:
            return None
        if self._sign == "=":
            return bool(typed_key(a) == typed_key(b))
        if self._sign == "<>":
            return bool(typed_key(a) != typed_key(b))
        if isinstance(a, bool) or isinstance(b, bool) or isinstance(a, str) != isinstance(b, str):
            return None
        return bool(COMPARISONS[self._sign](a, b))

    def _true(self, at: Operands) -> Bools:
        return np.array([value is True for value in self.raw(at)], np.bool_)

    def _false(self, at: Operands) -> Bools:
        return np.array([value is False for value in self.raw(at)], np.bool_)


class Arithmetic(Node):
    """`+ - * / %` of numbers. What is not a finite number, division by zero included, is null."""

    kind: Kind = "number"

    def __init__(self, sign: str, left: Node, right: Node) -> None:
        super().__init__(f"({sign} {left.key} {right.key})", left, right)
        self._sign = sign

    def _number(self, at: Operands) -> Numbers:
        (a, a_valid, _), (b, b_valid, _) = (node.number(at) for node in self.operands)
        with np.errstate(all="ignore"):
            values = _ARITHMETIC[self._sign](a, b)
        valid = np.isfinite(values)
        for side in (a_valid, b_valid):
            valid = valid if side is None else valid & side
        return Numbers(values, None if valid.all() else valid)


_ARITHMETIC: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.true_divide,
    "%": np.fmod,
}


class Case(Node):
    """CASE WHEN condition THEN value .. ELSE value END; the first true condition decides."""

    def __init__(self, key: str, branches: Sequence[tuple[Node, Node]], default: Node) -> None:
        self.branches = tuple(branches)
        self.default = default
        super().__init__(key, *(node for pair in branches for node in pair), default)
        kinds = {value.kind for value in (*(value for _, value in branches), default)} - {"null"}
        self.kind = kinds.pop() if len(kinds) == 1 else "any" if kinds else "null"

    def _number(self, at: Operands) -> Numbers:
        values, valid, _ = self.default.number(at)
        known = np.ones(at.n, np.bool_) if valid is None else valid
        for condition, value in reversed(self.branches):
            chosen = condition.true(at)
            branch, branch_valid, _ = value.number(at)
            values = np.where(chosen, branch, values)
            known = np.where(chosen, True if branch_valid is None else branch_valid, known)
        return Numbers(values, None if known.all() else known)

    def _raw(self, at: Operands) -> Sequence[Any]:
        values = list(self.default.raw(at))
        for condition, value in reversed(self.branches):
            branch = value.raw(at)
            for i in np.flatnonzero(condition.true(at)).tolist():
                values[i] = branch[i]
        return values

    def _true(self, at: Operands) -> Bools:
        return np.array([value is True for value in self.raw(at)], np.bool_)

    def _false(self, at: Operands) -> Bools:
        return np.array([value is False for value in self.raw(at)], np.bool_)
