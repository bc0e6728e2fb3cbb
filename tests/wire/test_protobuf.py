"""Protocol Buffers become the JSON that they stand for, and the server's JSON becomes them."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import ProtocolError
from gateway.wire import Codec
from gateway.wire.protobuf import Protobuf
from gateway.wire.protoschema import CLIENT, SERVER
from tests.wire.test_protoschema import NOT_FOR_PRODUCERS, NOT_OF_PRODUCERS
from tests.wire.test_replies import golden

PROTO = Protobuf()
VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "protobuf.json").read_text("utf-8"))


def test_every_golden_message_of_a_producer_has_its_golden_bytes() -> None:
    """The file names each of them, and nothing else."""
    expected = {(side, name) for side in ("client", "server") for name in golden(side) if for_producers(side, name)}
    assert {(vector["side"], vector["name"]) for vector in VECTORS} == expected


def for_producers(side: str, name: str) -> bool:
    said = json.loads(golden(side)[name])
    viewers = said["type"] in NOT_FOR_PRODUCERS | NOT_OF_PRODUCERS or "epoch" in said or "id" in said
    return not viewers and said.get("role") != "viewer"


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector['side']}-{vector['name']}")
def test_golden_bytes_are_the_golden_message(vector: dict[str, str]) -> None:
    """What a client sends is read as its JSON; what the server says is written to the byte."""
    data, text = base64.b64decode(vector["frame"]), golden(vector["side"])[vector["name"]]
    if vector["side"] == "server":
        assert PROTO.frame(text) == data
        said = SERVER.FromString(data)
        assert said.WhichOneof("message") == orjson.loads(text)["type"]
    else:
        assert orjson.loads(PROTO.text(*PROTO.split(data))) == orjson.loads(text)


def test_an_acks_verdicts_are_there() -> None:
    """Each with its place and reason."""
    ack = SERVER.FromString(PROTO.frame(golden("server")["ack_verdicts"])).ack
    assert (ack.seq, ack.credit.max_bytes, ack.level, ack.wait_ms) == (42, 524_288, 3, 1_500)
    first = ack.verdicts[0]
    assert (first.seq, first.index, first.outcome, first.reason) == (42, 3, "drop", "schema:price")


@pytest.mark.parametrize("frame", [b"\xff", b"\x0a\x05a", b"\x1a\x04\x22\x02\x0a\xff"])
def test_what_is_no_protobuf_is_refused(frame: bytes) -> None:
    """Cut short, or text that is not UTF-8."""
    with pytest.raises(ProtocolError) as caught:
        PROTO.text(frame)
    assert (caught.value.slug, caught.value.close) == ("bad_protobuf", 4000)


@pytest.mark.parametrize("frame", [b"", b"\x7a\x00"])
def test_a_message_of_a_later_version_is_unknown(frame: bytes) -> None:
    """It ends nothing."""
    with pytest.raises(ProtocolError) as caught:
        PROTO.text(frame)
    assert (caught.value.slug, caught.value.close) == ("unknown_type", None)


def test_a_step_that_is_not_there_cannot_be_untimed() -> None:
    """An index beyond the events."""
    said = CLIENT()
    said.columns.dt.append(1)
    said.columns.untimed.append(1)
    with pytest.raises(ProtocolError, match="bad_message"):
        PROTO.text(said.SerializeToString())


@pytest.mark.parametrize("value", [{"number": float("nan")}, {"number": float("-inf")}, {"json": "{"}, {"json": "NaN"}])
@pytest.mark.parametrize("form", ["batch", "columns"])
def test_what_json_cannot_say_is_its_events_trouble(value: dict[str, Any], form: str, codec: Codec) -> None:
    """NaN, infinity, text that is no JSON: the event is dropped as one of JSON would be, its neighbour is not."""
    said = CLIENT()
    if form == "batch":
        for name in ("a", "b"):
            event = said.batch.events.add(event=name)
        event.properties["x"].MergeFrom(type(event.properties["x"])(**value))
    else:
        said.columns.n = 2
        said.columns.event.texts.extend(["a", "b"])
        column = said.columns.properties["x"].values
        column.add(whole=1)
        column.add(**value)
    batch = codec.batch(PROTO.text(said.SerializeToString()))
    assert batch.verdicts is not None
    assert [tuple(verdict) for verdict in batch.verdicts] == [(1, "drop", "bad_json")]


@pytest.mark.parametrize(("depth", "reason"), [(17, "too_deep"), (500, "too_deep"), (100_000, "bad_json")])
def test_what_nests_too_deep_is_its_events_trouble(depth: int, reason: str, codec: Codec) -> None:
    """As it is in JSON."""
    said = CLIENT()
    said.batch.events.add(event="a").properties["x"].json = "[" * depth + "]" * depth
    text = PROTO.text(said.SerializeToString())
    batch = codec.batch(text)
    found = batch.verdicts if batch.verdicts is not None else codec.inspect([text], [batch.events])[0].verdicts
    assert [tuple(verdict) for verdict in found] == [(0, "drop", reason)]


@given(st.binary(max_size=60))
def test_any_bytes_are_a_message_or_refused(data: bytes) -> None:
    """Nothing else is ever raised."""
    try:
        assert isinstance(orjson.loads(PROTO.text(data)), dict)
    except ProtocolError:
        pass
    except orjson.JSONDecodeError:  # NaN, for the codec to find
        assert b"NaN" in PROTO.text(data) or b"Infinity" in PROTO.text(data)
