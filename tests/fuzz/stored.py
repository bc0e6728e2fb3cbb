"""What a disk gives back: snapshots whose sums are right and whose content is not, and rows of the log."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import orjson
from msgspec.structs import replace

from analytics import KpiSpec
from gateway.core.fold import Fold
from gateway.core.producer import Arrival
from gateway.core.producers import Producer
from gateway.core.record import Fence, encode_record
from gateway.wire import Limits
from gateway.wire.messages import Defaults
from tests.core.simulated_client import NOW
from tests.core.simulation import SPECS, new_fold, refold
from tests.fuzz.target import Choices, Target

__all__ = ["RECORDS", "SNAPSHOTS"]

_HEAD = struct.Struct("<4sHxxQ")
_KPI = '[[kpi]]\nname = "{}"\nvalue = "{}"\nwindow = "{}"\nby = {}\ndelay = "1s"\ngrace = "1m"\nmax_keys = 4\n'
KPIS: Final = KpiSpec.parse(
    "".join(
        _KPI.format(f"k{number}", value, window, by)
        for number, (value, window, by) in enumerate(
            [
                ("max(value) - min(value)", "sliding 10s every 5s", '["country"]'),
                ("quantile(value, 0.5)", "tumbling 1s", '["country"]'),
                ("top(country, 3)", "sliding 4s every 2s", "[]"),
                ("uniq(distinct_id)", "cumulative 1d every 1m", '["country"]'),
                ("retention(event = 'view', event = 'buy')", "tumbling 1d", "[]"),
                ("funnel(event = 'view', event = 'buy', within => '30m')", "tumbling 10s", "[]"),
                ("sessions()", "tumbling 1d", "[]"),
                ("count(*)", "session 2s", '["distinct_id"]'),
                ("sum(value)", "session 2s", '["distinct_id"]'),
            ]
        )
    )
)
NASTY: Final[list[Any]] = [
    *(
        None,
        True,
        False,
        0,
        1,
        -1,
        7,
        2**31,
        2**53,
        2**62,
        2**63,
        -(2**63),
        10**30,
        1.5,
        -0.0,
        1e308,
        "",
        "x",
        "\ud800",
    ),
    *([], [0], [[]], [-1], [2**62], {}, {"json": 1}, {"json": ""}, "<i8", "|O8", "[" * 500, [None] * 9),
]


def empty() -> Fold:
    """A fold with every kind of window and measure."""
    return Fold([*SPECS, *KPIS], Limits(262_144, 500, 16), 65_536, producers=50, uuids=100, memory_budget=512 << 20)


@cache
def records() -> tuple[bytes, ...]:
    """Rows of a log."""
    state, rows = empty(), []
    for seq in range(1, 4):
        events = [
            {
                "event": ("view", "buy")[n % 2],
                "timestamp": NOW + 900 * (seq * 8 + n),
                "distinct_id": f"u{n % 3}",
                "uuid": f"01934d0e-7b00-7000-8000-{seq * 8 + n:012x}",
                "properties": {"country": ("DE", "FR", None)[n % 3], "value": n / 2},
            }
            for n in range(8)
        ]
        batch = state.codec.batch(b'{"type":"batch","seq":%d,"events":%b}' % (seq, orjson.dumps(events)))
        said, text = (Defaults(session_id="s"), b'{"session_id":"s"}') if seq == 1 else (None, b"")
        arrival = Arrival(
            Producer("p", 1, seq - 1),
            1,
            seq,
            batch.events,
            batch.verdicts,
            batch.text,
            NOW + 8_000 * seq,
            5,
            said,
            text,
            None,
        )
        fences = [Fence("q", 3, 0)] if seq == 2 else []
        rows.append(encode_record([arrival, replace(arrival, producer=Producer(f"q{seq}", 1, 0))], fences))
    return tuple(rows)


@cache
def nothing() -> dict[str, bytes]:
    """The snapshot of a fold that has seen nothing."""
    return empty().snapshot()


@cache
def blobs() -> dict[str, bytes]:
    """A snapshot in the middle of things."""
    state = empty()
    for row in records()[:2]:
        refold(state, row)
    return state.snapshot()


def nodes(value: Any) -> Iterator[tuple[Any, Any]]:
    """Each place in a JSON value, as (container, key)."""
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from nodes(value[key])


def edited(value: Any, choices: Choices) -> Any:
    """The value with another one in some places, or without what was there."""
    whole = [value]
    for _ in range(1 + choices.below(3)):
        places = list(nodes(whole))
        container, key = places[choices.below(len(places))]
        match choices.below(4):
            case 0:
                del container[key]
                if not whole:
                    return None
            case 1 if isinstance(container, list):
                container.insert(key, container[choices.below(len(container))])
            case 2 if type(container[key]) is int:
                container[key] += choices.below(9) - 4
            case _:
                container[key] = NASTY[choices.below(len(NASTY))]
    return whole[0]


def overwritten(data: bytes, choices: Choices) -> bytes:
    """The bytes with 8 of them another number."""
    at = choices.below(len(data) // 8 + 1) * 8
    number = NASTY[choices.below(len(NASTY))]
    word = struct.pack("<q", number) if type(number) is int and -(2**63) <= number < 2**63 else b"\xff" * 8
    return data[:at] + word + data[at + 8 :]


def engine(data: bytes, choices: Choices) -> bytes:
    """An engine's snapshot with another header or other buffers, and a sum that is right."""
    length = _HEAD.unpack_from(data)[2]
    start = _HEAD.size + length
    text, buffers = data[_HEAD.size : start], data[start:-4]
    if choices.below(4) == 0:
        buffers = overwritten(buffers, choices)
    else:
        text = json.dumps(edited(json.loads(text), choices)).encode()
    body = _HEAD.pack(b"TGST", 1, len(text)) + text + buffers
    return body + struct.pack("<I", zlib.crc32(body))


def snapshots(data: bytes) -> None:
    """A snapshot is refused with a ValueError, and nothing has changed, or loaded. What was loaded can be saved."""
    choices = Choices(data)
    stored = dict(blobs())
    if choices.below(4):
        del stored["state"]  # with its hashes nothing else than what was saved is taken
    while choices.left:
        name = ("engine", "engine", "engine", "engine", "producers", "ledger", "uuids", "state")[choices.below(8)]
        if name not in stored:
            continue
        if name == "engine":
            stored[name] = engine(stored[name], choices)
        elif name == "uuids" or stored[name] != blobs()[name] or choices.below(4) == 0:
            stored[name] = overwritten(stored[name], choices)
        else:
            stored[name] = json.dumps(edited(json.loads(stored[name]), choices)).encode()
    state = empty()
    try:
        state.restore(stored)
    except ValueError:
        assert state.snapshot() == nothing()
        return
    state.snapshot()


def rows(data: bytes) -> None:
    """A row of the log is counted, or counted as unreadable; the next good one is folded all the same."""
    state = new_fold()
    refold(state, records()[0])
    refold(state, data)
    before = state.ledger.sent
    refold(state, records()[2])
    assert state.ledger.sent > before


SNAPSHOTS = Target(
    "snapshots", snapshots, (b"", b"\x01\x00" * 12, bytes(range(40)), b"\x03\x00\x01\x00" + bytes(range(200, 240)))
)
RECORDS = Target(
    "records",
    rows,
    records(),
    (
        *(
            b"\x95\x01",
            b"\x94\x01",
            b"\x90",
            b"\xc0",
            b"\xff",
            b"\x7f",
            b"\xd3" + b"\x7f" * 8,
            b"\xdd\xff\xff\xff\xff",
            b"\xc4\x00",
        ),
        *(
            b"\xa1p",
            b"\x97",
            b"\xcf" + b"\xff" * 8,
            b'"events":[',
            b"NaN",
            b'{"event":"x"}',
            b"\xc6\x7f\xff\xff\xff",
            b"\xa0",
        ),
    ),
)
