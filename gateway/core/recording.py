"""Recorded events, one JSON object a line, to batches of columns; and which lines are none, and why.

Lines of the usual look are decoded many in one call, which takes exactly what a call for each would take. So an event
is good or bad by itself, and how a recording is cut into pieces changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np

from analytics import Batch, Schema
from analytics.arrays import Ints
from analytics.batch import time_ms
from analytics.dictionary import Dictionary, Encoded
from gateway.core.hints import hint
from gateway.core.lines import MAX_LINE
from gateway.core.seen import Seen
from gateway.core.usual import Usual
from gateway.wire.columns import times_of
from gateway.wire.events import EventReader
from gateway.wire.replies import Limits
from gateway.wire.scan import Elements
from gateway.wire.shape import FIXED, Event, Read, spelled

__all__ = ["BadLine", "Recorded", "Recording"]

MAX_TIME: Final = 8_640_000_000_000_000
"""The largest time in ms that a browser's Date holds, of either sign."""
MAX_PROPERTY: Final = 65_536
SOURCE: Final = "recording"
_LIMITS: Final = Limits(max_frame=MAX_LINE, max_events=1, max_depth=16)
_BOM: Final = b"\xef\xbb\xbf"


class BadLine(NamedTuple):
    """A line that is no event."""

    number: int
    """1 for the first line of the recording."""
    reason: str


class Recorded(NamedTuple):
    """What some lines hold."""

    batch: Batch
    """The good events; what is not to be counted is marked in its `skip`."""
    duplicates: int
    """Events whose `uuid` was there before."""
    outside: int
    """Others that lie outside the span."""
    bad: list[BadLine]


class Recording:
    """Reads one recording from its beginning.

    Args:
        schema, coders: of the engine that the batches are for.
        remembered: event ids known at most, see `Seen`.
        skip_bad: go on behind a bad line; otherwise nothing is read from the first one on.
        span: event times [start, end) that count; None is open.
    """

    def __init__(
        self,
        schema: Schema,
        coders: Mapping[str, Dictionary],
        remembered: int,
        *,
        skip_bad: bool = False,
        span: tuple[int | None, int | None] = (None, None),
    ) -> None:
        uses = schema.properties
        names = [name for name in uses if name not in FIXED and name != "timestamp"]
        fixed = [name for name in FIXED if name in uses]
        self._reader = EventReader(names, _LIMITS, MAX_PROPERTY, fixed, coders)
        decoder = msgspec.json.Decoder(self._reader.event_type)
        self._decode, self._decode_lines = decoder.decode, decoder.decode_lines
        # What gets each column from the events, and from their properties.
        self._fixed = {name: spelled(name) for name in fixed}
        self._properties = {n: spelled(a) for n, a in zip(names, self._reader.attributes, strict=True)}
        self._usual = Usual(self._reader)
        self._seen = Seen(remembered)
        self._skip_bad = skip_bad
        self._span = span
        # Lines read so far, blank ones included.
        self.lines = 0
        # Whether a bad line ended it.
        self.stopped = False

    def read(self, text: bytes) -> Recorded:
        """Take the next lines; the last may lack its end. About 0.4 us an event of 300
        bytes, and 0.4 us more for its id.

        The batch is to be ingested before the dictionaries are trimmed, and they are trimmed before the next call.
        """
        events, numbers, bad = self._events(text)
        times = self._times(events, numbers, bad)
        if bad:
            bad.sort()
            self.stopped = not self._skip_bad
            bad = bad if self._skip_bad else bad[:1]
            wrong = {line.number for line in bad}
            end = None if self._skip_bad else bad[0].number
            good = [i for i, n in enumerate(numbers) if n not in wrong and (end is None or n < end)]
            events, times = [events[i] for i in good], times[good]
        return self._recorded(events, times, bad)

    def _recorded(self, events: Sequence[Event], times: Ints, bad: list[BadLine]) -> Recorded:
        count = len(events)
        repeats = self._seen.claim([event.uuid for event in events])
        skip = np.zeros(count, np.bool_)
        start, end = self._span
        if start is not None:
            skip |= times < start
        if end is not None:
            skip |= times >= end
        skip[repeats] = False
        outside = int(np.count_nonzero(skip))
        skip[repeats] = True
        sources = [(SOURCE, count)] if count else []
        batch = Batch(count, times, self._columns(events), sources, skip=skip if outside or repeats else None)
        return Recorded(batch, len(repeats), outside, bad)

    def _columns(self, events: Sequence[Event]) -> dict[str, Sequence[Any] | Encoded]:
        """Attribute by attribute: over thousands of events at once that costs a fifth of making tuples of them."""
        usual = self._usual if self._usual.made(events) else None
        columns = {name: self._column(name, read, events, usual) for name, read in self._fixed.items()}
        if self._properties:
            properties: list[Any] = [event.properties for event in events]
            if None in properties:
                empty = (usual or self._reader).no_properties
                properties = [empty if one is None else one for one in properties]
            for name, read in self._properties.items():
                columns[name] = self._column(name, read, properties, usual)
        self._usual.learn()
        return columns

    def _column(self, name: str, read: Read, rows: Sequence[Any], usual: Usual | None) -> Sequence[Any] | Encoded:
        coder = self._reader.coders.get(name)
        if coder is None:
            return read(rows)
        codes = None if usual is None else usual.codes(name, rows)
        return Encoded(coder.encode(read(rows)) if codes is None else codes, coder)

    def _events(self, text: bytes) -> tuple[list[Event], Sequence[int], list[BadLine]]:
        """The events of lines, the numbers of those lines, and the lines that are none."""
        if not self.lines:
            text = text.removeprefix(_BOM)
        first = self.lines + 1
        count, framed = _framed(text)
        self.lines += count
        # A value that goes over a line end has no brace on both sides of it, so here each line is one value or more.
        if framed:
            try:
                events = self._usual.decode(text) or self._decode_lines(text)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                pass
            else:
                if len(events) == count:
                    return events, range(first, first + count), []
        return self._each(text.split(b"\n"), first)

    def _each(self, lines: Sequence[bytes], first: int) -> tuple[list[Event], list[int], list[BadLine]]:
        events: list[Event] = []
        numbers: list[int] = []
        bad: list[BadLine] = []
        for number, line in enumerate(lines, first):
            if not line or line.isspace():
                continue
            event = self._one(line)
            if isinstance(event, str):
                bad.append(BadLine(number, event))
            else:
                events.append(event)
                numbers.append(number)
        return events, numbers, bad

    def _one(self, line: bytes) -> Event | str:
        """The event of a line, or why it is none."""
        if len(line) >= MAX_LINE:
            return f"longer than {MAX_LINE} bytes"
        try:
            return self._decode(line)
        except (msgspec.ValidationError, RecursionError) as error:
            # A nested value where a KPI reads a property is legal: to the KPI it is absent.
            events, verdicts = self._reader.read(Elements([line], [1]))
            if not verdicts or verdicts[0].outcome != "drop":
                return events[0]
            reason = verdicts[0].reason
            if reason == "bad_json":
                return "nested too deep" if isinstance(error, RecursionError) else "not JSON"
            return str(error) if reason.startswith("schema:") else f"{reason}: {hint(reason).partition('. ')[0]}"
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return f"not JSON: {error}"

    def _times(self, events: Sequence[Event], numbers: Sequence[int], bad: list[BadLine]) -> Ints:
        """The time of each event; those that have none become bad lines."""
        said = [event.timestamp for event in events]
        packed = times_of(said, len(said))
        if type(packed) is bytes:
            times = np.frombuffer(packed, np.int64)
            if not len(times) or (int(times.min()) >= -MAX_TIME and int(times.max()) <= MAX_TIME):
                return times
        result = np.zeros(len(said), np.int64)
        for place, value in enumerate(said):
            try:
                result[place] = _time(value)
            except ValueError as error:
                bad.append(BadLine(numbers[place], str(error)))
        return result


def _time(value: Any) -> int:
    """Raises ValueError with the reason."""
    if value is None:
        raise ValueError("no timestamp")
    try:
        time = time_ms(value)
    except (ValueError, OverflowError):
        raise ValueError(f"timestamp {value!r} is neither epoch milliseconds nor ISO-8601") from None
    if not -MAX_TIME <= time <= MAX_TIME:
        raise ValueError(f"timestamp {value!r} is out of range")
    return time


def _framed(text: bytes) -> tuple[int, bool]:
    """How many lines there are, and whether each begins and ends with a brace."""
    characters = np.frombuffer(text, np.uint8)
    ends: Ints = (characters == ord("\n")).nonzero()[0]
    open_end = not text.endswith(b"\n") and text != b""
    if not text.startswith(b"{") or not text.endswith((b"}\n", b"}")):
        return len(ends) + open_end, False
    inner = ends if open_end else ends[:-1]
    framed = bool((characters[inner - 1] == ord("}")).all() and (characters[inner + 1] == ord("{")).all())
    return len(ends) + open_end, framed
