"""A shipment in MessagePack."""

from __future__ import annotations

import msgspec
import pytest

from gateway.core.shipment import Head, Shipment
from gateway.wire.events import EventVerdict


def shipment() -> Shipment:
    head = Head(7, 3, 2, 40, 5, 1, 2, 1_000, ["id"], [None], [EventVerdict(0, "warn", "clamped")])
    return Shipment(4, [head, Head(8, 1, 0, 9, 4, -1)], memoryview(b"12345abcd"), memoryview(b""), [], [[1.5]], [], [0])


def test_it_is_read_as_it_was_written() -> None:
    """Values keep their types, and what is not said is what it is by itself."""
    found = msgspec.msgpack.decode(msgspec.msgpack.encode(shipment()), type=Shipment)
    assert (found.heads, found.plain, found.fresh) == (shipment().heads, [[1.5]], [0])
    assert bytes(found.text) == b"12345abcd"
    assert (found.heads[1].n, found.heads[1].uuid, found.heads[1].verdicts) == (-1, None, [])


@pytest.mark.parametrize("damage", [b"", b"\x00", msgspec.msgpack.encode(shipment())[:-1]])
def test_anything_else_is_none(damage: bytes) -> None:
    """Cut, empty or of another shape."""
    with pytest.raises(msgspec.MsgspecError):
        msgspec.msgpack.decode(damage, type=Shipment)
