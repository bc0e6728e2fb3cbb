"""From the JSON of events to typed structs that hold only what some KPI reads, and from those to columns.

Two ways lead to the same verdicts. The fast one decodes a whole frame in one call; a look at its bytes together with
those of many others (`inspection.py`) shows that no event in it needs a verdict from its text. The careful one takes
each event by itself and says what is wrong with it. `tests/wire/test_codec.py` holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NamedTuple

import msgspec
import orjson
from msgspec.structs import astuple

from analytics.dictionary import CROWDED, Dictionary
from gateway.wire.columns import UNREAD, Columns
from gateway.wire.replies import Limits
from gateway.wire.scan import depth

__all__ = ["FIXED", "Event", "EventReader", "EventVerdict", "Properties"]

FIXED = ("event", "distinct_id", "session_id")
"""Fields outside the properties that a KPI may read; the time is there for every one of them."""

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
        # What the columns of a batch are, in order.
        self.columns = (*fixed, *self.names)
        self.coders = dict(coders or {})
        self.generation = generation
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
        self.max_property = max_property
        fields = [field.name for field in msgspec.structs.fields(self.event_type)]
        # Places of fields in the tuple of an event.
        self._fixed_at = [fields.index(name) for name in fixed]
        self._at = tuple(fields.index(name) for name in ("timestamp", "uuid", "properties"))
        # What encodes a column, with its place among the columns.
        places = [(at, self.coders.get(name)) for at, name in enumerate(self.columns)]
        self._encoders = [(at, coder, coder.__getitem__) for at, coder in places if coder is not None]

    def columns_of(self, events: Sequence[Event]) -> Columns:
        """Events by field. About 0.5 us an event; the events are of no use any more."""
        count = len(events)
        if not count:
            return Columns(0, 0, (), None, ((),) * len(self.columns), self.generation)
        fields = list(zip(*map(astuple, events), strict=True))
        stamp_at, uuid_at, properties_at = self._at
        uuid, properties = fields[uuid_at], fields[properties_at]
        bare = properties.count(None)
        values: list[Sequence[Any]] = [fields[at] for at in self._fixed_at]
        if self.names:
            if bare:
                empty = self.no_properties
                properties = tuple([p if p is not None else empty for p in properties])
            values += zip(*map(astuple, properties), strict=True)
        ids = None if uuid.count(None) == count else uuid
        for at, coder, encode in self._encoders:
            if len(coder) > CROWDED:
                return Columns(count, bare, fields[stamp_at], ids, (), UNREAD)
            values[at] = list(map(encode, values[at]))
        return Columns(count, bare, fields[stamp_at], ids, tuple(values), self.generation)

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
                if len(value) * 4 > self.max_property and len(value.encode()) > self.max_property:
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
