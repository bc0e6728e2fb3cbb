"""The twenty aggregates of `twenty.toml` as other engines are told of them. Standard library only."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import NamedTuple

__all__ = ["KPIS", "PROPERTIES", "Kpi"]

PROPERTIES = {
    "country": "VARCHAR", "browser": "VARCHAR", "device": "VARCHAR", "page": "VARCHAR", "campaign": "VARCHAR",
    "variant": "VARCHAR", "price": "DOUBLE", "load": "DOUBLE",
}  # fmt: skip
"""Those of an event of `streams.shop`, and what they are in SQL."""

_VALUE = re.compile(r"(?P<measure>count|sum|uniq|quantile)\((?P<column>\*|\w+)(?:, (?P<share>0\.\d+))?\)")


class Kpi(NamedTuple):
    """One aggregate by windows of 10 s."""

    name: str
    measure: str
    """count, sum, uniq or quantile."""
    column: str
    share: float
    """Of a quantile, else 0."""
    by: tuple[str, ...]


def _kpis() -> tuple[Kpi, ...]:
    tables = tomllib.loads(Path(__file__).parent.parent.joinpath("twenty.toml").read_text("utf-8"))["kpi"]
    found = []
    for table in tables:
        match = _VALUE.fullmatch(table["value"])
        assert match is not None, f"{table['name']}: {table['value']} is not known here"
        measure, column, share = match["measure"], match["column"], float(match["share"] or 0)
        found.append(Kpi(table["name"], measure, column, share, tuple(table.get("by", ()))))
    return tuple(found)


KPIS = _kpis()
