"""A call in a KPI's value: `name(argument, .., key => value)`, taken apart with a clear word for what is wrong."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from analytics.reader import DefinitionError, Reader, Tree
from analytics.window import duration_ms

__all__ = ["Call"]

MAX_DURATION: Final = 366 * 86_400_000


class Call:
    """Its name in lower case, its arguments in order, and its named ones. Places of errors are those in the text."""

    def __init__(self, reader: Reader, tree: Tree) -> None:
        self.tree = tree
        self._reader = reader
        self.name = str(tree.this).lower()
        self.arguments: list[Tree] = []
        self._named: dict[str, Tree] = {}
        for item in tree.expressions:
            self._take(item)

    def _take(self, item: Tree) -> None:
        if isinstance(item, exp.Distinct):
            raise self.error("DISTINCT is written as uniq(x)")
        if not isinstance(item, exp.Kwarg):
            if self._named:
                raise self._reader.error(f"{self.name}(..): what has a name comes last", item)
            self.arguments.append(item)
            return
        key = str(item.this.this if isinstance(item.this, exp.Column) else item.this.name).lower()
        if key in self._named:
            raise self.error(f"{self.name}(..): {key!r} is given twice")
        self._named[key] = item.expression

    def error(self, reason: str, at: Tree | None = None) -> DefinitionError:
        """A refusal at this call, or at one part of it."""
        return self._reader.error(reason, self.tree if at is None else at)

    def only(self, *names: str) -> None:
        """Refuse every named argument but these."""
        for key in self._named:
            if key not in names:
                known = f"; it knows {', '.join(names)}" if names else ""
                raise self.error(f"{self.name}(..) has no {key!r}{known}", self._place(key))

    def _place(self, key: str) -> Tree:
        """Where the value of a named argument stands, or the call itself when it has no place of its own."""
        value = self._named[key]
        return value if any("start" in node.meta for node in value.walk()) else self.tree

    def named(self, key: str) -> Tree | None:
        """A named argument as it was written; None: it is missing."""
        return self._named.get(key)

    def duration(self, key: str, default: str) -> int:
        """A named duration such as '30m', in ms; the default when it is missing."""
        value = self._named.get(key)
        text = default if value is None else str(value.this) if _is_text(value) else ""
        try:
            ms = duration_ms(text)
        except ValueError as e:
            reason = f"{self.name}(..): {key!r} is a duration in quotes such as '30m'"
            raise self.error(reason, self._place(key)) from e
        if not 1 <= ms <= MAX_DURATION:
            raise self.error(f"{self.name}(..): {key!r} is between 1ms and 366d", self._place(key))
        return ms

    def whole(self, key: str, default: int, low: int, high: int) -> int:
        """A named whole number from `low` to `high`."""
        value = self._named.get(key)
        number = default if value is None else whole_number(value)
        if number is None or not low <= number <= high:
            raise self.error(f"{self.name}(..): {key!r} is a whole number from {low} to {high}", self._place(key))
        return number

    def text(self, key: str, default: str) -> str:
        """A named text."""
        value = self._named.get(key)
        if value is None:
            return default
        if not _is_text(value):
            raise self.error(f"{self.name}(..): {key!r} is a text in quotes", self._place(key))
        return str(value.this)

    def truth(self, key: str) -> bool:
        """A named TRUE or FALSE; FALSE when it is missing."""
        value = self._named.get(key)
        if value is None:
            return False
        if not isinstance(value, exp.Boolean):
            raise self.error(f"{self.name}(..): {key!r} is TRUE or FALSE", self._place(key))
        return bool(value.this)


def whole_number(at: Tree) -> int | None:
    """The value of a literal whole number."""
    return int(at.this) if isinstance(at, exp.Literal) and not at.is_string and str(at.this).isdecimal() else None


def _is_text(at: Tree) -> bool:
    return isinstance(at, exp.Literal) and bool(at.is_string)
