"""Columnar batches by the fast way: what it takes it takes as the careful one does."""

from __future__ import annotations

from typing import Any

import msgspec
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.dictionary import CROWDED, Dictionary
from gateway.errors import ProtocolError
from gateway.wire import Codec, EventReader, Limits
from gateway.wire.columnar import ColumnarBatch, ColumnShape, expands_to
from gateway.wire.columns import UNREAD, Columns
from gateway.wire.transposition import elements, transpose
from tests.wire.unpacking import numbers

LIMITS = Limits(262_144, 500, 16)
READER = EventReader(["country", "price"], LIMITS, 65_536)
CODEC = Codec(READER, LIMITS)


def message(**columns: Any) -> dict[str, Any]:
    return {"type": "columns", "seq": 7, "n": 3, "event": ["a", "b", "a"], **columns}


def fast(said: dict[str, Any], reader: EventReader = READER) -> Columns | None:
    shape = ColumnShape(reader.fixed, reader.names, reader.coders)
    return shape.columns_of(msgspec.json.decode(orjson.dumps(said), type=shape.batch_type), reader.generation)


def plain(columns: Columns) -> list[Any]:
    """What they say, event by event."""
    times = [time + columns.origin if type(time) is int else time for time in numbers(columns.timestamp)]
    values: list[Any] = list(columns.values)
    return list(zip(times, columns.uuid or [None] * columns.n, *values, strict=True))


@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"t0": 100, "dt": [1, -2, None]},
        {"dt": ["2026-11-22T09:20:00Z", 5, 6]},
        {"uuid": ["u", None, "w"], "distinct_id": {"d": ["x", "y"], "i": [1, -1, 0]}},
        {"uuid": {"d": ["u"], "i": [0, 0, -1]}, "session_id": [None, None, None]},
        {"properties": {}},
        {"properties": {"price": [1, 2.5, None], "country": {"d": ["DE"], "i": [0, -1, 0]}, "other": [True, "x", 3]}},
        {"properties": {"price": {"d": [9.5, None, True], "i": [2, 1, 0]}, "country": ["DE", None, 7]}},
    ],
)
def test_the_fast_way_gives_what_the_rows_give(columns: dict[str, Any]) -> None:
    """Column by column, absent values as None."""
    said = message(**columns)
    found = fast(said)
    assert found is not None
    events, verdicts = READER.read(elements(transpose(said, 500)))
    assert verdicts == []
    assert plain(found) == plain(READER.columns_of(events))


@pytest.mark.parametrize(
    "columns",
    [
        {"n": 2},
        {"n": 4},
        {"event": None},
        {"dt": [1]},
        {"uuid": ["u"]},
        {"properties": {"other": [1, 2]}},
        {"properties": {"other": {"d": ["a"], "i": [0, 0, 1]}}},
        {"properties": {"price": {"d": [1], "i": [0, 0, 9]}}},
        {"distinct_id": {"d": ["a"], "i": [0, 1, -1]}},
        {"distinct_id": {"d": ["a"], "i": [0, 0, 300]}},
        {"properties": {"other": {"d": [], "i": [0, 0, 0]}}},
        {"n": 0, "event": []},
        {"properties": {"other": {"d": ["a", "b", "c", "d"], "i": [0, 1, 2]}}},
    ],
)
def test_what_is_not_plain_is_left_to_the_rows(columns: dict[str, Any]) -> None:
    """Also in columns that no KPI reads: the verdict must be the same when one does."""
    assert fast(message(**columns)) is None


def test_columns_with_a_dictionary_are_codes() -> None:
    """Each entry is looked up once and keeps its places; a column that is not there is none."""
    names, users = Dictionary(), Dictionary()
    coders = {"a": names, "event": names, "distinct_id": users}
    reader = EventReader(["a", "b"], LIMITS, 65_536, ("event", "distinct_id"), coders, 3)
    found = fast(
        message(properties={"a": {"d": ["p", 1], "i": [1, -1, 0]}, "b": {"d": ["x"], "i": [0, -1, 0]}}), reader
    )
    assert found is not None
    *codes, second = found.values
    assert [numbers(column) for column in codes] == [[1, 2, 1], [0, 0, 0], [4, 0, 3]]
    assert (second, found.generation) == (["x", None, "x"], 3)
    assert names.values_by_code == [None, "a", "b", "p", 1]


@pytest.mark.parametrize("different", [1, 255, 256, 257, 300])
@pytest.mark.parametrize("absent", [False, True])
def test_places_of_many_values(different: int, absent: bool) -> None:
    """More than a byte numbers, with and without an event that has none; one beyond the last value is no place."""
    names, n = Dictionary(), 300
    values, places = [f"v{i}" for i in range(different)], [*range(different), *[different - 1] * (n - different)]
    if absent:
        places[different // 2] = -1
    said = {"type": "columns", "seq": 1, "n": n, "event": ["e"] * n, "distinct_id": {"d": values, "i": places}}
    reader = EventReader([], LIMITS, 65_536, ("distinct_id",), {"distinct_id": names})
    found = fast(said, reader)
    assert found is not None
    assert numbers(found.values[0]) == [place + 1 for place in places]
    places[-1] = different
    assert fast(said, READER) is None
    assert fast(said, reader) is None


def test_a_crowded_dictionary_gets_no_more() -> None:
    """The batch is known, its values are left for the next decode."""
    names = Dictionary()
    names.encode([str(number) for number in range(CROWDED)])
    before = len(names)
    found = fast(message(t0=5, dt=[0, 1, 2]), EventReader(["a"], LIMITS, 65_536, coders={"a": names}))
    assert found is not None
    assert (found.n, numbers(found.timestamp), found.values, found.generation, found.origin) == (
        3,
        [0, 1, 2],
        (),
        UNREAD,
        5,
    )
    assert len(names) == before


TEXTS = st.text(max_size=30)


@given(
    st.dictionaries(TEXTS, st.lists(TEXTS | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False), min_size=1)),
    st.lists(TEXTS.filter(bool), min_size=1, max_size=3),
    st.integers(1, 9),
)
def test_the_bound_on_its_rows_is_one(columns: dict[str, list[Any]], names: list[str], n: int) -> None:
    """Whatever texts there are and however often they are pointed at."""
    said: dict[str, Any] = {"type": "columns", "seq": 1, "n": n, "event": {"d": names, "i": [0] * n}}
    said["properties"] = {name: {"d": values, "i": [len(values) - 1] * n} for name, values in columns.items()}
    text = orjson.dumps(said)
    size = sum(map(len, transpose(said, n).texts))
    batch = msgspec.json.decode(text, type=ColumnarBatch)
    assert expands_to(batch, text, 0) >= size
    assert expands_to(batch, text, 10**9) >= size


def test_a_batch_that_would_be_huge_as_rows_is_refused() -> None:
    """What dictionaries save is bounded: at some time somebody reads the rows."""
    said = message(n=100, event=["e"] * 100, properties={"x": {"d": ["y" * 20_000], "i": [0] * 100}})
    with pytest.raises(ProtocolError) as caught:
        CODEC.message(orjson.dumps(said))
    assert (caught.value.slug, caught.value.close) == ("too_large", 4000)
    said["properties"]["x"]["d"] = ["y" * 10_000]
    assert CODEC.batch(orjson.dumps(said)).events.n == 100


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        (b'{"type":"columns","seq":1,"n":2,"event":["a"]}', "ragged_columns"),
        (b'{"type":"columns","seq":1,"n":501,"event":[]}', "too_many_events"),
        (b'{"type":"columns","seq":-1,"n":1,"event":["a"]}', "bad_message"),
        (b'{"type":"columns","n":1,"event":["a"]}', "bad_message"),
        (b'{"type":"columns","seq":1,"backlog":"x","n":1,"event":["a"]}', "bad_message"),
        (b'{"type":"columns","seq":1,"n":1,"event":["a"],"uuid":{"d":[1]}}', "bad_message"),
        (b'{"type":"columns","seq":1,"n":1,"event":["a"]', "bad_json"),
        (b'{"type":"columns","seq":1,"n":1,"event":[nul]}', "bad_json"),
    ],
)
def test_a_bad_message_has_a_slug_and_closes(text: bytes, slug: str) -> None:
    """What is wrong with all of it."""
    with pytest.raises(ProtocolError) as caught:
        CODEC.message(text)
    assert (caught.value.slug, caught.value.close) == (slug, 4000)


def test_a_batch_without_events_is_one() -> None:
    """As rows may be none."""
    batch = CODEC.batch(b'{"type":"columns","seq":3,"backlog":2,"n":0}')
    assert (batch.seq, batch.backlog, batch.events.n) == (3, 2, 0)


def test_a_bad_event_never_spoils_its_batch() -> None:
    """Names, times, ids, indices: each event has its own verdict, those beside it have none."""
    said = message(
        n=7,
        event={"d": ["a", "", 5], "i": [0, 1, 2, -1, 0, 0, 9]},
        dt=[1, 2, 3, 4, "soon", 6, 7],
        uuid=["u", "v", "w", "x", "y", 5, "z"],
    )
    batch = CODEC.batch(orjson.dumps(said))
    assert batch.verdicts is not None
    # The time that is none is found when times are looked at.
    assert [tuple(verdict) for verdict in batch.verdicts] == [
        (1, "drop", "event_name"),
        (2, "drop", "schema:event"),
        (3, "drop", "schema:event"),
        (5, "drop", "schema:uuid"),
        (6, "drop", "bad_code"),
    ]


@pytest.mark.parametrize(
    ("value", "verdict"),
    [(2**63, ("warn", "number_range")), (1e300, ("warn", "number_range")), (2**63 - 1, None), ("a\0", None)],
)
def test_values_that_no_kpi_reads_have_their_verdicts(value: Any, verdict: tuple[str, str] | None) -> None:
    """The look at many frames names the batch; the rows say which event."""
    text = orjson.dumps(message(properties={"other": [1, value, 2]}))
    batch = CODEC.batch(text)
    assert batch.verdicts is None
    found = CODEC.inspect([text], [batch.events])
    verdicts = [tuple(one) for one in found[0].verdicts] if found else []
    assert verdicts == ([(1, *verdict)] if verdict else [])


def test_a_type_with_escapes_is_taken_while_nothing_is_wrong() -> None:
    """When an event of it needs a look, none of them is counted: as with rows that cannot be told apart."""
    said = b'{"type":"\\u0063olumns","seq":1,"n":2,"event":["a","b"],"properties":{"x":[1,%b]}}'
    for number, refused in ((b"2", []), (b"1e99", [(0, "drop", "bad_json"), (1, "drop", "bad_json")])):
        text = said % number
        found = CODEC.inspect([text], [CODEC.batch(text).events])
        assert [tuple(verdict) for one in found.values() for verdict in one.verdicts] == refused
    with pytest.raises(ProtocolError, match="bad_message"):
        CODEC.message(said.replace(b'"a"', b"5") % b"1")


def test_ordinary_batches_are_not_read_again() -> None:
    """However many properties they have that no KPI reads."""
    wide = {f"p{i}": {"d": ["x[", "y"], "i": [0, 1, 0]} for i in range(40)}
    text = orjson.dumps(message(properties=wide | {"list": [1, 2, 3]}))
    assert CODEC.inspect([text], [CODEC.batch(text).events]) == {}
