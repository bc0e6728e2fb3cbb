"""From the JSON of events to typed structs that hold only what some KPI reads, and from those to columns.

Two ways lead to the same verdicts. The fast one decodes a whole frame in one call; a look at its bytes together with
those of many others (`inspection.py`) shows that no event in it needs a verdict from its text. The careful one takes
each event by itself and says what is wrong with it; the values of an event it walks only when the same look, at the
texts of the events, names it. `tests/wire/test_codec.py` holds the two ways against each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import orjson

from analytics.dictionary import Dictionary
from gateway.wire.columns import Columns
from gateway.wire.inspection import suspects
from gateway.wire.replies import Limits
from gateway.wire.scan import Elements
from gateway.wire.shape import FIXED, MAX_NAME, Event, Properties, Shape

__all__ = ["PLACEHOLDER", "EventReader", "EventVerdict"]

_BEYOND = 2**63


class EventVerdict(NamedTuple):
    """What the text of one event brought it: `drop` keeps it out, `warn` does not."""

    nth: int
    outcome: str
    reason: str


PLACEHOLDER = Event(event="-")
"""Stands at the index of a dropped event, so that indices keep their meaning."""


class EventReader:
    """Decodes events for one set of property names.

    Args:
        names: the properties that the KPI set reads, in order.
        limits: bounds on depth; `max_property` bounds one text in bytes.
        fixed: those of `FIXED` that the KPI set reads; the others are checked, and not kept.
        coders: the engine's dictionaries, for the columns that are to be given as codes.
        generation: changes whenever a dictionary was trimmed, or is another one.
    """

    def __init__(
        self,
        names: Sequence[str],
        limits: Limits,
        max_property: int,
        fixed: Sequence[str] = FIXED,
        coders: Mapping[str, Dictionary] | None = None,
        generation: int = 0,
    ) -> None:
        self.names = tuple(names)
        self.fixed = tuple(fixed)
        # What the columns of a batch are, in order.
        self.columns = (*fixed, *self.names)
        self.coders = dict(coders or {})
        self.generation = generation
        self.attributes = tuple(f"p{i}" for i in range(len(self.names)))
        # The types that any text can be decoded into.
        self.shape = Shape(self.fixed, self.names, self.coders)
        self._limits = limits
        self.max_property = max_property

    @property
    def no_properties(self) -> Properties:
        """What stands for the properties of an event that has none."""
        return self.shape.no_properties

    @property
    def event_type(self) -> type[Event]:
        """What `read` gives."""
        return self.shape.event_type

    def columns_of(self, events: Sequence[Event]) -> Columns:
        """Events by field, see `Shape.columns_of`."""
        return self.shape.columns_of(events, self.generation)

    def read(self, raw: Elements) -> tuple[list[Event], list[EventVerdict]]:
        """Decode each event by itself, the careful way. About 3 us an event, and 0.1 us a value that must be walked."""
        events: list[Event] = []
        verdicts: list[EventVerdict] = []
        walked = frozenset(suspects(raw.texts, self.max_property))
        for nth, (text, depth) in enumerate(zip(raw.texts, raw.depths, strict=True)):
            event, outcome, reason = self._read_one(text, depth, nth in walked)
            events.append(event or PLACEHOLDER)
            if outcome:
                verdicts.append(EventVerdict(nth, outcome, reason))
        return events, verdicts

    def _read_one(self, text: bytes, depth: int, walked: bool) -> tuple[Event | None, str, str]:
        if depth > self._limits.max_depth:
            return None, "drop", "too_deep"
        tree: Any = None
        warning = ""
        try:
            tree = orjson.loads(text)
        except orjson.JSONDecodeError:
            return None, "drop", "bad_json"
        if not isinstance(tree, dict):
            return None, "drop", "schema:event"
        name = tree.get("event")
        if isinstance(name, str) and not 1 <= len(name) <= MAX_NAME:
            return None, "drop", "event_name"
        if walked:
            reason, warning = self._walk(tree, text)
            if reason:
                return None, "drop", reason
        properties = tree.get("properties")
        if isinstance(properties, dict):
            # A nested value is legal, but no KPI can read it: to the engine it is absent.
            for name in self.names:
                if isinstance(properties.get(name), (dict, list)):
                    del properties[name]
        try:
            event = msgspec.convert(tree, self.event_type)
        except msgspec.ValidationError as error:
            return None, "drop", f"schema:{_field_of(error)}"
        return event, "warn" if warning else "", warning

    def _walk(self, tree: dict[str, Any], text: bytes) -> tuple[str, str]:
        """(drop reason, warning) from the values of an event: NUL in a name, texts too long, numbers too large."""
        nul = b"\\u0000" in text
        long = len(text) > self.max_property
        warning = ""
        name = tree.get("event")
        if nul and isinstance(name, str) and "\0" in name:
            return "nul", ""
        values: list[Any] = [tree]
        # It grows while it is walked.
        for value in values:
            kind = type(value)
            if kind is dict:
                if nul and "\0" in "".join(value):
                    return "nul", ""
                values.extend(value.values())
            elif kind is list:
                values.extend(value)
            elif kind is str:
                if long and len(value) * 4 > self.max_property and len(value.encode()) > self.max_property:
                    return "too_large", ""
            elif kind is float:
                # orjson reads integers beyond 64 bits as floats. -2^63 may be one of them; as an integer it is exact.
                if not -_BEYOND < value < _BEYOND:
                    warning = "number_range"
            elif kind is int and value >= _BEYOND:
                warning = "number_range"
        return "", warning


def _field_of(error: msgspec.ValidationError) -> str:
    """The top-level field that a validation error is about: its path reads like `$.timestamp` or `$.properties.x`."""
    _, _, path = str(error).partition("`$.")
    field = path.rstrip("`").split(".")[-1].split("[")[0]
    return field or "event"
