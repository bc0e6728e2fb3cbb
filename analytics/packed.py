"""What a top list says, packed until a row is made of it: MessagePack, whose bytes are bounded whatever it says.

As JSON text a character may take six bytes, a count as many as it has digits, and bounds say each count twice more.
Here a character takes what it takes in UTF-8, a count nine bytes at most, and of all bounds together there is one
number. It also is written in half the time.

Other measures keep their values as JSON text, as all do in snapshots: a text begins with a brace, which nothing packed
does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from analytics.jsontext import as_json, parsed, parsed_each

__all__ = [
    "VALUE_BYTES",
    "as_text",
    "from_snapshot",
    "from_text",
    "in_snapshot",
    "item_bytes",
    "packed_each",
    "plain_each",
]

VALUE_BYTES: Final = 58
"""Of a packed value beside its items at worst: the object, the names of the two parts, how many items, the slack."""
_BESIDE: Final = 12
"""Of an item beside the bytes of its text: that it is two things, how long the text is, and the count."""
_ARRAY: Final = b"\xdd"
"""What the values that follow are elements of; behind it comes how many, in four bytes."""
_PLAIN: Final = 0x81
"""What a value begins with that has items and nothing else."""
_TEXT: Final = '{"items":'
"""What its JSON text begins with."""
_DECODER: Final = msgspec.msgpack.Decoder()
_ENCODER: Final = msgspec.msgpack.Encoder()


def item_bytes(longest: int) -> int:
    """Bytes of an item at worst whose text takes so many in UTF-8."""
    return _BESIDE + longest


def packed_each(values: Sequence[dict[str, Any]]) -> list[bytes]:
    """Each of these values, about 0.3 us: its `items`, and its `slack` if it has one.

    >>> plain_each(packed_each([{"items": [("/", 2)], "slack": 1}]))
    [{'items': [['/', 2]], 'bounds': [[2, 3]]}]
    """
    # Into a buffer first: what `encode` returns holds half as many bytes again as it says.
    buffer, packed = bytearray(), list[bytes]()
    for value in values:
        try:
            _ENCODER.encode_into(value, buffer)
        except UnicodeEncodeError:  # halves of surrogate pairs, which are no UTF-8
            _ENCODER.encode_into(_odd(value), buffer)
        packed.append(bytes(buffer))
    return packed


def _odd(value: Mapping[str, Any]) -> dict[str, Any]:
    """A value with its texts as bytes, and a slack by which it is known."""
    items = [(said.encode("utf-8", "surrogatepass") if type(said) is str else said, n) for said, n in value["items"]]
    return {"items": items, "slack": value.get("slack", 0)}


def plain_each(values: Sequence[Any]) -> list[Any]:
    """Values of which those that are kept packed, or as JSON text, are made what they say; see `parsed_each`."""
    packed = values if set(map(type, values)) == {bytes} else [value for value in values if type(value) is bytes]
    if not packed or min(packed)[0] < _PLAIN:
        return parsed_each(values)
    texts = list(dict.fromkeys(packed))
    found = _unpacked(texts)
    if len(texts) == len(values):
        return found
    made = dict(zip(texts, found, strict=True))
    return [made[value] if type(value) is bytes else value for value in values]


def _unpacked(values: Sequence[bytes]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = _DECODER.decode(_ARRAY + len(values).to_bytes(4, "big") + b"".join(values))
    if max(values)[0] == _PLAIN:
        return found
    for packed, value in zip(values, found, strict=True):
        if packed[0] != _PLAIN:
            slack = value.pop("slack")
            for item in value["items"]:
                if type(item[0]) is bytes:
                    item[0] = item[0].decode("utf-8", "surrogatepass")
            if slack:
                value["bounds"] = [[n, n + slack] for _, n in value["items"]]
    return found


def as_text(value: bytes) -> str:
    """A value that is kept, as JSON text."""
    text = value if value[0] < _PLAIN else as_json(_unpacked([value])[0])
    return text.decode("utf-8", "surrogatepass")


def from_text(text: str) -> bytes:
    """Such a text, as its value is kept."""
    data = text.encode("utf-8", "surrogatepass")
    if not text.startswith(_TEXT):
        return data
    value = parsed(data)
    if "bounds" in value:
        bounds = value.pop("bounds")
        value["slack"] = bounds[0][1] - bounds[0][0] if bounds else 1  # of no items it is not told
    return packed_each([value])[0]


def in_snapshot(value: Any) -> Any:
    """A value of a row as snapshots have it: one that is kept as bytes is JSON text in an object, as no other value is.

    >>> from_snapshot(in_snapshot(b'{"steps":[2,1]}'))
    b'{"steps":[2,1]}'
    """
    return {"json": as_text(value)} if type(value) is bytes else value


def from_snapshot(value: Any) -> Any:
    """Such a value, as it is kept."""
    return from_text(value["json"]) if type(value) is dict else value
