"""Where something stands in a TOML file, since tomllib does not say: line and column, both from 1."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

__all__ = ["Places"]

_STRING: Final = re.compile(
    r'"""(?:\\.|[^\\])*?""""{0,2}|\'\'\'.*?\'\'\'\'{0,2}|"(?:\\.|[^"\\])*"|\'[^\']*\'', re.DOTALL
)
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
# A number, a time or a truth: all that is neither text, list nor table.
_SCALAR: Final = re.compile(r"[^,\]}#\n]*")
_BLANK: Final = re.compile(r"(?:\s|#[^\n]*)*")
_SPACE: Final = re.compile(r"[ \t]*")
_ESCAPES: Final = {"u": 6, "U": 10}
# In a text of several lines, what stands for nothing: a backslash at the end of a line and the blanks that follow it.
_CONTINUED: Final = re.compile(r"\\[ \t]*\r?\n[ \t\r\n]*")


class Places:
    """Positions of the keys of each `[[kpi]]` table, or of tables of other names, of a text that tomllib has read.

    >>> Places('[[kpi]]\\nname = "a"\\nvalue = "\\\\"x\\\\" + 1"').of(0, "value", 4)
    (3, 16)
    """

    def __init__(self, text: str, names: Iterable[str] = ("kpi",)) -> None:
        # Name of each table, in their order in the text.
        self.names: list[str] = []
        self._text = text
        self._wanted = frozenset(names)
        # Per table: key -> offset of its value in the text, and the offset of the header under "".
        self._tables: list[dict[str, int]] = []
        self._read()

    def of(self, table: int, key: str = "", inside: int | None = None) -> tuple[int, int] | tuple[None, None]:
        """Line and column of a key's value, or of character `inside` of that text; the header's for an unknown key."""
        if table >= len(self._tables):
            return None, None
        known = self._tables[table]
        at = known.get(key, known[""])
        if key in known and inside is not None:
            at = self._inside(at, inside)
        before = self._text[:at]
        return before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1

    def _read(self) -> None:
        """Header or key, one after the other."""
        text, at = self._text, 0
        # Where the keys that follow belong: None before the first header, a table that nobody asks for behind others.
        table: dict[str, int] | None = None
        while (at := _end(_BLANK, text, at)) < len(text):
            if text[at] == "[":
                depth = 2 if text.startswith("[[", at) else 1
                parts, end = self._keys(at + depth)
                name = ".".join(parts)
                table = self._open(name, at) if depth == 2 and name in self._wanted else {}
                at = _end(_SPACE, text, end) + depth
                continue
            parts, end = self._keys(at)
            at = _end(_SPACE, text, end + 1)
            if table is None and len(parts) == 1 and parts[0] in self._wanted and text.startswith("[", at):
                at = self._list(at, parts[0])
                continue
            if table is not None:
                table.setdefault(parts[0], at)
            at = self._value(at)

    def _open(self, name: str, at: int) -> dict[str, int]:
        self.names.append(name)
        self._tables.append({"": at})
        return self._tables[-1]

    def _keys(self, at: int) -> tuple[list[str], int]:
        """A key and, behind dots, those below it; the place of what follows them."""
        text, parts = self._text, list[str]()
        while True:
            at = _end(_SPACE, text, at)
            end = _end(_STRING if text[at] in "\"'" else _BARE, text, at)
            parts.append(text[at:end].strip("\"'"))
            at = _end(_SPACE, text, end)
            if text[at] != ".":
                return parts, at
            at += 1

    def _value(self, at: int) -> int:
        """Where the value ends that begins here."""
        first = self._text[at]
        if first == "[":
            return self._list(at, None)
        if first == "{":
            return self._inline(at, {})
        return _end(_STRING if first in "\"'" else _SCALAR, self._text, at)

    def _list(self, at: int, name: str | None) -> int:
        """The same of a list; `name` is what its tables are called if their keys are asked for."""
        text, at = self._text, _end(_BLANK, self._text, at + 1)
        while text[at] != "]":
            table = self._open(name, at) if name is not None and text[at] == "{" else None
            at = self._value(at) if table is None else self._inline(at, table)
            at = _end(_BLANK, text, at)
            if text[at] == ",":
                at = _end(_BLANK, text, at + 1)
        return at + 1

    def _inline(self, at: int, table: dict[str, int]) -> int:
        """The same of a table in braces, whose keys are put into `table`."""
        text, at = self._text, _end(_BLANK, self._text, at + 1)
        while text[at] != "}":
            parts, end = self._keys(at)
            at = _end(_SPACE, text, end + 1)
            table.setdefault(parts[0], at)
            at = _end(_BLANK, text, self._value(at))
            if text[at] == ",":
                at = _end(_BLANK, text, at + 1)
        return at + 1

    def _inside(self, at: int, count: int) -> int:
        """The offset of character `count` of the TOML string that starts at `at`."""
        text = self._text
        quote = text[at : at + 1]
        if quote not in ('"', "'"):
            return at
        triple = text.startswith(quote * 3, at)
        at += 3 if triple else 1
        if triple and text.startswith(("\n", "\r\n"), at):
            at = text.index("\n", at) + 1
        for left in range(count, -1, -1):
            while triple and quote == '"' and (continued := _CONTINUED.match(text, at)):
                at = continued.end()
            if not left:
                break
            if quote == '"' and text[at : at + 1] == "\\":
                at += _ESCAPES.get(text[at + 1 : at + 2], 2)
            else:
                at += 2 if text.startswith("\r\n", at) else 1
        return min(at, len(text))


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    """Where the match ends that begins at a place; tomllib has seen that there is one."""
    found = pattern.match(text, at)
    return at if found is None else found.end()
