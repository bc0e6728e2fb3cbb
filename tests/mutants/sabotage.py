"""One of them."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Sabotage"]


class Sabotage(NamedTuple):
    """`line` stands in `file` once; with `wrong` in its place, `test` fails."""

    name: str
    file: str
    line: str
    wrong: str
    test: str
