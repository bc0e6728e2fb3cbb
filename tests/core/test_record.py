"""What the log keeps comes back as it was."""

from __future__ import annotations

import msgspec
import pytest

from gateway.core.producer import Arrival
from gateway.core.producers import Producer
from gateway.core.record import Fence, decode_record, encode_record
from gateway.wire.columns import Columns


def arrival(seq: int, text: bytes, defaults: bytes = b"") -> Arrival:
    return Arrival(
        Producer("p", 2, seq), 2, seq, Columns(0, 0, (), None, ()), None, text, 1_000 + seq, -5, None, defaults, None
    )


def test_a_group_comes_back() -> None:
    """Frames, their order, and what was known at receipt; defaults are kept once."""
    payload = encode_record([arrival(1, b"one", b'{"d":1}'), arrival(2, b"", b'{"d":1}'), arrival(3, b"three")])
    logged = decode_record(payload).batches
    assert [(b.frame, b.defaults) for b in logged] == [(b"one", b'{"d":1}'), (b"", b'{"d":1}'), (b"three", b"")]
    assert [tuple(msgspec.structs.astuple(b.entry))[:5] for b in logged] == [
        ("p", 2, seq, 1_000 + seq, -5) for seq in (1, 2, 3)
    ]
    assert payload.count(b'{"d":1}') == 1


def test_raised_epochs_come_back() -> None:
    """Alone in their row, or before its batches."""
    fences = [Fence("p", 2, 0), Fence("q", 7, 41)]
    assert decode_record(encode_record([], fences)) == ([], fences)
    assert len(decode_record(encode_record([arrival(1, b"one")], fences)).batches) == 1


def test_a_row_without_raised_epochs_may_leave_them_out() -> None:
    """As the first rows of this version did."""
    payload = msgspec.msgpack.encode([1, [], [["p", 1, 2, 3, 4, -1, 3]], b"one"])
    assert [(b.entry.seq, b.frame) for b in decode_record(payload).batches] == [(2, b"one")]


@pytest.mark.parametrize(
    "entry",
    [
        *(["p", 1, 2, 3, 4, 1, 3], ["p", 1, 2, 3, 4, -2, 3], ["p", 1, 2, 3, 4, -1, 2], ["p", 1, 2, 3, 4, -1, 4]),
        *(
            ["p", 1, -1, 3, 4, -1, 3],
            ["p", 2**60, 2, 3, 4, -1, 3],
            ["p", 1, 2, 2**60, 4, -1, 3],
            ["p", 1, 2, 3, 4, -1, -3],
        ),
    ],
)
def test_a_row_that_contradicts_itself_is_refused(entry: list[object]) -> None:
    """Defaults that are not there, frames of another length, numbers beyond what the protocol has."""
    with pytest.raises(ValueError, match="log record"):
        decode_record(msgspec.msgpack.encode([1, [b"{}"], [entry], b"one"]))


@pytest.mark.parametrize("payload", [b"", b"\x00", b"\x94\x02\x90\x90\xc4\x00"])
def test_another_version_is_refused(payload: bytes) -> None:
    """By name, never misread."""
    with pytest.raises(ValueError, match="log record"):
        decode_record(payload)
