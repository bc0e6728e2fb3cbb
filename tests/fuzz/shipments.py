"""Batches on their way from a worker: what a worker writes, with other values in some places."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
import orjson

from gateway.core.packing import Packer, Schema
from gateway.core.producer import Arrival
from gateway.core.producers import Producer
from gateway.core.shipment import Shipment
from gateway.core.unpacking import Unpacker
from gateway.wire import Batch
from gateway.wire.parcel import ParcelError
from tests.core.simulated_client import NOW
from tests.core.simulation import new_fold
from tests.fuzz.stand_ins import LIMITS, counted
from tests.fuzz.stored import NASTY, edited
from tests.fuzz.target import Choices, Target

__all__ = ["BATCHES", "SHIPMENTS", "shipments"]

MAX_PROPERTY = 65_536
_pack = msgspec.msgpack.encode


def _event(n: int) -> dict[str, Any]:
    return {
        "event": "view",
        "timestamp": (NOW + n, None, "2026-01-01T00:00:00Z")[n % 3],
        "distinct_id": f"u{n % 2}",
        "uuid": f"0193-{n}",
        "properties": {"country": ("DE", "FR", None, 5)[n % 4], "value": (n / 2, True, None)[n % 3]},
    }


BATCHES = tuple(
    orjson.dumps({"type": "batch", "seq": seq, "backlog": 1, "events": [_event(n) for n in events]})
    for seq, events in enumerate([range(3), range(3, 9), range(2), range(0)], 1)
)
_BAD = (
    b'{"type":"batch","seq":5,"events":[{"event":"x","uuid":1},{"event":""},{"event":"y","properties":{"value":[]}}]}'
)


@cache
def shipments() -> tuple[bytes, ...]:
    """What a worker writes, one after the other."""
    packer = Packer(Schema.of(new_fold().codec.reader, 1), LIMITS, MAX_PROPERTY)
    written = []
    for frames in (BATCHES[:1], BATCHES[1:], (_BAD, b'{"type":"batch","seq":6,"events":[{"event":"\xff"}]}')):
        for frame in frames:
            try:
                message = packer.codec.message(frame)
            except Exception:  # it is not text
                continue
            assert isinstance(message, Batch)
            packer.add(1, len(frame), message)
        written.append(packer.pack())
    return tuple(written)


def _plain(shipment: Shipment) -> Any:
    """A shipment as lists, with its buffers as lists of numbers, to be edited."""
    tree = orjson.loads(orjson.dumps(msgspec.to_builtins(shipment.heads)))
    texts = list(memoryview(shipment.times).cast("q")), [list(memoryview(c).cast("i")) for c in shipment.codes]
    plain = [shipment.plain, shipment.texts]
    return [shipment.schema, tree, bytes(shipment.text).decode("latin-1"), *texts, *plain, shipment.fresh]


def _packed(tree: Any) -> bytes:
    """The same the other way, as far as it can be written; what cannot be is no number of the buffers' kind."""

    def buffer(numbers: Any, size: int) -> Any:
        if not isinstance(numbers, list):
            return numbers
        low = 1 << 8 * size - 1
        return b"".join([(n if type(n) is int and -low <= n < low else 0).to_bytes(size, "little", signed=True)
                         for n in numbers])  # fmt: skip

    if isinstance(tree, list) and len(tree) > 4:
        tree = list(tree)
        tree[2] = tree[2].encode("latin-1", "replace") if isinstance(tree[2], str) else tree[2]
        tree[3] = buffer(tree[3], 8)
        if isinstance(tree[4], list):
            tree[4] = [buffer(numbers, 4) for numbers in tree[4]]
    try:
        return _pack(tree)
    except (OverflowError, ValueError):  # an integer beyond 64 bits, a lone surrogate
        return b"\xc0"


def shipped(data: bytes) -> None:
    """A shipment with other values in some places is refused, or what comes out of it can be counted."""
    choices = Choices(data)
    state = new_fold()
    unpacker = Unpacker(state.codec, choices.below(16) and 1)
    which, whole = choices.below(3), choices.below(2)
    arrivals = []
    try:
        for nth, body in enumerate(shipments()):
            tree = _plain(msgspec.msgpack.decode(body, type=Shipment))
            if nth == which and choices.left:
                if whole:
                    tree = edited(tree, choices)
                else:  # the columns are many numbers that all mean the same
                    tree[1] = edited(tree[1], choices)
            for one in unpacker.unpack(_packed(tree)):
                if isinstance(one.batch, Batch):
                    batch = one.batch
                    arrivals.append(
                        Arrival(Producer("p", 1, 0), 1, batch.seq, batch.events, batch.verdicts, batch.text, NOW, 0,
                                None, b"", None)
                    )  # fmt: skip
    except ParcelError:
        pass
    counted(state, arrivals)


SHIPMENTS = Target(
    "shipments",
    shipped,
    (
        b"\x01\x00",
        b"\x01\x00" * 12,
        bytes(range(40)),
        b"\x03\x00\x01\x00" + bytes(range(200, 240)),
        bytes(range(90, 200, 3)),
    ),
    tuple(n.to_bytes(2, "little") for n in range(len(NASTY))),
)
