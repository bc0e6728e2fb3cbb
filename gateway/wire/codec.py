"""Frames to messages. The border where bytes become values, and where bad bytes get their name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from gateway.errors import ProtocolError
from gateway.wire.columnar import ColumnarBatch, ColumnShape, expands_to
from gateway.wire.columns import Columns
from gateway.wire.events import PLACEHOLDER, EventReader, EventVerdict
from gateway.wire.inspection import suspects
from gateway.wire.messages import (
    Auth,
    BatchHead,
    ClientMessage,
    Hello,
    Pong,
    Resync,
    Subscribe,
    Unsubscribe,
    Visibility,
)
from gateway.wire.replies import Limits
from gateway.wire.scan import Elements, Envelope, open_array, open_envelope
from gateway.wire.shape import Event
from gateway.wire.shortcut import ColumnShortcut, RowShortcut, Shortcut, batch_type
from gateway.wire.transposition import COLUMNS_TYPE, Transposed, elements, read_columns, transpose

__all__ = ["Batch", "Codec", "Inspected"]

CLOSE_BAD_MESSAGE = 4000
CLOSE_INVALID_TEXT = 1007
MAX_MESSAGES = 64
MAX_HELLO = 65_536
"""Bytes; who has not said a key yet gets no more read. The parts that have a bound fit in a third of it."""

EXPANSION = 4
"""How many frames of the largest size a columnar batch may fill as rows."""

_TYPES = frozenset(
    ("hello", "auth", "batch", COLUMNS_TYPE, "pong", "subscribe", "unsubscribe", "resync", "visibility"),
)


class Batch(msgspec.Struct, frozen=True, gc=False):
    """A batch of events as decoded: `text` is what the log keeps, `verdicts` what the texts of its events brought."""

    seq: int
    backlog: int
    events: Columns
    verdicts: list[EventVerdict] | None
    """None when it was decoded as a whole: `Codec.inspect` finds out whether some event of it needs a look."""
    text: bytes


class Inspected(NamedTuple):
    """The events of a batch and their verdicts, as the careful reading has them."""

    events: Columns
    verdicts: list[EventVerdict]


class _Kind(msgspec.Struct, frozen=True):
    type: Any = None


class Codec:
    """Decodes what clients send, compiled for the properties that one KPI set reads."""

    def __init__(self, reader: EventReader, limits: Limits) -> None:
        self.reader = reader
        self.max_events = limits.max_events
        self._max_depth = limits.max_depth
        # Of the rows that a columnar batch stands for, in all.
        self._most_bytes = EXPANSION * limits.max_frame
        batch = batch_type(reader.event_type)
        self._batch_type = batch
        self._column_shape = ColumnShape(reader.fixed, reader.names, reader.coders)
        # By the first bytes of a batch as most write it; what begins otherwise is decoded like any message.
        self._columns = ColumnShortcut(reader, limits.max_events, self._most_bytes)
        self._shortcuts: dict[bytes, Shortcut] = {
            b'{"type":"batch"': RowShortcut(reader, limits.max_events),
            b'{"type":"column': self._columns,
        }
        union = Hello | Auth | Pong | Subscribe | Unsubscribe | Resync | Visibility | batch | ColumnarBatch
        self._decode = msgspec.json.Decoder(union).decode
        self._decode_hello = msgspec.json.Decoder(Hello).decode
        self._decode_head = msgspec.json.Decoder(BatchHead).decode
        self._decode_kind = msgspec.json.Decoder(_Kind).decode

    def split(self, frame: bytes) -> Sequence[bytes]:
        """The texts of the messages in one frame, in order; each is for `message` or, before there is a key, `hello`.

        Raises:
            ProtocolError: nothing in the frame can be told apart; with the slug for `error`, and the close code.
        """
        if not frame.isascii():
            try:
                frame.decode()
            except UnicodeDecodeError:
                raise ProtocolError("bad_utf8", CLOSE_INVALID_TEXT) from None
        if frame[:1] == b"{":
            return (frame,)
        stripped = frame.strip()
        if stripped[:1] != b"[":
            return (stripped,)
        parts = open_array(stripped, MAX_MESSAGES + 1)
        if parts is None:
            raise ProtocolError("bad_json", CLOSE_BAD_MESSAGE)
        if len(parts) > MAX_MESSAGES:
            raise ProtocolError("bad_message", CLOSE_BAD_MESSAGE)
        return parts

    def hello(self, text: bytes) -> Hello:
        """The message that must be the first. Cheap whatever the text is, since anyone can send it.

        Raises:
            ProtocolError: it is anything else.
        """
        if len(text) > MAX_HELLO:
            raise ProtocolError("bad_message", CLOSE_BAD_MESSAGE)
        try:
            return self._decode_hello(text)
        except msgspec.ValidationError:
            raise ProtocolError("bad_message", CLOSE_BAD_MESSAGE) from None
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            raise ProtocolError("bad_json", CLOSE_BAD_MESSAGE) from None

    def batch(self, frame: bytes) -> Batch:
        """The batch in a frame that is known to be one.

        Raises:
            ProtocolError: it is none; `bad_message`, or what `split` and `message` say.
        """
        texts = self.split(frame)
        message = self.message(texts[0]) if len(texts) == 1 else None
        if not isinstance(message, Batch):
            raise ProtocolError("bad_message")
        return message

    def message(self, text: bytes) -> ClientMessage | Batch:
        """One message.

        Raises:
            ProtocolError: with the slug for `error`, and the close code where the connection must end. An unknown
                `type` closes nothing.
        """
        shortcut = self._shortcuts.get(text[:15])
        taken = None if shortcut is None else shortcut.take(text)
        if taken is not None:
            head, columns = taken
            return Batch(head.seq, head.backlog, columns, None, text)
        try:
            message: Any = self._decode(text)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            return self._careful(text)
        if type(message) is ColumnarBatch:
            self._columns.meet(message.properties or ())
            found = None
            if message.n <= self.max_events and expands_to(message, text, self._most_bytes) <= self._most_bytes:
                found = self._column_shape.columns_of(message, self.reader.generation)
            if found is None:
                return self._careful(text)
            return Batch(message.seq, message.backlog, found, None, text)
        if not isinstance(message, self._batch_type):
            result: ClientMessage = message
            return result
        events: list[Event] = message.events
        if len(events) > self.max_events:
            raise ProtocolError("too_many_events", CLOSE_BAD_MESSAGE)
        return Batch(message.seq, message.backlog, self.reader.columns_of(events), None, text)

    def renew(self, generation: int) -> None:
        """The reader's dictionaries were trimmed: codes mean something else from now on."""
        self.reader.generation = generation
        for shortcut in self._shortcuts.values():
            shortcut.forget()

    def inspect(self, texts: Sequence[bytes], events: Sequence[Columns]) -> dict[int, Inspected]:
        """Of batches that were decoded as a whole, those in which an event has a verdict or may have one, by place.

        About 1.5 us a batch of 2.6 KB, and 5 us for each event of those that come out.
        """
        places = suspects(texts, self.reader.max_property, [e.opens for e in events], self._max_depth)
        return {place: self._inspect(texts[place], events[place].n) for place in places}

    def _inspect(self, text: bytes, count: int) -> Inspected:
        tree = read_columns(text)
        if tree is not None:
            return self._read_columns(transpose(tree, count))
        envelope = self._open(text)
        raw = envelope.events if envelope is not None else Elements([], [])
        if len(raw.texts) != count:
            # The scanner does not find the array that the decoder found (its key is escaped, or there twice): nothing
            # in it can be told apart, so all of it is refused.
            raw = Elements([b""] * count, [0] * count)
        events, verdicts = self.reader.read(raw)
        return Inspected(self.reader.columns_of(events), verdicts)

    def _careful(self, text: bytes) -> ClientMessage | Batch:
        """What the fast decode refused: find out whether the message or only some of its events are to blame."""
        tree = read_columns(text)
        if tree is not None:
            head, transposed = _head_of(tree), transpose(tree, self.max_events, self._most_bytes)
            return Batch(head.seq, head.backlog, *self._read_columns(transposed), text)
        envelope = self._open(text)
        try:
            kind = self._decode_kind(envelope.shell if envelope else text).type
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            raise ProtocolError(_json_slug(text), CLOSE_BAD_MESSAGE) from None
        if not isinstance(kind, str):
            raise ProtocolError("bad_message", CLOSE_BAD_MESSAGE)
        if kind not in _TYPES:
            raise ProtocolError("unknown_type")
        if kind != "batch" or envelope is None:
            raise ProtocolError("bad_message", CLOSE_BAD_MESSAGE)
        try:
            head = self._decode_head(envelope.shell)
        except msgspec.MsgspecError:
            raise ProtocolError("bad_message", CLOSE_BAD_MESSAGE) from None
        if len(envelope.events.texts) > self.max_events:
            raise ProtocolError("too_many_events", CLOSE_BAD_MESSAGE)
        events, verdicts = self.reader.read(envelope.events)
        return Batch(head.seq, head.backlog, self.reader.columns_of(events), verdicts, text)

    def _read_columns(self, transposed: Transposed) -> Inspected:
        """The events of a columnar batch, each read as the row that it stands for."""
        events, verdicts = self.reader.read(elements(transposed))
        for nth in transposed.miscoded:
            events[nth] = PLACEHOLDER
        verdicts = [verdict for verdict in verdicts if verdict.nth not in transposed.miscoded]
        verdicts += [EventVerdict(nth, "drop", "bad_code") for nth in transposed.miscoded]
        return Inspected(self.reader.columns_of(events), sorted(verdicts))

    def _open(self, text: bytes) -> Envelope | None:
        return open_envelope(text, self.max_events + 1)


def _head_of(tree: Mapping[str, Any]) -> BatchHead:
    head = {name: tree[name] for name in ("seq", "sent_at", "backlog") if name in tree}
    try:
        return msgspec.convert(head | {"type": "batch"}, BatchHead)
    except msgspec.ValidationError:
        raise ProtocolError("bad_message", CLOSE_BAD_MESSAGE) from None


def _json_slug(text: bytes) -> str:
    """`bad_message` for JSON of the wrong shape, `bad_json` for what is none."""
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except (msgspec.MsgspecError, RecursionError):
        return "bad_json"
    return "bad_message"
