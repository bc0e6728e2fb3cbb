"""What clients send: messages, batches, bodies of posts."""

from __future__ import annotations

import gzip
import json
from functools import partial
from typing import Any

import msgspec

from analytics import KpiSpec
from benchmarks.protopack import packed
from gateway.core.encoding import encode_row
from gateway.core.enrichment import NO_FACTS, enriched
from gateway.core.fold import Fold
from gateway.core.producer import Arrival
from gateway.core.producers import Producer
from gateway.errors import ProtocolError
from gateway.server.intake import _unpack
from gateway.server.reply import Reply
from gateway.wire import Batch, Limits
from gateway.wire.encoding import Encoding, MessagePack
from gateway.wire.messages import Defaults
from gateway.wire.post import decode_batch, open_post
from gateway.wire.protobuf import Protobuf
from gateway.wire.transposition import read_columns, transpose
from tests.core.simulated_client import NOW
from tests.core.simulation import SPECS
from tests.fuzz.target import Target
from tests.house.tree import ROOT
from tests.wire.test_events import CASES

__all__ = ["BUFFERS", "COLUMNS", "MESSAGES", "PACKED", "POSTS", "fold", "golden"]

LIMITS = Limits(262_144, 20, 16)
MORE = KpiSpec.parse("""
[[kpi]]
name = "pages"
value = "top(country, 3)"
window = "sliding 10s every 5s"

[[kpi]]
name = "visits"
value = "quantile(value, 0.5)"
by = ["event"]
window = "session 30s"
""")


def fold() -> Fold:
    """An empty one that reads the usual properties."""
    return Fold([*SPECS, *MORE], LIMITS, 1_000, producers=100, uuids=1_000, memory_budget=512 << 20)


def count(state: Fold, batch: Batch, defaults: Defaults | None) -> tuple[Any, ...]:
    """A batch that was taken is counted: each event in it has one place in the ledger, and its rows can be sent.

    Returns its verdicts, the ledger and the rows.
    """
    arrival = Arrival(
        Producer("p", 1, 0), 1, batch.seq, batch.events, batch.verdicts, batch.text, NOW, 0, defaults, b"", None
    )
    before = state.ledger.sent
    admitted = state.admit([arrival])
    applied = state.apply([arrival], admitted, NOW)
    assert state.ledger.sent - before == batch.events.n <= LIMITS.max_events
    for verdict in applied.verdicts.get(0, ()):
        assert 0 <= verdict[1] < batch.events.n
    rows = [encode_row(row) for row in [*state.advance(NOW).rows, *state.engine.finish().rows]]
    return applied.verdicts.get(0, ()), state.ledger.as_dict(), rows


def named(refused: ProtocolError) -> None:
    """A refusal of a frame closes, unless only its type is unknown."""
    assert refused.close in (1007, 4000) or refused.slug == "unknown_type"


def messages(data: bytes) -> None:
    """A frame is refused with a slug, or it is messages; of these a batch can be counted."""
    state = fold()
    try:
        texts = state.codec.split(data)
    except ProtocolError as refused:
        named(refused)
        return
    for text in texts:
        for read in (state.codec.hello, state.codec.message):
            try:
                message = read(text)
            except ProtocolError as refused:
                named(refused)
                continue
            if isinstance(message, Batch):
                count(state, message, None)


def encoded(data: bytes, encoding: Encoding) -> None:
    """A frame in another encoding is refused with a slug, or its messages are read as JSON is."""
    try:
        parts = encoding.split(data)
    except ProtocolError as refused:
        named(refused)
        return
    for part in parts:
        try:
            text = encoding.text(part)
        except ProtocolError as refused:
            named(refused)
            continue
        messages(text)


def columns(data: bytes) -> None:
    """A columnar batch is refused with a slug, or counted exactly as the rows that it stands for."""
    state, other = fold(), fold()
    try:
        batch = state.codec.batch(data)
    except ProtocolError:
        return
    tree = read_columns(data)
    if tree is None:
        return
    transposed = transpose(tree, batch.events.n)
    rows = other.codec.batch(b'{"type":"batch","seq":%d,"events":[%b]}' % (batch.seq, b",".join(transposed.texts)))
    seen = count(state, batch, None)
    if not transposed.miscoded:  # what points outside of its dictionary no row can say
        assert seen == count(other, rows, None)


def posts(data: bytes) -> None:
    """A body, packed or not, is refused with a slug, or its batch can be counted; no token is in what is kept."""
    body = _unpack(data, 100_000, 20) if data[:2] == b"\x1f\x8b" else data
    if isinstance(body, Reply):
        return
    state = fold()
    try:
        post = open_post(body)
        batch, defaults = decode_batch(post, state.codec)
        defaults, _ = enriched(defaults, NO_FACTS)
    except ProtocolError:
        return
    if len(post.token) > 6 and post.token.isalnum():
        assert post.token.encode() not in batch.text or post.token.encode() in post.events
    count(state, batch, defaults)


def golden(side: str) -> list[bytes]:
    """The golden frames of a side."""
    return [vector["frame"].encode() for vector in json.loads((ROOT / "tests/vectors" / f"{side}.json").read_text())]


_EVENTS = [text for text, _, _ in CASES if len(text) < 200]
_GOOD = b'{"event":"x","uuid":"u","timestamp":%d,"distinct_id":"d","properties":{"country":"DE","value":1.5}}' % NOW
_COLUMNS = (
    b'{"type":"columns","seq":1,"n":3,"t0":%d,"dt":[0,-5,null],"event":{"d":["x","y"],"i":[0,1,0]},'
    b'"uuid":["u","v",null],"distinct_id":{"d":["d"],"i":[0,-1,0]},'
    b'"properties":{"country":{"d":["DE"],"i":[-1,0,0]},"value":[1,2.5,null],"other":[[1],"x",{"a":1}]}}' % NOW
)
_WORDS = (
    *(b'"type":"columns"', b'"n":', b'"t0":', b'"dt":[', b'"d":[', b'"i":[', b"-1", b'"properties":{'),
    *(b'"event":', b'"uuid":', b'"timestamp":', b'"distinct_id":', b'"properties":', b'"country":', b'"value":'),
    *(b'"type":"batch"', b'"seq":', b'"events":[', b'"defaults":', b'"$set":', b'"__proto__":', b'"user_id":'),
    *(b"null", b"true", b"NaN", b"1e400", b"-9223372036854775809", b"18446744073709551616", b"1e-320", b"-0.0"),
    *(
        b"\\u0000",
        b"\\ud800",
        b'"\\\\"',
        b"\xff",
        b"\xed\xa0\x80",
        b"\xf0\x9f\x98\x80",
        b"[[[[[[[[[[[[[[[[[[",
        b"}}",
        b"]",
    ),
    *(b'"2026-11-22T09:20:00Z"', b'"9999999-01-01"', b'"0000-00-00T00:00:00+99:99"', b"99999999999999999", b'""'),
    *(b'"messageId":', b'"anonymousId":', b'"originalTimestamp":', b'"sentAt":', b'"context":', b'"traits":', b","),
)
MESSAGES = Target(
    "messages",
    messages,
    (
        *golden("client"),
        *(
            b'{"type":"batch","seq":1,"events":[%b]}' % b",".join(texts)
            for texts in ([_GOOD], _EVENTS[:12], _EVENTS[12:])
        ),
        _COLUMNS,
        b"[%b]" % b",".join(golden("client")[:4]),
        b'{"type":"from_the_future"}',
    ),
    _WORDS,
)
_SAID = [json.loads(text) for text in (*golden("client"), _COLUMNS, b'{"type":"batch","seq":1,"events":[%b]}' % _GOOD)]
_NAN = b"\x7f\xf8\0\0\0\0\0\0"
PACKED = Target(
    "packed",
    partial(encoded, encoding=MessagePack()),
    (*map(msgspec.msgpack.encode, _SAID), msgspec.msgpack.encode(_SAID[:4])),
    (b"\xa6events", b"\xa1i", b"\xa1d", b"\xa1n\x03", b"\xcb" + _NAN, b"\xc4\x01x", b"\xd4\xff\0", b"\xff", b"\xc0"),
)
BUFFERS = Target(
    "buffers",
    partial(encoded, encoding=Protobuf()),
    tuple(packed(said) for said in _SAID if said["type"] in ("auth", "pong", "batch", "columns")),
    (b"\x1a", b"\x22", b"\x0a\x01x", b"\xff" * 9 + b"\x01", _NAN[::-1], b"\x2a\x02[[", b"\x3a\x01\x09", b"\x08\x01"),
)
_POSTS = (
    b'{"token":"w_secret","producer":{"id":"p","epoch":1},"seq":1,"defaults":{"distinct_id":"d"},"events":[%b]}'
    % _GOOD,
    b'{"token":"w_secret","events":[%b,%b]}' % (_GOOD, _EVENTS[1]),
    b'{"token":"w_secret","events":[{"type":"track","event":"x","messageId":"m","anonymousId":"a","context":{"ip":"1"},'
    b'"originalTimestamp":"2026-11-22T09:20:00Z","properties":{"value":1}},{"type":"page","name":"home"},'
    b'{"type":"identify","userId":"u","traits":{"plan":"x"}},{"type":"group","groupId":"g"}]}',
)
COLUMNS = Target(
    "columns",
    columns,
    (
        *(frame for frame in golden("client") if b'"columns"' in frame),
        b'{"type":"columns","seq":1,"n":2,"t0":%d,"dt":[0,1.5],"event":["x","y"],"uuid":{"d":["u"],"i":[0,0]},'
        b'"session_id":["s",null],"properties":{"country":{"d":["DE",5,null],"i":[1,-1]},"value":[1e3,true]}}' % NOW,
        b'{"type":"columns","seq":1,"n":3,"event":{"d":["x"],"i":[0,0,0]},"properties":{"value":[1,2,18446744073709551616]}}',
    ),
    (
        *(b'"n":', b'"dt":[', b'"t0":', b'"d":[', b'"i":[', b'"uuid":', b'"window_id":', b'"country":', b'"value":['),
        *(
            b"null",
            b"-1",
            b"-2",
            b"7",
            b"[]",
            b"{}",
            b"NaN",
            b"1e400",
            b'"\\ud800"',
            b'"\\u0000"',
            b"true",
            b"9007199254740993",
        ),
        *(
            b"\xff",
            b"\xc3\xa4",
            b'"event":',
            b'"properties":{',
            b'"a":{"d":[1],"i":[0,0]},',
            b'"b":[[1],{}],',
            b"1e308",
            b",",
        ),
    ),
)
POSTS = Target(
    "posts", posts, (*_POSTS, gzip.compress(_POSTS[0], mtime=0), gzip.compress(b"0" * 9_000, mtime=0)), _WORDS
)
