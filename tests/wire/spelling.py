"""Batches of rows spelled as columns: the slow and obvious way, in any of the spellings that the protocol allows."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["FIXED", "as_columns", "dumps"]

FIXED = ("event", "uuid", "distinct_id", "session_id", "window_id")


def as_columns(seq: int, events: Sequence[dict[str, Any]], coded: Callable[[], bool], origin: int = 0) -> bytes:
    """The frame of these events. `coded` decides for each column whether it gets a dictionary.

    Events must have nothing outside of what columns can say, and whole numbers or texts for times.
    """
    message: dict[str, Any] = {"type": "columns", "seq": seq, "n": len(events)}
    times = [event.get("timestamp") for event in events]
    if any(time is not None for time in times):
        message |= {"t0": origin, "dt": [time - origin if type(time) is int else time for time in times]}
    for name in FIXED:
        _add(message, name, [event.get(name) for event in events], coded)
    properties: dict[str, Any] = {}
    said = [event.get("properties") or {} for event in events]
    for name in dict.fromkeys(name for own in said for name in own):
        _add(properties, name, [own.get(name) for own in said], coded)
    if properties:
        message["properties"] = properties
    return dumps(message)


def _add(columns: dict[str, Any], name: str, values: list[Any], coded: Callable[[], bool]) -> None:
    if all(value is None for value in values):
        return
    if not coded():
        columns[name] = values
        return
    entries: list[Any] = []
    places = []
    for value in values:
        if value is not None and not any(_same(value, entry) for entry in entries):
            entries.append(value)
        places.append(-1 if value is None else next(i for i, entry in enumerate(entries) if _same(value, entry)))
    columns[name] = {"d": entries, "i": places}


def _same(a: Any, b: Any) -> bool:
    """NaN is itself, and true is not 1."""
    return json.dumps(a) == json.dumps(b)


def dumps(value: Any) -> bytes:
    """JSON with all that `json` can write: NaN, Infinity, lone surrogates, whole numbers of any length."""
    return json.dumps(value).encode()
