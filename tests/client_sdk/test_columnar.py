"""A batch as columns says what its rows say."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from client_sdk.python.batch import Batch, Queued
from client_sdk.python.columnar import columnar_frame
from client_sdk.python.event import encode_event
from client_sdk.python.ids import uuid7
from tests.client_sdk.model import rows_of

T0 = 1_795_334_400_000


def batch_of(*payloads: bytes) -> Batch:
    return Batch(7, T0, 2, tuple(Queued(n, 0, "", False, payload) for n, payload in enumerate(payloads)))


VALUES = (
    st.booleans()
    | st.sampled_from(["DE", "FR", ""])
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.lists(st.integers(-9, 9), max_size=2)
)
EVENTS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"name": st.sampled_from(["a", "b"]), "timestamp": st.integers(0, T0)},
    optional={
        "properties": st.dictionaries(st.sampled_from(["x", "y", "uuid"]), VALUES),
        "distinct_id": st.sampled_from(["u1", "u2"]),
        "session_id": st.sampled_from(["s1", "s2"]),
        "window_id": st.just("w"),
    },
)


@given(st.lists(EVENTS, min_size=1, max_size=6))
def test_it_is_the_rows(events: list[dict[str, Any]]) -> None:
    """Whatever the client can encode: each event, value for value, 1 apart from 1.0 and true."""
    made = [encode_event(**{"properties": None, "uuid": uuid7(T0, 1)} | event) for event in events]
    batch = batch_of(*(event.payload for event in made))
    rows, columns = json.loads(batch.frame()), rows_of(json.loads(columnar_frame(batch)))
    assert json.dumps(columns, sort_keys=True) == json.dumps(rows, sort_keys=True)
    assert columnar_frame(batch) == columnar_frame(batch)


def test_texts_that_come_again_get_a_dictionary() -> None:
    """Others are listed as they are; what nobody says is no column."""
    frame = json.loads(
        columnar_frame(
            batch_of(
                b'{"event":"a","timestamp":5,"properties":{"x":"p","y":"q","z":1}}',
                b'{"event":"a","timestamp":7,"properties":{"x":"p","y":"r","z":"1"}}',
                b'{"event":"b"}',
            )
        )
    )
    assert frame == {
        "type": "columns",
        "seq": 7,
        "sent_at": T0,
        "backlog": 2,
        "n": 3,
        "t0": 5,
        "dt": [0, 2, None],
        "event": {"d": ["a", "b"], "i": [0, 0, 1]},
        "properties": {"x": {"d": ["p"], "i": [0, 0, -1]}, "y": ["q", "r", None], "z": [1, "1", None]},
    }
