"""Values that are kept as JSON text until a row is made of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

import msgspec

__all__ = ["as_json", "parsed", "parsed_each"]

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


def parsed_each(values: Sequence[Any]) -> list[Any]:
    """Values of which those that are JSON texts, as bytes, are read. Of equal texts it is the same object each time:
    nobody may change it.
    """
    texts = list(dict.fromkeys(values)) if set(map(type, values)) == {bytes} else []
    try:
        made = dict(zip(texts, _DECODER.decode_lines(b"\n".join(texts)), strict=True))
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError):  # one of them, or one that has a line end in it
        made = {}
    if not made:
        made = {text: parsed(text) for text in dict.fromkeys(value for value in values if type(value) is bytes)}
        return [made[value] if type(value) is bytes else value for value in values]
    return list(map(made.__getitem__, values))


def as_json(value: Any) -> bytes:
    """A value as JSON text, about 1 us; `parsed` gives it back. Halves of surrogate pairs are written as they are.

    >>> as_json({"items": [("/", 2)]})
    b'{"items":[["/",2]]}'
    """
    try:
        return _ENCODER.encode(value)
    except UnicodeEncodeError:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
