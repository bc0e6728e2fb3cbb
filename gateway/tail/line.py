"""What the terminal shows of an event: one line, and nothing in it that a terminal would obey."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

__all__ = ["as_json", "as_line", "printable", "sampled"]

MOST: Final = 200
"""Characters of properties, or of the text of a rejected event, on a line."""


def as_json(event: Mapping[str, Any]) -> str:
    """All of it as one line of JSON, in ASCII."""
    return json.dumps(event, separators=(",", ":"))


def as_line(event: Mapping[str, Any]) -> str:
    """When, what became of it, what it is, whose, with what, and where it went.

    >>> as_line({"received": 1000, "verdict": "accepted", "event": "buy", "distinct_id": "u1",
    ...          "properties": {"price": 9.5, "plan": "pro"}, "kpis": ["revenue"]})
    '00:00:01.000  accepted   buy  u1  price=9.5 plan="pro"  -> revenue'
    """
    verdict, reason = str(event.get("verdict")), event.get("reason")
    name, user = event.get("event"), event.get("distinct_id")
    parts = [
        _time(event.get("received")),
        f"{verdict:<9}",
        "?" if name is None else str(name),
        "-" if user is None else str(user),
        _properties(event.get("properties") or {}),
    ]
    if reason:
        parts.append(f"[{reason}] {event.get('hint', '')}".rstrip())
    if event.get("raw") is not None:
        parts.append(_short(str(event["raw"])))
    if event.get("kpis"):
        parts.append("-> " + ", ".join(map(str, event["kpis"])))
    return "  ".join(printable(part) for part in parts if part)


def printable(text: str) -> str:
    """`text` with every character that moves, colours or hides something written as an escape."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def sampled(shown: int, seen: int, looked: int, matched: int) -> str:
    """A note when not every event that matches is shown; empty when all are."""
    if looked < seen:
        return f"sampled: {shown:,} shown of {matched:,} that match; {looked:,} of {seen:,} events were looked at"
    return f"sampled: {shown:,} shown of {matched:,} that match" if shown < matched else ""


def _time(ms: Any) -> str:
    """Time of receipt in UTC, to the millisecond."""
    if not isinstance(ms, int):
        return "-"
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%H:%M:%S.%f")[:-3]


def _properties(properties: Mapping[str, Any]) -> str:
    return _short(" ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in properties.items()))


def _short(text: str) -> str:
    return text if len(text) <= MOST else text[:MOST] + "…"
