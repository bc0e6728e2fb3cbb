"""What goes between a worker and the analytics process: parcels, each of a kind, for a connection, with a body.

```
length of the body u32 | kind u8 | number u32 | body          little-endian
```
The two processes are of one program and one machine, so there is no version in a parcel: the first one each way names
the link, and whoever reads another name, an unknown kind or an impossible length ends the other side.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from struct import Struct
from typing import Final, NamedTuple

__all__ = ["HEAD", "LINK", "MOST", "Kind", "Parcel", "ParcelError", "Parcels", "coded", "flagged", "head"]

LINK: Final = "tidegate-link-1"
"""The name of this protocol: it changes with any change of it."""

MOST: Final = 1 << 28
"""Bytes of one body. A snapshot to a viewer, or what all sockets brought in one turn, is far below."""

_HEAD: Final = Struct("<IBI")
_CODE: Final = Struct("<H")
HEAD: Final = _HEAD.size


class Kind(IntEnum):
    """What a parcel says. Numbers are those of a worker's connections, counted by it from 1."""

    # From a worker.
    READY = 1
    """It listens: the name of the link."""
    ADMIT = 2
    """May a socket of this address stay? `number` is the question's."""
    MOVE = 3
    """The socket is a client's behind a proxy: may its slot count there?"""
    RELEASE = 4
    """The slot of this address is free again."""
    FAULT = 5
    """A socket of this address broke a rule."""
    REFUSED = 6
    """An upgrade was turned away, for this cause."""
    OPEN = 7
    """A WebSocket, and who opened it."""
    MESSAGE = 8
    """A message as it came."""
    BATCHES = 9
    """Batches of any connections, decoded."""
    HEARTBEAT = 10
    """A heartbeat is due."""
    CLOSED = 11
    """The socket is gone: code and reason."""
    TAKEN = 12
    """How many parcels the worker has dealt with."""
    WAITING = 13
    """Bytes that wait for the socket."""
    PULSE = 14
    """The worker is well: its counts."""
    HTTP_OPEN = 15
    HTTP_DATA = 16
    HTTP_LOST = 17
    HTTP_TAKEN = 18
    HTTP_BACK = 19
    """The answer to `HTTP_YIELD`: nothing more comes."""
    FOREIGN = 20
    """A page of this origin was turned away."""

    # To a worker.
    SETUP = 32
    """The settings."""
    SCHEMA = 33
    """What to decode."""
    STATE = 34
    """Whether newcomers are to be refused."""
    ADMITTED = 35
    """The answer to `ADMIT` or `MOVE`: nothing, or the refusal."""
    WELCOMED = 36
    """The hello was taken: of a producer, or not."""
    SEND = 37
    """A message to one."""
    FRAMES = 38
    """Ready frames to one."""
    SHARE = 39
    """Ready frames to many."""
    CLOSE = 40
    """Begin the closing handshake: code and reason."""
    ABORT = 41
    """Cut it: code and reason."""
    HTTP_WRITE = 42
    HTTP_CLOSE = 43
    HTTP_ABORT = 44
    HTTP_PAUSE = 45
    HTTP_RESUME = 46
    HTTP_RETURN = 47
    """The socket is the door's again, which begins with these bytes."""
    HTTP_END = 48
    """Nothing more is written."""
    STOP = 49
    """Take no more, let go of all, and end."""
    HTTP_YIELD = 50
    """The socket will be the door's again: read nothing more from it."""


class ParcelError(Exception):
    """What the other process sent is no parcel, or none that we know."""


class Parcel(NamedTuple):
    """One parcel. The body is a view of what was read: it holds until the next read."""

    kind: int
    number: int
    body: memoryview


def head(kind: Kind, number: int, size: int) -> bytes:
    """What comes before a body of `size` bytes.

    >>> head(Kind.SEND, 7, 2)
    b'\\x02\\x00\\x00\\x00%\\x07\\x00\\x00\\x00'
    """
    return _HEAD.pack(size, kind, number)


def coded(body: memoryview) -> tuple[int, str]:
    """A close code and a reason, as the body of `CLOSED`, `CLOSE` and `ABORT`.

    >>> coded(memoryview(b"\\xe8\\x03bye"))
    (1000, 'bye')

    Raises:
        ParcelError: it is too short, or the reason is no text.
    """
    if len(body) < _CODE.size:
        raise ParcelError("a body without a code")
    return _CODE.unpack_from(body)[0], _text(body[_CODE.size :])


def flagged(body: memoryview) -> tuple[bool, str]:
    """A truth and a text, as the first byte of a body and the rest of it.

    >>> flagged(memoryview(b"\\x01::1"))
    (True, '::1')

    Raises:
        ParcelError: there is not even a byte, or the text is none.
    """
    if not body:
        raise ParcelError("a body without a byte")
    return bool(body[0]), _text(body[1:])


def _text(body: memoryview) -> str:
    try:
        return bytes(body).decode()
    except UnicodeDecodeError as error:
        raise ParcelError(f"a text that is none: {error.reason}") from None


class Parcels:
    """Cuts a stream into parcels.

    >>> parcels = Parcels()
    >>> list(parcels.feed(head(Kind.SEND, 7, 2) + b"h"))
    []
    >>> [(p.number, bytes(p.body)) for p in parcels.feed(b"i")]
    [(7, b'hi')]
    """

    def __init__(self) -> None:
        # The start of a parcel that is not whole, in pieces; how many bytes they are, and how many it takes.
        self._rest: list[bytes] = []
        self._held = 0
        self._wanted = HEAD

    def feed(self, data: bytes) -> Iterator[Parcel]:
        """The parcels that `data` completes. Take all of them before the next call.

        Raises:
            ParcelError: this is no stream of parcels.
        """
        self._held += len(data)
        self._rest.append(data)
        # Pieces are joined once there is enough, so that a long parcel is copied once.
        if self._held < self._wanted:
            return
        if len(self._rest) > 1:
            data = b"".join(self._rest)
        view, at, size = memoryview(data), 0, len(data)
        wanted = HEAD
        while size - at >= HEAD:
            length, kind, number = _HEAD.unpack_from(data, at)
            if length > MOST:
                raise ParcelError(f"a parcel of {length} bytes")
            if size - at < HEAD + length:
                wanted = HEAD + length
                break
            start = at + HEAD
            at = start + length
            yield Parcel(kind, number, view[start:at])
        self._rest = [data[at:]] if at < size else []
        self._held, self._wanted = size - at, wanted
