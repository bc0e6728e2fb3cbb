"""Texts that come again and again: the same codes, by way of enumerations."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import Engine, KpiSpec
from analytics.dictionary import Dictionary, Encoded
from gateway.core.recording import Recording
from gateway.core.usual import LONGEST, MOST, Usual
from gateway.wire.events import EventReader
from gateway.wire.replies import Limits
from gateway.wire.shape import spelled

LIMITS = Limits(max_frame=1 << 20, max_events=1, max_depth=16)


def _lines(*events: dict[str, Any]) -> bytes:
    return b"".join(json.dumps({"timestamp": 1, **event}, ensure_ascii=False).encode() + b"\n" for event in events)


class Known:
    """A reader of two columns, `event` and `country`, and what is known of their texts."""

    def __init__(self, country: Dictionary | None = None) -> None:
        self.coders = {"event": Dictionary(), "country": Dictionary() if country is None else country}
        reader = EventReader(["country", "price"], LIMITS, 1_000, ["event"], self.coders)
        self.usual = Usual(reader)

    def meet(self, event: str, country: Any) -> None:
        """A piece with these values has been decoded and encoded."""
        self.coders["event"].encode([event])
        self.coders["country"].encode([country])
        self.usual.learn()

    def codes(self, events: Any) -> tuple[list[int], list[int]]:
        """The codes of both columns."""
        properties = [event.properties or self.usual.no_properties for event in events]
        event, country = self.usual.codes("event", events), self.usual.codes("country", properties)
        assert event is not None
        assert country is not None
        return event.tolist(), country.tolist()


def test_what_was_met_twice_is_decoded_to_codes() -> None:
    """The second piece without a new text makes the decoder; a text is found however it is written."""
    known = Known()
    known.meet("buy", "Österreich")
    assert known.usual.decode(_lines({"event": "buy"})) is None
    known.meet("buy", "Österreich")
    lines = _lines({"event": "buy", "properties": {"country": "Österreich", "price": 2}}, {"event": "buy"})
    lines += b'{"event":"\\u0062uy","timestamp":2,"properties":{"country":"\\u00d6sterreich","more":[1]}}\n'
    events = known.usual.decode(lines)
    assert events is not None
    assert known.usual.made(events)
    assert known.codes(events) == ([1, 1, 1], [1, 0, 1])
    assert known.usual.codes("price", events) is None


def test_nulls_and_numbers_have_their_codes_too() -> None:
    """An explicit null is absent, and a number where texts are usual gets the code of the number."""
    known = Known()
    for _ in range(2):
        known.meet("buy", "DE")
    countries = [{"country": value} for value in (None, 7, "DE", True, 7.0)]
    events = known.usual.decode(_lines(*({"event": "buy", "properties": one} for one in countries)))
    assert events is not None
    event, country = known.codes(events)
    assert event == [1] * 5
    assert country == known.coders["country"].encode([None, 7, "DE", True, 7.0]).tolist()


@pytest.mark.parametrize("line", [b'{"event":"new","timestamp":1}', b'{"event":1}', b'{"event":', b"\xff"])
def test_what_is_not_usual_is_left_to_others(line: bytes) -> None:
    """It is refused, and tried again after pauses that get longer, up to a bound."""
    known = Known()
    for _ in range(2):
        known.meet("buy", "DE")
    pauses = []
    for _ in range(14):
        assert known.usual.decode(line + b"\n") is None
        tries = 0
        while known.usual.decode(_lines({"event": "buy"})) is None:
            known.meet("buy", "DE")
            tries += 1
        pauses.append(tries - 1)
    assert pauses == [min(1 << nth, LONGEST) for nth in range(14)]


def test_codes_go_with_their_dictionary() -> None:
    """When a dictionary was emptied, its codes are of no use any more."""
    known = Known(Dictionary(max_entries=1))
    for _ in range(2):
        known.meet("buy", "DE")
    line = _lines({"event": "buy", "properties": {"country": "FR"}})
    assert known.usual.decode(line) is None
    for _ in range(3):
        known.meet("buy", "DE")
    assert known.usual.decode(line.replace(b"FR", b"DE")) is not None
    known.coders["country"].trim()
    assert known.usual.decode(line.replace(b"FR", b"DE")) is None
    for _ in range(2):
        known.meet("buy", "FR")
    events = known.usual.decode(line)
    assert events is not None
    assert known.codes(events) == ([1], [1])


def test_many_texts_are_not_worth_it() -> None:
    """A column with more different texts than `MOST`, or with none, stays plain; the others do not."""
    known = Known()
    for _ in range(2):
        known.coders["country"].encode([f"c{n}" for n in range(MOST)])
        known.meet("buy", None)
    events = known.usual.decode(_lines({"event": "buy", "properties": {"country": "another"}}))
    assert events is not None
    assert known.usual.codes("country", events) is None
    known = Known()
    for _ in range(2):
        known.meet("buy", 7)
    events = known.usual.decode(_lines({"event": "buy"}))
    assert events is not None
    assert known.usual.codes("country", events) is None


TEXT = st.sampled_from(["view", "buy", "", "é", "\u2028", "x" * 300, "nul\0"])
VALUE = st.one_of(TEXT, st.none(), st.booleans(), st.integers(-3, 3), st.floats(allow_nan=False, allow_infinity=False))
EVENT = st.fixed_dictionaries(
    {"event": st.sampled_from(["view", "buy", "pay", "é"])},
    optional={
        "distinct_id": st.sampled_from(["u1", "u2", None]),
        "properties": st.one_of(
            st.none(), st.fixed_dictionaries({}, optional={"country": VALUE, "price": VALUE, "else": VALUE})
        ),
    },
)
SPECS = [
    KpiSpec(name="a", value="sum(price)", by=("country",), window="tumbling 1s"),
    KpiSpec(name="b", value="uniq(distinct_id)", where="event = 'buy'", window="tumbling 1s"),
]


@given(st.lists(st.lists(EVENT, min_size=1, max_size=3), min_size=1, max_size=12))
def test_a_recording_is_the_same_in_any_pieces(pieces: list[list[dict[str, Any]]]) -> None:
    """Read piece by piece, where texts become usual, its columns are those of all of it at once, where none can."""
    whole, apart = (Recording(engine.schema, engine.coders, 10) for engine in (Engine(SPECS), Engine(SPECS)))
    expected = whole.read(b"".join(_lines(*piece) for piece in pieces)).batch
    found = [apart.read(_lines(*piece)).batch for piece in pieces]
    for name, column in expected.columns.items():
        parts = [batch.columns[name] for batch in found]
        if isinstance(column, Encoded):
            codes = [part.codes for part in parts if isinstance(part, Encoded)]
            assert np.concatenate(codes).tolist() == column.codes.tolist()
            assert parts[-1].dictionary.values_by_code == column.dictionary.values_by_code  # type: ignore[union-attr]
        else:
            assert [value for part in parts for value in part] == list(column)  # type: ignore[union-attr]


def test_attributes_are_read_by_path() -> None:
    """One attribute, or one of another."""

    class Box:
        def __init__(self, inner: Any) -> None:
            self.inner = inner

    assert spelled("inner")([Box(1), Box(2)]) == [1, 2]
    assert spelled("inner.inner")([Box(Box(3))]) == [3]
