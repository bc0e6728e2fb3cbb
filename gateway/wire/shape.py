"""The struct types that the events of a batch are decoded into, and how columns are made of such structs.

A field may be one whose texts are known beforehand (see `vocabulary.py`): then it is decoded to its code, and no text
is made of it. Otherwise the text is looked up when the columns are made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Final, TypeAlias

import msgspec

from analytics.dictionary import CROWDED, NULL, Dictionary
from gateway.wire.columns import UNREAD, Columns, packer, times_of

__all__ = ["FIXED", "MAX_NAME", "Event", "Id", "Name", "Properties", "Read", "Scalar", "Shape", "spelled"]

FIXED: Final[tuple[str, ...]] = ("event", "distinct_id", "session_id")
"""Fields outside the properties that a KPI may read; the time is there for every one of them."""

MAX_NAME: Final = 200

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME)]
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME)]
Scalar = str | float | int | bool | None

Read: TypeAlias = Callable[[Sequence[Any]], list[Any]]


class Properties(msgspec.Struct, gc=False):
    """Base of the compiled property structs: attribute `p<i>` is the i-th property of the schema."""


class Event(msgspec.Struct, gc=False):
    """One event as decoded. None stands for what it does not say itself."""

    event: Name
    timestamp: int | float | str | None = None
    uuid: Id | None = None
    distinct_id: Id | None = None
    session_id: Id | None = None
    window_id: Id | None = None
    properties: Properties | None = None


def spelled(path: str) -> Read:
    """What reads an attribute of each of many objects, such as `p0` or `p0.code`.

    The interpreter reads one that is spelled out two or three times as fast as one that `attrgetter` knows.
    """
    read: Read = eval(f"lambda rows: [row.{path} for row in rows]")  # noqa: S307  names of fields, all of them ours
    return read


def _all_spelled(paths: Sequence[str]) -> Callable[[Sequence[Any]], tuple[list[Any], ...]]:
    """The same for several, one list each."""
    lists = "".join(f"[row.{path} for row in rows], " for path in paths)
    read: Callable[[Sequence[Any]], tuple[list[Any], ...]] = eval(f"lambda rows: ({lists})")  # noqa: S307  as above
    return read


class Shape:
    """Types for one set of columns.

    Args:
        fixed: those of `FIXED` that are read, names: the properties; both in the order of the columns.
        coders: the dictionaries of the columns that are given as codes.
        known: of some of these a type that decodes the texts that there are to their codes, and refuses all others.
    """

    def __init__(
        self,
        fixed: Sequence[str],
        names: Sequence[str],
        coders: Mapping[str, Dictionary],
        known: Mapping[str, Any] | None = None,
    ) -> None:
        known = known or {}
        attributes = [f"p{i}" for i in range(len(names))]
        self.properties_type = msgspec.defstruct(
            "CompiledProperties",
            [(a, known[n] | None if n in known else Scalar, None) for a, n in zip(attributes, names, strict=True)],
            bases=(Properties,),
            rename=dict(zip(attributes, names, strict=True)),
            gc=False,
        )
        fields: list[Any] = [("event", known["event"])] if "event" in known else []
        fields += [(name, known[name] | None, None) for name in FIXED[1:] if name in known]
        fields.append(("properties", self.properties_type | None, None))
        self.event_type: type[Event] = msgspec.defstruct("CompiledEvent", fields, bases=(Event,), gc=False)  # type: ignore[assignment]  # defstruct says only `type`
        self.no_properties: Properties = self.properties_type()  # type: ignore[assignment]  # defstruct says only `type`
        self._width = len(fixed) + len(names)
        self._read = _all_spelled(("timestamp", "uuid", "properties", *fixed))
        self._read_properties = _all_spelled(attributes) if names else None
        # Places of columns that hold codes already; places of the others that have a dictionary, with it.
        columns = list(enumerate((*fixed, *names)))
        self._coded = [at for at, name in columns if name in known]
        self._coders = [
            (at, coders[name], coders[name].__getitem__) for at, name in columns if name in coders and name not in known
        ]
        self._empty = tuple(b"" if name in coders else () for _, name in columns)

    def columns_of(self, events: Sequence[Any], generation: int) -> Columns:
        """Events of `event_type` by field. About 0.3 us an event; the events are of no use any more."""
        count = len(events)
        if not count:
            return Columns(0, 2, b"", None, self._empty, generation)
        times, uuid, properties, *values = self._read(events)
        bare = properties.count(None)
        if self._read_properties is not None:
            if bare:
                empty = self.no_properties
                properties = [p if p is not None else empty for p in properties]
            values += self._read_properties(properties)
        said = times_of(times, count)
        opens = 2 + 2 * count - bare
        ids = None if uuid.count(None) == count else uuid
        columns: list[Any] = values
        pack = packer(count)
        for at, coder, encode in self._coders:
            if len(coder) > CROWDED:
                return Columns(count, opens, said, ids, (), UNREAD)
            columns[at] = pack(*map(encode, values[at]))
        for at in self._coded:
            codes = values[at]
            # An event that does not say it has None there, and no code is 0 but that of absence.
            columns[at] = pack(*(codes if all(codes) else [code or NULL for code in codes]))
        return Columns(count, opens, said, ids, tuple(columns), generation)
