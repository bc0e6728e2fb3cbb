"""ClickHouse inside this process, asked with values in the query."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import chdb

__all__ = ["ask", "funnel_levels"]


def ask(query: str) -> list[dict[str, Any]]:
    """The rows of a query."""
    answer: Any = chdb.query(query, "JSONEachRow")  # type: ignore[no-untyped-call]
    return [json.loads(line) for line in answer.bytes().splitlines()]


def funnel_levels(
    visits: Sequence[Sequence[tuple[int, int]]], steps: int, within: int, modes: Sequence[str]
) -> list[int]:
    """`windowFunnel` of each user, who has (time, bit mask of steps) visits; at least one of them has some."""
    values = ",".join(f"({user},{time},{mark})" for user, made in enumerate(visits) for time, mark in made)
    conditions = ",".join(f"bitTest(mark, {step})" for step in range(steps))
    options = "".join(f", '{mode}'" for mode in modes)
    found = ask(
        f"SELECT user, windowFunnel({within}{options})(time, {conditions}) AS level "
        f"FROM values('user UInt32, time UInt64, mark UInt32', {values}) GROUP BY user"
    )
    levels = {row["user"]: row["level"] for row in found}
    return [levels.get(user, 0) for user in range(len(visits))]
