"""Messages of a client as Protocol Buffers, as a client would write them; one by one, without care for speed."""

from __future__ import annotations

import json
from typing import Any

from gateway.wire.protoschema import CLIENT

__all__ = ["packed"]

_TEXTS = ("event", "uuid", "distinct_id", "session_id", "window_id")


def packed(message: dict[str, Any]) -> bytes:
    """The frame of a message, given as its JSON object.

    Raises:
        KeyError: no such message has a form.
    """
    frame = CLIENT()
    body = getattr(frame, message["type"])
    _WRITE[message["type"]](body, message)
    data: bytes = frame.SerializeToString()
    return data


def _plain(body: Any, message: dict[str, Any]) -> None:
    body.SetInParent()
    for name, value in message.items():
        if name == "properties":
            _values(body.properties, value)
        elif isinstance(value, dict):
            _plain(getattr(body, name), value)
        elif name != "type" and value is not None:
            setattr(body, name, value)


def _batch(body: Any, message: dict[str, Any]) -> None:
    _plain(body, {name: message[name] for name in ("seq", "sent_at", "backlog") if name in message})
    for event in message["events"]:
        made = body.events.add()
        for name in _TEXTS:
            if name in event:
                setattr(made, name, event[name])
        time = event.get("timestamp")
        if time is not None:
            setattr(made, "iso" if isinstance(time, str) else "timestamp", time)
        _values(made.properties, event.get("properties", {}))


def _columns(body: Any, message: dict[str, Any]) -> None:
    _plain(body, {name: message[name] for name in ("seq", "sent_at", "backlog", "n", "t0") if name in message})
    body.dt.extend(step or 0 for step in message["dt"])
    body.untimed.extend(place for place, step in enumerate(message["dt"]) if step is None)
    for name in _TEXTS:
        if name in message:
            _column(getattr(body, name), message[name])
    for name, column in message["properties"].items():
        _column(body.properties[name], column)


def _column(made: Any, column: Any) -> None:
    made.SetInParent()
    if isinstance(column, dict):
        made.d.extend(column["d"])
        made.i.extend(column["i"])
        return
    kinds = set(map(type, column))
    if kinds == {str}:
        made.texts.extend(column)
    elif kinds == {int}:
        made.wholes.extend(column)
    elif kinds == {float}:
        made.numbers.extend(column)
    else:
        for value in column:
            _value(made.values.add(), value)


def _values(made: Any, values: dict[str, Any]) -> None:
    for name, value in values.items():
        _value(made[name], value)


def _value(made: Any, value: Any) -> None:
    made.SetInParent()
    match value:
        case None:
            pass
        case bool():
            made.truth = value
        case str():
            made.text = value
        case int():
            made.whole = value
        case float():
            made.number = value
        case _:
            made.json = json.dumps(value)


_WRITE = {"hello": _plain, "auth": _plain, "pong": _plain, "batch": _batch, "columns": _columns}
