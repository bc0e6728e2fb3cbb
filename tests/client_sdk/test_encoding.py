"""The choice of an encoding, and what all of them have in common: the gateway reads the same from each."""

from __future__ import annotations

import json
import sys
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from client_sdk.python import AsyncClient, EncodingError
from client_sdk.python.encoding import JSON, Encoding, encoding_of
from client_sdk.python.errors import MessageError
from client_sdk.python.event import encode_event
from client_sdk.python.ids import uuid7
from client_sdk.python.messages import Auth, Hello, Pong, ProducerId, Sdk, decode
from gateway.wire.encoding import ENCODINGS
from tests.client_sdk.model import rows_of
from tests.client_sdk.test_columnar import EVENTS, T0, batch_of
from tests.client_sdk.test_messages import golden
from tests.wire.test_protobuf import for_producers

NAMES = ("json", "msgpack", "protobuf")
BINARY = NAMES[1:]
EDGES: list[Any] = [
    2**63 - 1,
    2**64 - 1,
    -(2**63),
    1e300,
    5e-324,
    -0.0,
    None,
    "ä\U0001f600",
    [1, {"a": [None]}],
    {"b": {}},
]


def read(encoding: Encoding, frame: bytes) -> Any:
    """What the gateway makes of a frame: its JSON."""
    theirs = ENCODINGS[encoding.subprotocol]
    if theirs is None:
        return json.loads(frame)
    (part,) = theirs.split(frame)
    return json.loads(theirs.text(part))


def written(encoding: Encoding, text: bytes) -> bytes:
    """How the gateway writes a message, given as JSON."""
    theirs = ENCODINGS[encoding.subprotocol]
    return text if theirs is None else theirs.frame(text)


def test_there_are_three() -> None:
    """By name; anything else is said to be none, before a client has done anything."""
    assert [encoding_of(name).subprotocol for name in NAMES] == list(ENCODINGS)
    assert [encoding_of(name).text for name in NAMES] == [True, False, False]
    with pytest.raises(ValueError, match="'xml' is none of 'json', 'msgpack' and 'protobuf'"):
        AsyncClient("http://localhost:1", "k", encoding="xml")


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others do without it."""
    for name in [name for name in sys.modules if name.startswith(("google.protobuf", "client_sdk.python.proto"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "google.protobuf", None)
    with pytest.raises(EncodingError, match="pip install protobuf"):
        AsyncClient("http://localhost:1", "k", encoding="protobuf")
    for name in ("json", "msgpack"):
        AsyncClient("http://localhost:1", "k", encoding=name)


@pytest.mark.parametrize("name", BINARY)
@given(st.lists(EVENTS, min_size=1, max_size=6), st.booleans())
def test_batches_say_what_they_say_as_json(name: str, events: list[dict[str, Any]], columns: bool) -> None:
    """Value for value, 1 apart from 1.0 and true, whichever form is shorter; the same bytes at every call."""
    encoding = encoding_of(name)
    made = [encode_event(**{"properties": None, "uuid": uuid7(T0, 1)} | event) for event in events]
    batch = batch_of(*(event.payload for event in made))
    frame = encoding.batch(batch, columns)
    assert encoding.batch(batch, columns) == frame
    assert len(frame) <= len(encoding.batch(batch, False))
    said = read(encoding, frame)
    assert columns or said["type"] == "batch"
    rows = said if said["type"] == "batch" else rows_of(said)
    assert json.dumps(rows, sort_keys=True) == json.dumps(json.loads(batch.frame()), sort_keys=True)


@pytest.mark.parametrize("name", BINARY)
def test_both_forms_are_used(name: str) -> None:
    """What comes again makes columns shorter; a server that does not read them gets rows."""
    encoding = encoding_of(name)
    event = orjson.dumps({"event": "a", "uuid": uuid7(T0, 1), "timestamp": T0, "properties": {"country": "DE"}})
    assert read(encoding, encoding.batch(batch_of(*[event] * 20), True))["type"] == "columns"
    assert read(encoding, encoding.batch(batch_of(*[event] * 20), False))["type"] == "batch"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", EDGES, ids=str)
def test_values_at_the_edge_arrive(name: str, value: Any) -> None:
    """Those beyond 64 bits with a sign, too, and what is nested."""
    encoding = encoding_of(name)
    made = encode_event("e", {"x": value, "y": 1}, uuid=uuid7(T0, 1), timestamp=T0)
    for columns in (False, True):
        said = read(encoding, encoding.batch(batch_of(*[made.payload] * 9), columns))
        rows = said if said["type"] == "batch" else rows_of(said)
        expected = json.loads(made.payload)["properties"]
        found = rows["events"][0]["properties"]
        assert json.dumps({k: v for k, v in found.items() if v is not None}, sort_keys=True) == json.dumps(
            {k: v for k, v in expected.items() if v is not None}, sort_keys=True
        )


@pytest.mark.parametrize("name", NAMES)
def test_messages_say_what_they_say_as_json(name: str) -> None:
    """Those of a producer."""
    encoding = encoding_of(name)
    defaults = {"distinct_id": "d", "properties": {"a": 1, "b": 1.5, "c": None, "d": True, "e": {"f": [1]}}}
    hello = Hello(
        v=1, role="producer", token="k", producer=ProducerId("p", 2**53, 7), sdk=Sdk("python", "1"), defaults=defaults
    )
    for message in (hello, Auth(token="t"), Pong(now=-5, sent=2**40), Pong(now=0, sent=0)):
        assert read(encoding, encoding.message(message)) == json.loads(JSON.message(message))


@pytest.mark.parametrize("name", NAMES)
def test_what_the_server_says_is_understood(name: str) -> None:
    """Each golden frame that a producer may get, as from its JSON."""
    encoding = encoding_of(name)
    rows = [row.values[0] for row in golden("server")]
    texts = [row["frame"].encode() for row in rows if for_producers("server", row["name"])]
    texts.append(b'{"type":"error","code":"bad_message","seq":3}')
    assert len({json.loads(text)["type"] for text in texts}) == 8
    for text in texts:
        assert encoding.decode(written(encoding, text)) == decode(text)


@pytest.mark.parametrize("name", NAMES)
@given(st.binary(max_size=60))
def test_bytes_that_are_none_are_refused(name: str, data: bytes) -> None:
    """With the one error that closes a connection; what is of a later version is nothing."""
    try:
        found = encoding_of(name).decode(data)
    except MessageError:
        return
    assert isinstance(found, list)
