"""What goes into frames: messages as ready bytes, and close reasons.

A server's frames are not masked, so one frame serves any number of connections.
"""

from __future__ import annotations

from struct import Struct

from gateway.errors import CLOSE_CODES

__all__ = ["binary_frame", "close_reason", "frame"]

_FIN_TEXT = 0x81
_SHORT = Struct("!BBH").pack
_LONG = Struct("!BBQ").pack
_REASON_BYTES = 123  # a control frame holds 125, the code takes two


def frame(payload: bytes) -> bytes:
    """One complete text frame around `payload`, which must be UTF-8. Costs one copy of the payload.

    >>> frame(b"{}")
    b'\\x81\\x02{}'
    """
    size = len(payload)
    if size < 126:
        return b"\x81%c%b" % (size, payload)
    if size < 65_536:
        return _SHORT(_FIN_TEXT, 126, size) + payload
    return _LONG(_FIN_TEXT, 127, size) + payload


def binary_frame(payload: bytes) -> bytes:
    """One complete binary frame around `payload`.

    >>> binary_frame(b"\\x80")
    b'\\x82\\x01\\x80'
    """
    return b"\x82" + frame(payload)[1:]


def close_reason(code: int, reason: str = "") -> str:
    """`reason`, or else the one in the table of close codes, cut to what a close frame holds."""
    text = reason or (CLOSE_CODES[code].reason if code in CLOSE_CODES else "")
    return text.encode()[:_REASON_BYTES].decode(errors="ignore")
