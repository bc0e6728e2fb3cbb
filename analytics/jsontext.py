"""Values that are kept as JSON text until a row is made of them."""

from __future__ import annotations

import json
from typing import Any, Final

import msgspec

__all__ = ["Parsed", "parsed"]

_DECODER: Final = msgspec.json.Decoder()


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
