"""Where something stands in a TOML file, since tomllib does not say: line and column, both from 1."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

__all__ = ["Places"]

_HEADER: Final = re.compile(r"\s*\[\[\s*([A-Za-z0-9_-]+(?:\s*\.\s*[A-Za-z0-9_-]+)*)\s*\]\]")
_KEY: Final = re.compile(r"\s*(?:\"([^\"]+)\"|'([^']+)'|([A-Za-z0-9_-]+))\s*=\s*")
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
        # Per table: key -> offset of its value in the text, and the offset of the header under "".
        self._tables: list[dict[str, int]] = []
        offset = 0
        wanted = frozenset(names)
        for line in text.splitlines(keepends=True):
            header = _HEADER.match(line)
            name = "".join(header[1].split()) if header else ""
            if name in wanted:
                self.names.append(name)
                self._tables.append({"": offset + len(line) - len(line.lstrip())})
            elif self._tables and (match := _KEY.match(line)):
                key = match[1] or match[2] or match[3]
                self._tables[-1].setdefault(key, offset + match.end())
            offset += len(line)

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
