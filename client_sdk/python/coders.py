"""Messages from and to frames, in whichever of msgspec's formats."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Generic, TypeVar

import msgspec

from client_sdk.python.errors import MessageError

__all__ = ["Coders"]

_M = TypeVar("_M")
_BROKEN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Coders(Generic[_M]):
    """The compiled coders of one format: building them costs milliseconds.

    Args:
        form: `msgspec.json` or `msgspec.msgpack`.
        union: the messages to decode, by their `type`.
        types: what that may be.
        is_array: whether a frame is an array of messages, from its start.
    """

    def __init__(self, form: Any, union: Any, types: Collection[str], is_array: Callable[[bytes], bool]) -> None:
        self._encoder = form.Encoder()
        self._whole = form.Decoder(union | list[union])
        self._parts = form.Decoder(list[msgspec.Raw])
        self._kind = form.Decoder(dict[str, Any])
        self._one = form.Decoder(union)
        self._types = types
        self._is_array = is_array

    def encode(self, message: Any) -> bytes:
        """The frame of one message."""
        encoded: bytes = self._encoder.encode(message)
        return encoded

    def decode(self, frame: bytes) -> list[_M]:
        """The messages of one frame, in order. A type this version does not know is left out.

        Raises:
            MessageError: not of the format, or a known type with wrong fields.
        """
        try:
            found = self._whole.decode(frame)
        except _BROKEN:
            return self._each(frame)
        return found if isinstance(found, list) else [found]

    def _each(self, frame: bytes) -> list[_M]:
        """The slow way, taken when some message of the frame is unknown or wrong."""
        try:
            pieces = self._parts.decode(frame) if self._is_array(frame) else [msgspec.Raw(frame)]
            known = [piece for piece in pieces if str(self._kind.decode(piece).get("type")) in self._types]
            return [self._one.decode(piece) for piece in known]
        except _BROKEN as error:
            raise MessageError(str(error)) from None
