"""One event as people look at it: what came, what was made of it, what became of it; bounded whatever it holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple

import orjson

from gateway.core.hints import hint
from gateway.core.producer import Arrival
from gateway.core.redaction import HIDDEN, Redaction
from gateway.wire.fitted import fitted
from gateway.wire.transposition import COLUMNS_TYPE, event_texts, rows_of

__all__ = ["Opened", "Outcome", "open_arrival", "specimen"]

EVENT_BYTES: Final = 16_384
"""A specimen is no larger; properties are left out until it fits."""
TEXT: Final = 300
"""Characters of one text."""
NAMES: Final = 60
"""Properties of one event."""
RAW: Final = 2_000
"""Characters of the text of a rejected event."""
_FEWER: Final = (NAMES, 15, 3, 0)
_IDS: Final = ("event", "uuid", "distinct_id", "session_id", "window_id")


class Outcome(NamedTuple):
    """What became of an event."""

    verdict: str
    """`accepted`, `warn`, `duplicate` or `drop`."""
    reason: str
    """Empty when it was plainly accepted."""


class Opened(NamedTuple):
    """The events of a batch as objects; None for one that is no object. With what the connection said once."""

    events: list[dict[str, Any] | None]
    defaults: Mapping[str, Any]
    given: Mapping[str, Any]
    """The properties of `defaults`."""
    enriched: frozenset[str] = frozenset()
    """Names of those that the gateway found out."""

    def whole(self, nth: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """An event and its properties, with the defaults where it says nothing itself."""
        event = self.events[nth] or {}
        own = event.get("properties")
        # The event's own come first: they are what is left when there is no room for all.
        properties = dict(own) if isinstance(own, dict) else {}
        for name, value in self.given.items():
            properties.setdefault(name, value)
        said = {name: value for name, value in event.items() if value is not None}
        return {**self.defaults, **said}, properties


def open_arrival(arrival: Arrival) -> Opened:
    """Parse a batch. About 10 us for one of 2.6 KB, 25 us for its columns; more when an event is broken."""
    count = arrival.events.n
    given = orjson.loads(arrival.defaults_json) if arrival.defaults_json else {}
    properties = given.pop("properties", None) or {}
    enriched = frozenset(given.pop("enriched", ()))
    events: Any = None
    with suppress(orjson.JSONDecodeError, RecursionError):
        tree = orjson.loads(arrival.text)
        events = rows_of(tree, count).events if tree.get("type") == COLUMNS_TYPE else tree.get("events")
    if not isinstance(events, list) or len(events) != count:
        events = [_parsed(text) for text in event_texts(arrival.text, count)]
    return Opened([event if isinstance(event, dict) else None for event in events], given, properties, enriched)


def _parsed(text: bytes) -> Any:
    try:
        return orjson.loads(text)
    except (orjson.JSONDecodeError, RecursionError):
        return None


def specimen(
    arrival: Arrival,
    nth: int,
    opened: Opened,
    outcome: Outcome,
    time: int,
    kpis: Sequence[str],
    redaction: Redaction,
) -> bytes:
    """The JSON of one event. `time` is its corrected time, `kpis` what it counted in. About 10 us."""
    event, properties = opened.whole(nth)
    dropped = outcome.verdict == "drop"
    known = opened.events[nth] is not None
    body: dict[str, Any] = {
        "received": arrival.received_at,
        "time": None if dropped else time,
        "said": _short(event.get("timestamp"))[0],
        "skew": arrival.offset_ms,
        "producer": arrival.producer.id[:TEXT],
        "seq": arrival.seq,
        "nth": nth,
        "via": "http" if arrival.session is None else "socket",
        "verdict": outcome.verdict,
        "reason": outcome.reason,
        "hint": hint(outcome.reason) if outcome.reason else "",
        "kpis": list(kpis),
    }
    for name in _IDS:
        body[name] = HIDDEN if name in redaction.names and name in event else _short(event.get(name))[0]
    own = event.get("properties") if known else None
    said_itself = own if isinstance(own, dict) else {}
    unsaid = [name for name in opened.given if name not in said_itself]
    body["inherited"] = [name[:TEXT] for name in unsaid if name not in opened.enriched][:NAMES]
    body["enriched"] = [name for name in unsaid if name in opened.enriched]
    if dropped:
        body["raw"] = _raw(arrival, nth, redaction)
    for names in _FEWER:
        body["properties"], body["cut"] = _bounded(redaction.tree(properties), names)
        if names < len(body["inherited"]):
            body["inherited"] = body["inherited"][:names]
        encoded = fitted(orjson.dumps(body))
        if len(encoded) <= EVENT_BYTES:
            return encoded
    body |= {"raw": None, "kpis": body["kpis"][:NAMES]} if dropped else {"kpis": body["kpis"][:NAMES]}
    return fitted(orjson.dumps(body))


def _raw(arrival: Arrival, nth: int, redaction: Redaction) -> str | None:
    """The text of a rejected event; None when it may hold what nobody may look at."""
    text = redaction.text(event_texts(arrival.text, arrival.events.n)[nth])
    return None if text is None else text[: RAW * 4].decode("utf-8", "replace")[:RAW]


def _bounded(properties: Mapping[str, Any], most: int) -> tuple[dict[str, Any], bool]:
    """The first properties, each value short; and whether something is missing."""
    cut = len(properties) > most
    shown: dict[str, Any] = {}
    for name in list(properties)[:most]:
        shown[name[:TEXT]], shorter = _short(properties[name])
        cut = cut or shorter or len(name) > TEXT
    return shown, cut


def _short(value: Any) -> tuple[Any, bool]:
    """A value as it is, or the beginning of its text; and whether that is all."""
    if isinstance(value, dict | list):
        try:
            value = orjson.dumps(value).decode()
        except orjson.JSONEncodeError:  # nested deeper than orjson writes
            return "…", True
    if isinstance(value, str) and len(value) > TEXT:
        return value[:TEXT] + "…", True
    return value, False
