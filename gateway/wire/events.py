"""From the JSON of events to typed structs that hold only what some KPI reads.

Two ways lead to the same verdicts. The fast one decodes a whole frame in one call, when cheap tests on its bytes show
that no event in it can need a verdict from its text. The careful one takes each event by itself and says what is wrong
with it. `tests/wire/test_codec.py` holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple

import msgspec
import orjson

from gateway.wire.replies import Limits
from gateway.wire.scan import depth, has_long_number

__all__ = ["Event", "EventReader", "EventVerdict", "Properties"]

MAX_NAME = 200
_MAX_INTEGER = 2**63 - 1

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME)]
_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME)]
Scalar = str | float | int | bool | None


class Properties(msgspec.Struct, gc=False):
    """Base of the compiled property structs: attribute `p<i>` is the i-th property of the schema."""


class Event(msgspec.Struct, gc=False):
    """One event as decoded. None stands for what it does not say itself."""

    event: _Name
    timestamp: int | float | str | None = None
    uuid: _Id | None = None
    distinct_id: _Id | None = None
    session_id: _Id | None = None
    window_id: _Id | None = None
    properties: Properties | None = None


class EventVerdict(NamedTuple):
    """What the text of one event brought it: `drop` keeps it out, `warn` does not."""

    nth: int
    outcome: str
    reason: str


_PLACEHOLDER = Event(event="-")
"""Stands at the index of a dropped event, so that indices keep their meaning."""


class EventReader:
    """Decodes events for one set of property names.

    Args:
        names: the properties that the KPI set reads, in order.
        limits: bounds on depth; `max_property` bounds one text in bytes.
    """

    def __init__(self, names: Sequence[str], limits: Limits, max_property: int) -> None:
        self.names = tuple(names)
        self.attributes = tuple(f"p{i}" for i in range(len(self.names)))
        self.properties_type = msgspec.defstruct(
            "CompiledProperties",
            [(attribute, Scalar, None) for attribute in self.attributes],
            bases=(Properties,),
            rename=dict(zip(self.attributes, self.names, strict=True)),
            gc=False,
        )
        self.event_type: type[Event] = msgspec.defstruct(
            "CompiledEvent",
            [("properties", self.properties_type | None, None)],
            bases=(Event,),
            gc=False,
        )  # type: ignore[assignment]  # defstruct says only `type`
        self.no_properties: Properties = self.properties_type()  # type: ignore[assignment]  # defstruct says only `type`
        self._limits = limits
        self._max_property = max_property
        self._decoder = msgspec.json.Decoder(self.event_type)

    def is_plain(self, frame: bytes, opens: int) -> bool:
        """Whether a decoded frame needs no look at its single events.

        `opens` is how many braces and brackets the typed decode accounts for (see `expected_opens`). True only when
        no number can be out of range, no name can hold NUL, no text can be too long and no event can be too deep.
        Cost: about 4 us for a frame of 2.6 KB.
        """
        # Single-byte searches cost a tenth of counting; the usual frame has one bracket and no backslash.
        brackets = frame.count(b"[") if frame.find(b"[", frame.find(b"[") + 1) > 0 else 1
        return (
            len(frame) <= self._max_property
            and frame.count(b"{") + brackets - opens < self._limits.max_depth - 2
            and (b"\\" not in frame or b"\\u0000" not in frame)
            and not has_long_number(frame)
        )

    @staticmethod
    def expected_opens(events: Sequence[Event]) -> int:
        """Braces and brackets of a batch whose events are flat: the message, its array, each event, its properties."""
        return 2 + 2 * len(events) - [event.properties for event in events].count(None)

    def read(self, raw: Sequence[bytes]) -> tuple[list[Event], list[EventVerdict]]:
        """Decode each event by itself, the careful way. About 5 us an event."""
        events: list[Event] = []
        verdicts: list[EventVerdict] = []
        for index, text in enumerate(raw):
            event, outcome, reason = self._read_one(text)
            events.append(event or _PLACEHOLDER)
            if outcome:
                verdicts.append(EventVerdict(index, outcome, reason))
        return events, verdicts

    def _read_one(self, text: bytes) -> tuple[Event | None, str, str]:
        if depth(text) > self._limits.max_depth:
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
        reason, warning = self._walk(tree)
        if reason:
            return None, "drop", reason
        properties = tree.get("properties")
        if isinstance(properties, dict):
            # A nested value is legal, but no KPI can read it: to the engine it is absent.
            tree["properties"] = {k: v for k, v in properties.items() if not isinstance(v, (dict, list))}
        try:
            event = msgspec.convert(tree, self.event_type)
        except msgspec.ValidationError as error:
            return None, "drop", f"schema:{_field_of(error)}"
        return event, "warn" if warning else "", warning

    def _walk(self, tree: dict[str, Any]) -> tuple[str, str]:
        """(drop reason, warning) from the values of an event: NUL in a name, texts too long, integers too large."""
        warning = ""
        name = tree.get("event")
        if isinstance(name, str) and "\0" in name:
            return "nul", ""
        stack: list[Any] = [tree]
        while stack:
            value = stack.pop()
            if isinstance(value, dict):
                if any("\0" in key for key in value):
                    return "nul", ""
                stack.extend(value.values())
            elif isinstance(value, list):
                stack.extend(value)
            elif isinstance(value, str):
                if len(value) * 4 > self._max_property and len(value.encode()) > self._max_property:
                    return "too_large", ""
            elif isinstance(value, (int, float)) and not -_MAX_INTEGER - 1 <= value <= _MAX_INTEGER:
                # orjson reads integers beyond 64 bits as floats; a float as large was hardly meant as one.
                warning = "number_range"
        return "", warning


def _field_of(error: msgspec.ValidationError) -> str:
    """The top-level field that a validation error is about: its path reads like `$.timestamp` or `$.properties.x`."""
    _, _, path = str(error).partition("`$.")
    field = path.rstrip("`").split(".")[-1].split("[")[0]
    return field or "event"
