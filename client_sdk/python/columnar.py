"""A batch as columns: a third of the bytes of its rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from client_sdk.python.batch import Batch

__all__ = ["FORMAT", "columnar_frame", "columnar_message"]

FORMAT = "columns"
"""What `welcome.formats` calls it."""

_FIXED = ("event", "uuid", "distinct_id", "session_id", "window_id")


def columnar_frame(batch: Batch) -> bytes:
    """The WebSocket frame of a batch as columns; the same bytes at every call. About 2 us an event."""
    return orjson.dumps(columnar_message(batch))


def columnar_message(batch: Batch) -> dict[str, Any]:
    """The same before it is written."""
    events: list[dict[str, Any]] = [orjson.loads(event.payload) for event in batch.events]
    message: dict[str, Any] = {
        "type": FORMAT,
        "seq": batch.seq,
        "sent_at": batch.sent_at,
        "backlog": batch.backlog,
        "n": len(events),
    }
    times = [event.get("timestamp") for event in events]
    origin = next((time for time in times if type(time) is int), 0)
    message |= {"t0": origin, "dt": [time - origin if type(time) is int else time for time in times]}
    for name in _FIXED:
        _put(message, name, [event.get(name) for event in events])
    said = [event.get("properties") or {} for event in events]
    properties: dict[str, Any] = {}
    for name in dict.fromkeys([name for own in said for name in own]):
        _put(properties, name, [own.get(name) for own in said])
    message["properties"] = properties
    return message


def _put(columns: dict[str, Any], name: str, values: Sequence[Any]) -> None:
    """Add a column: with a dictionary when it is texts of which one comes again; not at all when nobody says it."""
    kinds = set(map(type, values))
    if kinds <= {str, type(None)}:
        places = {value: place for place, value in enumerate(dict.fromkeys(v for v in values if v is not None))}
        if not places:
            return
        if len(places) < len(values) - values.count(None):
            places[None] = -1
            columns[name] = {"d": list(places)[:-1], "i": [places[value] for value in values]}
            return
    columns[name] = values
