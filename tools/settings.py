"""The table of docs/settings.md, made from `gateway.config.Config`: `python -m tools.settings` writes it anew.

Unlike the other modules here it needs the project installed, so it is run with the virtual environment's Python.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import Field, fields
from typing import Any

from gateway.config import Config
from tools.command import ROOT, say

__all__ = ["PAGE", "refresh", "table"]

PAGE = ROOT / "docs" / "settings.md"

_BEGIN, _END = "<!-- settings: made by `python -m tools.settings` -->\n", "<!-- end of settings -->\n"


def table(settings: Iterable[Field[Any]]) -> str:
    """One row per setting: its name, its default as one would write it in TOML, and the reason."""
    rows = [f"| `{setting.name}` | {_toml(setting.default)} | {setting.metadata['why']} |\n" for setting in settings]
    return "".join(["| setting | default | what it is, and why so |\n", "|---|---|---|\n", *rows])


def refresh(page: str, settings: Iterable[Field[Any]]) -> str:
    """`page` with the table between its two marks replaced.

    Raises:
        ValueError: the marks are not there.
    """
    before, begin, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError("the page has lost the marks around its table")
    return before + begin + table(settings) + end + after


def _toml(default: object) -> str:
    match default:
        case ():
            return "`[]`"
        case str():
            return f'`"{default}"`'
        case bool():
            return f"`{str(default).lower()}`"
        case int() if default >= 10_000:
            return f"`{default:_}`"
        case _:
            return f"`{default}`"


if __name__ == "__main__":
    PAGE.write_text(refresh(PAGE.read_text("utf-8"), fields(Config)), "utf-8")
    say(f"{PAGE.relative_to(ROOT)}: {len(fields(Config))} settings")
