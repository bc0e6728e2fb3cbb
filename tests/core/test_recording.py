"""Lines of recorded events to batches."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import Engine, KpiSpec
from analytics.dictionary import Encoded
from gateway.core.lines import MAX_LINE
from gateway.core.recording import Recorded, Recording, _framed

SPECS = [
    KpiSpec(name="a", value="sum(price)", by=("country",), window="tumbling 1s"),
    KpiSpec(name="b", value="uniq(distinct_id)", where="event = 'buy'", window="tumbling 1s"),
]


def _recording(**more: Any) -> Recording:
    engine = Engine(SPECS)
    return Recording(engine.schema, engine.coders, 1_000, **more)


def _line(time: Any = 1, **more: Any) -> bytes:
    return json.dumps({"event": "buy", "timestamp": time, **more}).encode() + b"\n"


def _plain(recorded: Recorded) -> dict[str, list[Any]]:
    columns = recorded.batch.columns.items()
    return {name: list(c.values() if isinstance(c, Encoded) else c) for name, c in columns}


def test_a_line_is_an_event() -> None:
    """Columns hold what the KPIs read, absent values are None, and times are epoch milliseconds."""
    text = _line(5, distinct_id="u", properties={"price": 2.5, "country": "DE", "other": [1]}) + _line(
        "1970-01-01T00:00:00.007Z"
    )
    recorded = _recording().read(text)
    assert recorded.batch.timestamp.tolist() == [5, 7]
    assert _plain(recorded) == {
        "event": ["buy", "buy"],
        "distinct_id": ["u", None],
        "price": [2.5, None],
        "country": ["DE", None],
    }
    assert (recorded.duplicates, recorded.outside, recorded.bad) == (0, 0, [])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"event":"a","timest', "not JSON: Input data was truncated"),
        (b"2026-11-25 INFO started", "not JSON"),
        (b'{"event":"a","timestamp":1}{"event":"a","timestamp":1}', "not JSON: "),
        (b'{"event":"a","timestamp":NaN}', "not JSON: "),
        (b'{"event":"\xff","timestamp":1}', "not JSON: "),
        (b"[]", "Expected `object`, got `array`"),
        (b'{"timestamp":1}', "missing required field `event`"),
        (b'{"event":"a","timestamp":1,"distinct_id":7}', "Expected `str | null`, got `int` - at `$.distinct_id`"),
        (b'{"event":"","timestamp":1}', "event_name: The event's name is empty or longer than 200 characters"),
        (b'{"event":"a"}', "no timestamp"),
        (b'{"event":"a","timestamp":"soon"}', "timestamp 'soon' is neither epoch milliseconds nor ISO-8601"),
        (b'{"event":"a","timestamp":1e300}', "is out of range"),
        (b'{"event":"a","timestamp":9223372036854775807}', "is out of range"),
        (b'{"event":"a","timestamp":99999999999999999999}', "is out of range"),
        (b'{"event":"a","timestamp":1,"x":' + b"[" * 9_999 + b"]" * 9_999 + b"}", "nested too deep"),
        (b" " * MAX_LINE + b"x", "longer than 16777216 bytes"),
    ],
)
def test_a_line_that_is_no_event_has_a_number_and_a_reason(line: bytes, reason: str) -> None:
    """Reading stops in front of it, or goes on behind it when asked to; the good lines around it are not lost."""
    text = _line(1) + b"\n" + line[: MAX_LINE + 5] + b"\n" + _line(2)
    recording = _recording()
    recorded = recording.read(text)
    assert recording.stopped
    assert recorded.batch.timestamp.tolist() == [1]
    ((number, said),) = recorded.bad
    assert number == 3
    assert reason in said
    assert "\n" not in said
    recording = _recording(skip_bad=True)
    recorded = recording.read(text)
    assert not recording.stopped
    assert recorded.batch.timestamp.tolist() == [1, 2]
    assert recorded.bad == [(number, said)]
    assert recording.lines == 4


def test_numbers_of_lines_go_on_from_call_to_call() -> None:
    """And of several bad lines each is told."""
    recording = _recording(skip_bad=True)
    recording.read(_line() * 3)
    assert [bad.number for bad in recording.read(b"x\n" + _line() + _line(None) + b"y").bad] == [4, 6, 7]


def test_a_nested_value_is_absent_to_the_kpi_that_reads_it() -> None:
    """As it is live: the event counts."""
    recorded = _recording().read(_line(properties={"price": {"amount": 5}, "country": "DE"}))
    assert _plain(recorded)["price"] == [None]
    assert recorded.bad == []


@pytest.mark.parametrize("deep", [900, 990, 1_000])
def test_deep_nesting_that_nobody_reads_does_not_matter(deep: int) -> None:
    """Also beyond what the fast way can follow."""
    line = b'{"event":"a","timestamp":1,"properties":{"x":' + b"[" * deep + b"]" * deep + b"}}\n"
    assert _recording().read(line * 2).batch.n == 2


def test_a_repeat_is_marked_and_not_counted() -> None:
    """By `uuid`, also over calls, and before the span is looked at."""
    recording = _recording(span=(2, 4))
    text = _line(1, uuid="a") + _line(2, uuid="b") + _line(3) + _line(4)
    recorded = recording.read(text)
    assert recorded.batch.skip is not None
    assert recorded.batch.skip.tolist() == [True, False, False, True]
    assert (recorded.duplicates, recorded.outside) == (0, 2)
    recorded = recording.read(_line(2, uuid="b") + _line(2, uuid="c") + _line(9, uuid="a"))
    assert recorded.batch.skip is not None
    assert recorded.batch.skip.tolist() == [True, False, True]
    assert (recorded.duplicates, recorded.outside) == (2, 0)


def test_a_byte_order_mark_and_windows_line_ends_are_fine() -> None:
    """Files that were edited on another system."""
    text = b"\xef\xbb\xbf" + (_line(1) + _line(2)).replace(b"\n", b"\r\n")
    assert _recording().read(text).batch.timestamp.tolist() == [1, 2]


LINES = st.lists(
    st.sampled_from(
        [
            _line(1),
            _line(2, uuid="u"),
            _line(3.5, properties={"price": [1]}),
            _line("1970-01-01T00:00:01Z", properties={"country": "}\n{"}),
            b"\n",
            b"  {}\n",
            b'{"event":\n',
            b'"a","timestamp":5}\n',
            b'{"properties":{}\n',
            _line(4)[:-1] + _line(5),
            b"{}{}\n",
            b'{"event":"a","timestamp":6,"x":"}\n',
            b'{"}\n',
            _line(7)[:-1] + b" \r\n",
        ]
    ),
    max_size=8,
)


@given(LINES, st.booleans())
def test_a_line_is_judged_by_itself(lines: list[bytes], skip_bad: bool) -> None:
    """Many lines in one call are what they are one by one: also broken ones that together would be JSON."""
    whole, single = _recording(skip_bad=skip_bad), _recording(skip_bad=skip_bad)
    recorded = whole.read(b"".join(lines))
    times, bad, skipped = list[int](), list[Any](), list[bool]()
    for line in lines:
        if single.stopped:
            break
        one = single.read(line)
        times += one.batch.timestamp.tolist()
        skipped += [False] * one.batch.n if one.batch.skip is None else one.batch.skip.tolist()
        bad += one.bad
    assert recorded.batch.timestamp.tolist() == times
    assert recorded.bad == bad
    assert whole.stopped == single.stopped
    assert ([False] * len(times) if recorded.batch.skip is None else recorded.batch.skip.tolist()) == skipped


@given(
    st.lists(st.sampled_from(["{", "}", "\n", "}\n{", "{}", "a", ""]), max_size=12).map(lambda p: "".join(p).encode())
)
def test_lines_are_framed_when_each_begins_and_ends_with_a_brace(text: bytes) -> None:
    """As counting line ends, and those between braces, says."""
    lines = text.removesuffix(b"\n").split(b"\n") if text else []
    whole = bool(text) and all(line[:1] == b"{" and line[-1:] == b"}" for line in lines)
    count = text.count(b"\n") + (not text.endswith(b"\n") and text != b"")
    assert _framed(text) == (count, whole)
