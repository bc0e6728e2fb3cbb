"""Values that are kept as JSON text until a row is made of them."""

from __future__ import annotations

import json
from typing import Any, Final

import msgspec

__all__ = ["Parsed", "as_json", "parsed"]

_DECODER: Final = msgspec.json.Decoder()
_ENCODER: Final = msgspec.json.Encoder()


def parsed(text: bytes) -> Any:
    """The value of a JSON text, about 1 us. Halves of surrogate pairs are taken as they are.

    >>> parsed(b'{"items":[["/",2]]}')
    {'items': [['/', 2]]}
    """
    try:
        return _DECODER.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError):  # what only the standard library reads, ten times as slowly
        return json.loads(text)


class Parsed(dict[bytes, Any]):
    """The values of texts that occur more than once, the same object each time: nobody may change it."""

    def __missing__(self, text: bytes) -> Any:
        made = self[text] = parsed(text)
        return made


def as_json(value: Any) -> bytes:
    """A value as JSON text, about 1 us; `parsed` gives it back. Halves of surrogate pairs are written as they are.

    >>> as_json({"items": [("/", 2)]})
    b'{"items":[["/",2]]}'
    """
    try:
        return _ENCODER.encode(value)
    except UnicodeEncodeError:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
