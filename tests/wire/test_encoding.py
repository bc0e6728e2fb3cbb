"""Messages in other encodings become the JSON that they stand for."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import ProtocolError
from gateway.wire import Codec
from gateway.wire.encoding import ENCODINGS, JSON, MessagePack
from tests.wire.test_replies import golden

PACK = MessagePack()
VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "msgpack.json").read_text("utf-8"))


def refusal(frame: bytes) -> tuple[str, int | None]:
    with pytest.raises(ProtocolError) as caught:
        [PACK.text(part) for part in PACK.split(frame)]
    return caught.value.slug, caught.value.close


def test_every_golden_message_has_its_golden_bytes() -> None:
    """The file names each message of both sides, and nothing else."""
    assert {(v["side"], v["name"]) for v in VECTORS} == {(s, n) for s in ("client", "server") for n in golden(s)}


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector['side']}-{vector['name']}")
def test_golden_bytes_are_the_golden_message(vector: dict[str, str]) -> None:
    """What a client sends is read as its JSON; what the server says is written to the byte."""
    packed, text = base64.b64decode(vector["frame"]), golden(vector["side"])[vector["name"]]
    if vector["side"] == "server":
        assert PACK.frame(text) == packed
    (part,) = PACK.split(packed)
    assert orjson.loads(PACK.text(part)) == orjson.loads(text)


TREES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
)  # fmt: skip


@given(st.dictionaries(st.text(max_size=4), TREES, max_size=4))
def test_what_json_can_say_comes_through(message: dict[str, Any]) -> None:
    """Value for value, 1 apart from 1.0."""
    (part,) = PACK.split(msgspec.msgpack.encode(message))
    assert json.dumps(orjson.loads(PACK.text(part))) == json.dumps(message)
    assert msgspec.msgpack.decode(PACK.frame(orjson.dumps(message))) == message


def test_a_frame_may_hold_several_messages() -> None:
    """Up to 64; each stands for itself, so that a bad one is refused alone."""
    ping = {"type": "pong", "now": 1}
    parts = PACK.split(msgspec.msgpack.encode([ping] * 20))
    assert [PACK.text(part) for part in parts] == [b'{"type":"pong","now":1}'] * 20
    assert len(PACK.split(msgspec.msgpack.encode([ping] * 64))) == 64
    assert refusal(msgspec.msgpack.encode([ping] * 65)) == ("bad_message", 4000)
    good, bad = PACK.split(b"\x92\x81\xa1a\x01\x81\xa1\xff\x01")
    assert PACK.text(good) == b'{"a":1}'
    with pytest.raises(ProtocolError, match="bad_msgpack"):
        PACK.text(bad)
    assert list(PACK.split(b"\x90")) == []


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\xc1",
        b"\x81",
        b"\x81\xa1a",
        b"\x80\x80",
        b"\x92\x80",
        b"\xdd\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff",
        b"\x81\xa1a" * 5_000 + b"\x01",
        b"\x81\x91\x01\x02",
        b"\x81\xa1\xff\x01",
    ],
)
def test_what_is_no_messagepack_is_refused(frame: bytes) -> None:
    """Cut short, too deep, lengths beyond the frame, names that are none, text that is not UTF-8."""
    assert refusal(frame) == ("bad_msgpack", 4000)


@pytest.mark.parametrize(
    "value", [b"\xcb\x7f\xf8\0\0\0\0\0\0", b"\xca\xff\x80\0\0", b"\xcb\xff\xf0\0\0\0\0\0\0", b"\xc4\x01x", b"\xd4\x05x"]
)
@pytest.mark.parametrize("form", ["rows", "columns"])
def test_what_json_cannot_say_is_its_events_trouble(value: bytes, form: str, codec: Codec) -> None:
    """NaN, infinity, raw bytes, foreign types: the event is dropped as one of JSON would be, its neighbour is not."""
    hole = "0123456789"
    if form == "rows":
        events = [{"event": "a", "properties": {"x": 1}}, {"event": "b", "properties": {"x": hole}}]
        message: dict[str, Any] = {"type": "batch", "seq": 1, "events": events}
    else:
        message = {"type": "columns", "seq": 1, "n": 2, "event": ["a", "b"], "properties": {"x": [1, hole]}}
    packed = msgspec.msgpack.encode(message).replace(b"\xaa" + hole.encode(), value)
    batch = codec.batch(PACK.text(packed))
    assert batch.verdicts is not None
    assert [tuple(verdict) for verdict in batch.verdicts] == [(1, "drop", "bad_json")]


def test_a_text_that_looks_like_a_number_is_a_text() -> None:
    """The careful way gives the same."""
    packed = msgspec.msgpack.encode({"a": "ø"}).replace("ø".encode(), b"\xcb\xbf") + b""
    assert PACK.text(packed) == '{"a":"˿"}'.encode()
    double = b"\x82\xa1a\xcb\x7f\xef\xff\xff\xff\xff\xff\xff\xa1b\xa5\xe2\xbf\x8b\x7f\x7f"
    assert orjson.loads(PACK.text(double)) == {"a": 1.7976931348623157e308, "b": "⿋\x7f\x7f"}


def test_json_needs_no_border() -> None:
    """It is the first choice of the server."""
    assert next(iter(ENCODINGS)) == JSON
    assert ENCODINGS[JSON] is None
