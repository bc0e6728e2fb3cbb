"""A rejected event as a line of a file that a person may edit, and as an event that can be sent again."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, NamedTuple, Protocol

import orjson

from gateway.core.redaction import Redaction

__all__ = ["Kept", "Letter", "from_line", "letter_of", "to_line"]


class Kept(Protocol):
    """A rejected event as the store has it."""

    @property
    def identity(self) -> int:
        """Its number in quarantine."""

    @property
    def reason(self) -> str:
        """Slug of the verdict."""

    @property
    def received_at(self) -> int:
        """Epoch milliseconds."""

    @property
    def source(self) -> str:
        """Its producer."""

    @property
    def payload(self) -> bytes:
        """Its text, or the beginning of it."""

    @property
    def size(self) -> int:
        """Bytes of the whole text."""

    @property
    def defaults(self) -> bytes:
        """JSON of what its connection said for all its events."""


class Letter(NamedTuple):
    """One rejected event."""

    identity: int
    reason: str
    received_at: int
    """Epoch milliseconds."""
    source: str
    """Its producer; empty when nobody said."""
    defaults: dict[str, Any]
    """What its connection said for all its events."""
    event: dict[str, Any] | None
    """None: its text is no JSON object, or was too long to be kept whole."""
    text: str
    """Of an event that is None: what is kept of it."""
    cut: bool
    """The text was too long to be kept whole."""

    @property
    def sendable(self) -> bool:
        """Whether it may be taken now. A late one is in the event log and was seen: sent again it is a duplicate."""
        return self.event is not None and self.reason != "late"

    def redacted(self, redaction: Redaction) -> Letter:
        """The same for those who may not see some values. One that has any of them is a text, never sent again."""
        if not redaction.names:
            return self
        if self.event is None:
            return self._replace(defaults=redaction.tree(self.defaults), text="")  # nobody knows where they stand
        event, defaults = redaction.tree(self.event), redaction.tree(self.defaults)
        if event == self.event and defaults == self.defaults:
            return self
        return self._replace(defaults=defaults, event=None, text=orjson.dumps(event).decode())

    def again(self) -> dict[str, Any]:
        """The event to send: at the time when it came first, with an id by which a second copy of it is known."""
        assert self.event is not None
        event = dict(self.event)
        if not event.get("uuid"):
            key = f"{self.source}:{self.received_at}:{self.identity}".encode()
            event["uuid"] = f"quarantine-{blake2b(key, digest_size=12).hexdigest()}"
        if event.get("timestamp") is None:
            event["timestamp"] = self.received_at
        return event


def letter_of(row: Kept) -> Letter:
    """As it is kept."""
    cut = row.size > len(row.payload)
    event = None if cut else _object(row.payload)
    text = "" if event is not None else row.payload.decode("utf-8", "replace")
    defaults = _object(row.defaults) or {}
    return Letter(row.identity, row.reason, row.received_at, row.source, defaults, event, text, cut)


def to_line(letter: Letter) -> bytes:
    """JSON and a line end. What is empty is left out."""
    body: dict[str, Any] = {
        "id": letter.identity,
        "reason": letter.reason,
        "received_at": letter.received_at,
        "source": letter.source,
    }
    if letter.defaults:
        body["defaults"] = letter.defaults
    if letter.event is not None:
        body["event"] = letter.event
    else:
        body |= {"text": letter.text, "cut": letter.cut}
    return orjson.dumps(body, option=orjson.OPT_APPEND_NEWLINE)


def from_line(line: bytes) -> Letter:
    """A line as `to_line` made it, perhaps edited: the event may be another one, and the reason may be left out.

    Raises:
        ValueError: it is no such line; with the reason.
    """
    body = _object(line)
    if body is None:
        raise ValueError("not a JSON object")
    event, defaults = body.get("event"), body.get("defaults", {})
    number, received_at = body.get("id"), body.get("received_at")
    if not (isinstance(number, int) and isinstance(received_at, int)):
        raise ValueError("no `id` or no `received_at`: it is not a line of an export")
    if not (event is None or isinstance(event, dict)) or not isinstance(defaults, dict):
        raise ValueError("`event` or `defaults` is not an object")
    reason, source, text = (str(body.get(name, "")) for name in ("reason", "source", "text"))
    return Letter(number, reason, received_at, source, defaults, event, text, bool(body.get("cut")))


def _object(text: bytes) -> dict[str, Any] | None:
    try:
        value = orjson.loads(text) if text else None
    except (orjson.JSONDecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
