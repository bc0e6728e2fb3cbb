"""One event at a time: what is dropped, what only warned about, and why."""

from __future__ import annotations

import pytest

from analytics.dictionary import CROWDED, Dictionary
from gateway.wire import EventReader, Limits
from gateway.wire.columns import UNREAD
from gateway.wire.scan import Elements, open_envelope
from tests.wire.unpacking import numbers

LIMITS = Limits(262_144, 500, 16)

DEEP_16 = b'{"event":"x","z":' + b"[" * 15 + b"]" * 15 + b"}"
DEEP_17 = b'{"event":"x","z":' + b"[" * 16 + b"]" * 16 + b"}"
DEEP_1024 = b'{"event":"x","z":' + b"[" * 1023 + b"]" * 1023 + b"}"

CASES = [
    (b'{"event":"x"}', "", ""),
    (b'{"event":"x","z":NaN}', "drop", "bad_json"),
    (b'{"event":"x","z":Infinity}', "drop", "bad_json"),
    (b'{"event":"x","z":1e400}', "drop", "bad_json"),
    (b'{"event":"x","z":"\\ud800"}', "drop", "bad_json"),
    (b'{"event":"x","z":' + b"1" * 5000 + b"}", "drop", "bad_json"),
    (b'{"event":"x","z":18446744073709551616}', "warn", "number_range"),
    (b'{"event":"x","z":9223372036854775808}', "warn", "number_range"),
    (b'{"event":"x","z":9223372036854775807}', "", ""),
    (b'{"event":"x","z":-9223372036854775808}', "", ""),
    (b'{"event":"x","z":-9223372036854775809}', "warn", "number_range"),
    (b'{"event":"x","z":-9223372036854775808.0}', "warn", "number_range"),
    (b'{"event":"x","z":9223372036854775807.0}', "warn", "number_range"),
    (b'{"event":"x","z":9223372036854774784.0}', "", ""),
    (b'{"event":"x","z":1e19}', "warn", "number_range"),
    (b'{"event":"x","z":1e18}', "", ""),
    (b'{"event":"x","z":10000000000e9}', "warn", "number_range"),
    (b'{"event":"x","z":[{"y":-123456789012345678.9E2}]}', "warn", "number_range"),
    (b'{"event":"x","z":1234567890.1e8}', "", ""),
    (b'{"event":"x","z":1.7976931348623157E308}', "warn", "number_range"),
    (b'{"event":"x","z":123456789012345678e400}', "drop", "bad_json"),
    (b'{"event":"x","z":0.0000000001e310}', "warn", "number_range"),
    (b'{"event":"x","z":[[[["\\u0000"],{"\\u0000":1}]]]}', "drop", "nul"),
    (b'{"event":"x","z":"\\\\u0000"}', "", ""),
    (DEEP_16, "", ""),
    (DEEP_17, "drop", "too_deep"),
    (DEEP_1024, "drop", "too_deep"),
    (b'{"event":"a\\u0000b"}', "drop", "nul"),
    (b'{"event":"x","properties":{"a\\u0000b":1}}', "drop", "nul"),
    (b'{"event":"x","properties":{"a":"b\\u0000c"}}', "", ""),
    (b'{"event":"x","z":"' + b"a" * 65_536 + b'"}', "", ""),
    (b'{"event":"x","z":"' + b"a" * 65_537 + b'"}', "drop", "too_large"),
    (b'{"event":"x","z":"' + "ä".encode() * 40_000 + b'"}', "drop", "too_large"),
    (b'{"event":"x","event":"y"}', "", ""),
    (b'{"event":"x","__proto__":{"polluted":true}}', "", ""),
    (b'{"event":""}', "drop", "event_name"),
    (b'{"event":"' + b"n" * 201 + b'"}', "drop", "event_name"),
    (b'{"event":"' + b"n" * 200 + b'"}', "", ""),
    (b'{"event":5}', "drop", "schema:event"),
    (b"{}", "drop", "schema:event"),
    (b"[]", "drop", "schema:event"),
    (b"7", "drop", "schema:event"),
    (b'{"event":"x","timestamp":[]}', "drop", "schema:timestamp"),
    (b'{"event":"x","timestamp":true}', "drop", "schema:timestamp"),
    (b'{"event":"x","uuid":5}', "drop", "schema:uuid"),
    (b'{"event":"x","distinct_id":5}', "drop", "schema:distinct_id"),
    (b'{"event":"x","properties":7}', "drop", "schema:properties"),
    (b'{"event":"x","properties":null}', "", ""),
]


def elements(*texts: bytes) -> Elements:
    """Events as they come out of a batch."""
    envelope = open_envelope(b'{"events":[%b]}' % b",".join(texts), len(texts) + 1)
    assert envelope is not None
    assert len(envelope.events.texts) == len(texts)
    return envelope.events


@pytest.mark.parametrize(("text", "outcome", "reason"), CASES)
def test_each_kind_of_event_has_its_verdict(reader: EventReader, text: bytes, outcome: str, reason: str) -> None:
    """The verdict is on the event, and the events beside it keep their places."""
    events, verdicts = reader.read(elements(b'{"event":"before"}', text, b'{"event":"after"}'))
    assert [event.event for event in (events[0], events[2])] == ["before", "after"]
    expected = [(1, outcome, reason)] if outcome else []
    assert [tuple(verdict) for verdict in verdicts] == expected


def test_the_last_of_two_keys_wins(reader: EventReader) -> None:
    """JSON allows a key twice; we take the last."""
    events, _ = reader.read(elements(b'{"event":"x","event":"y"}'))
    assert events[0].event == "y"


def test_only_the_properties_of_the_schema_are_kept(reader: EventReader) -> None:
    """The compiled struct has one attribute for each name, None when the event does not say it."""
    events, _ = reader.read(elements(b'{"event":"x","properties":{"price":9.5,"other":1,"$pathname":"/p"}}'))
    values = [getattr(events[0].properties, attribute) for attribute in reader.attributes]
    assert dict(zip(reader.names, values, strict=True)) == {"country": None, "price": 9.5, "$pathname": "/p"}


def test_a_column_with_a_dictionary_is_its_codes() -> None:
    """Values of any kind; a text that was met before has the code it had."""
    names = Dictionary()
    reader = EventReader(["a", "b"], LIMITS, 65_536, fixed=("event",), coders={"a": names}, generation=3)
    events, _ = reader.read(
        elements(
            b'{"event":"x","properties":{"a":"p","b":"p"}}', b'{"event":"y"}', b'{"event":"z","properties":{"a":1}}'
        )
    )
    columns = reader.columns_of(events)
    event, first, second = columns.values
    assert (event, numbers(first), second) == (["x", "y", "z"], [1, 0, 2], ["p", None, None])
    assert [names.values_by_code[code] for code in (1, 0, 2)] == ["p", None, 1]
    assert (columns.n, columns.opens, columns.generation) == (3, 7, 3)


def test_a_crowded_dictionary_gets_no_more() -> None:
    """The batch is known, its values are left for the next decode."""
    names = Dictionary()
    names.encode([str(number) for number in range(CROWDED)])
    before = len(names)
    reader = EventReader(["a"], LIMITS, 65_536, coders={"a": names})
    events, _ = reader.read(elements(b'{"event":"x","timestamp":5,"uuid":"i","properties":{"a":"new"}}'))
    columns = reader.columns_of(events)
    assert (columns.n, numbers(columns.timestamp), columns.uuid, columns.values) == (1, [5], ["i"], ())
    assert columns.generation == UNREAD
    assert len(names) == before


def test_a_nested_value_is_absent_to_the_kpis(reader: EventReader) -> None:
    """An object or array under a property that a KPI reads is legal and reads as NULL."""
    events, verdicts = reader.read(elements(b'{"event":"x","properties":{"price":{"amount":1},"country":["DE"]}}'))
    assert verdicts == []
    assert events[0].properties == reader.no_properties
