"""Frames become messages; the fast way and the careful way say the same."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.errors import ProtocolError
from gateway.wire import Batch, Codec, EventReader, EventVerdict, Limits
from gateway.wire.columns import Columns
from tests.wire.test_events import CASES, elements
from tests.wire.unpacking import numbers

LIMITS = Limits(262_144, 500, 16)
CODEC = Codec(EventReader(["country", "price", "$pathname"], LIMITS, 65_536), LIMITS)


def batch_of(*events: bytes) -> bytes:
    return b'{"type":"batch","seq":7,"sent_at":1795334400456,"backlog":2,"events":[' + b",".join(events) + b"]}"


def decode_batch(frame: bytes) -> tuple[Batch, list[EventVerdict]]:
    """The batch with the columns that are admitted, and the verdicts."""
    message = CODEC.batch(frame)
    if message.verdicts is not None:
        return message, message.verdicts
    found = CODEC.inspect([message.text], [message.events])
    return (replace(message, events=found[0].events), found[0].verdicts) if found else (message, [])


def refusal(frame: bytes) -> tuple[str, int | None]:
    with pytest.raises(ProtocolError) as caught:
        [CODEC.message(text) for text in CODEC.split(frame)]
    return caught.value.slug, caught.value.close


@pytest.mark.parametrize(("text", "outcome", "reason"), CASES)
def test_a_bad_event_never_spoils_its_batch(text: bytes, outcome: str, reason: str) -> None:
    """The batch arrives with all its events, the bad one with its verdict."""
    batch, verdicts = decode_batch(batch_of(b'{"event":"a"}', text, b'{"event":"b"}'))
    assert (batch.seq, batch.backlog, batch.events.n) == (7, 2, 3)
    assert [tuple(verdict) for verdict in verdicts] == ([(1, outcome, reason)] if outcome else [])


EVENTS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"event": st.sampled_from(["$pageview", "purchase", "naïve", "x" * 200, ""])},
    optional={
        "timestamp": st.integers(0, 2**41) | st.floats(0, 1e13) | st.sampled_from(["2026-11-22T09:20:00Z", [], None]),
        "distinct_id": st.sampled_from(["u1", "u2", 5, None]),
        "uuid": st.uuids().map(str),
        "properties": st.dictionaries(
            st.sampled_from(["country", "price", "$pathname", "other"]),
            st.none()
            | st.booleans()
            | st.integers(-(2**65), 2**65)
            | st.floats(allow_nan=False, allow_infinity=False)
            | st.text(max_size=8)
            | st.lists(st.integers(0, 9), max_size=3)
            | st.just({"deep": {"er": [1]}}),
        ),
    },
)


@given(st.lists(EVENTS, max_size=8), st.sampled_from(["", "\ud83d\ude00", "\\"]))
def test_fast_and_careful_agree(events: list[dict[str, Any]], other: str) -> None:
    """Whichever way a frame takes, its events and verdicts are those of the careful way."""
    texts = [_dumps(event | {"note": other}) for event in events]
    batch, verdicts = decode_batch(batch_of(*texts))
    careful_events, careful_verdicts = CODEC.reader.read(elements(*texts))
    assert verdicts == careful_verdicts
    assert _comparable(batch.events, verdicts) == _comparable(CODEC.reader.columns_of(careful_events), verdicts)


NEAR = st.sampled_from([2**63, 2**63 - 1, 2**63 + 1, 2**63 - 1024, 2**64, 10**18, 10**19]).map(str)
DIGITS = (st.integers(0, 10**9) | st.integers(10**9, 10**18) | st.integers(10**18, 10**24)).map(str)
SPELLED = st.builds(
    "{}{}{}".format,
    DIGITS | NEAR,
    st.just("") | st.from_regex(r"\.[0-9]{1,30}", fullmatch=True),
    st.just("") | st.from_regex(r"[eE][+-]?0{0,2}[0-9]{1,2}", fullmatch=True) | st.sampled_from(["e300", "E+309"]),
)
# Of 17 to 21 digits when written out, whatever share of them the exponent stands for.
BORDER = st.builds(
    lambda digits, places, mark: f"{digits}{mark}{max(0, places - len(digits))}",
    st.integers(1, 19).flatmap(lambda size: st.integers(10 ** (size - 1), 10**size - 1)).map(str),
    st.integers(17, 21),
    st.sampled_from(["e", "E", "e+", ".5e", ".1234567890E+"]),
)
NUMBERS = st.builds("{}{}".format, st.sampled_from(["", "-"]), SPELLED | BORDER)


def verdict_on(number: str) -> tuple[str, str]:
    """By the rule, without the code: what is not a signed integer of 64 bits, or a double that reaches as far."""
    value = float(number)
    if abs(value) == float("inf"):
        return "drop", "bad_json"
    whole = number.lstrip("-").isdigit()
    inside = -(2**63) <= int(number) < 2**63 if whole else -(2**63) < value < 2**63
    return ("", "") if inside else ("warn", "number_range")


@given(
    st.lists(NUMBERS, min_size=1, max_size=3),
    st.sampled_from(['"z":%s', '"properties":{"price":%s}', '"properties":{"other":[{"x": %s }]}', '"z":[1,%s\t]']),
)
def test_a_number_has_one_verdict_on_both_ways(numbers: list[str], where: str) -> None:
    """However it is written and wherever it stands, and whether or not another event made the batch a careful one."""
    texts = [b'{"event":"x",%b}' % (where % number).encode() for number in numbers]
    expected = [(nth, *verdict_on(number)) for nth, number in enumerate(numbers)]
    expected = [verdict for verdict in expected if verdict[1]]
    assert [tuple(verdict) for verdict in decode_batch(batch_of(*texts))[1]] == expected
    broken = (len(texts), "drop", "bad_json")
    assert [tuple(verdict) for verdict in decode_batch(batch_of(*texts, b"NaN"))[1]] == [*expected, broken]


def _dumps(value: object) -> bytes:
    import json

    return json.dumps(value).encode()


def _comparable(columns: Columns, verdicts: list[EventVerdict]) -> list[Any]:
    dropped = {verdict.nth for verdict in verdicts if verdict.outcome == "drop"}
    uuids = columns.uuid or [None] * columns.n
    events = list(zip(numbers(columns.timestamp), uuids, *columns.values, strict=True))
    assert len(events) == columns.n
    return [event for nth, event in enumerate(events) if nth not in dropped]


@pytest.mark.parametrize(
    "frame",
    [
        b'{"type":"batch","seq":1,"\\u0065vents":[{"event":"a"},{"event":"b","z":1e400}]}',
        b'{"type":"batch","seq":1,"events":[{"event":"x"}],"events":[{"event":"a"},{"event":"b","z":1e400}]}',
    ],
)
def test_events_that_cannot_be_told_apart_are_refused_together(frame: bytes) -> None:
    """An array under an escaped key, or one of two: when one event of it needs a look, none of them is counted."""
    batch, verdicts = decode_batch(frame)
    assert batch.events.n == 2
    assert [tuple(verdict) for verdict in verdicts] == [(0, "drop", "bad_json"), (1, "drop", "bad_json")]


def test_ordinary_batches_are_not_read_again() -> None:
    """The inspection of many names none of them, and gives places among those it was asked about."""
    plain = b'{"event":"a","uuid":"01934d0e-7b00-7e00-8e00-00e0000000aa","properties":{"other":{"x":[1.5,"{"]}}}'
    texts = [batch_of(plain), batch_of(plain, b'{"event":"b","z":1e99}'), batch_of(plain)]
    batches = [CODEC.batch(text) for text in texts]
    assert [batch.verdicts for batch in batches] == [None] * 3
    assert list(CODEC.inspect(texts, [batch.events for batch in batches])) == [1]


@pytest.mark.parametrize(
    ("frame", "slug", "close"),
    [
        (b"\xff\xfe", "bad_utf8", 1007),
        (b'{"type":"batch","seq":1,"events":[{"event":"\xff"}]}', "bad_utf8", 1007),
        (b"hello", "bad_json", 4000),
        (b"", "bad_json", 4000),
        (b"{", "bad_json", 4000),
        (b"5", "bad_message", 4000),
        (b'"text"', "bad_message", 4000),
        (b"null", "bad_message", 4000),
        (b"{}", "bad_message", 4000),
        (b'{"type":5}', "bad_message", 4000),
        (b'{"type":"nonsense"}', "unknown_type", None),
        (b'{"type":"batch"}', "bad_message", 4000),
        (b'{"type":"batch","seq":"1","events":[]}', "bad_message", 4000),
        (b'{"type":"batch","seq":-1,"events":[]}', "bad_message", 4000),
        (b'{"type":"batch","seq":1.5,"events":[]}', "bad_message", 4000),
        (b'{"type":"batch","seq":18446744073709551616,"events":[]}', "bad_message", 4000),
        (b'{"type":"batch","seq":1,"events":{}}', "bad_message", 4000),
        (b'{"type":"hello","v":1}', "bad_message", 4000),
        (b'{"type":"subscribe","id":1,"kpi":7}', "bad_message", 4000),
        (b"[" * 2000, "bad_json", 4000),
        (b'{"a":' * 2000, "bad_json", 4000),
        (b"\xef\xbb\xbf{}", "bad_json", 4000),
        (b'{"type":"batch","seq":1,"events":[' + b",".join([b'{"event":"x"}'] * 501) + b"]}", "too_many_events", 4000),
    ],
)
def test_a_bad_message_has_a_slug_and_a_close_code(frame: bytes, slug: str, close: int | None) -> None:
    """What is wrong with the message itself ends the connection, except a type we do not know."""
    assert refusal(frame) == (slug, close)


def test_five_hundred_events_are_the_limit() -> None:
    """500 events are taken, also on the careful way, where 501 are refused too."""
    assert decode_batch(batch_of(*[b'{"event":"x"}'] * 500))[0].events.n == 500
    assert refusal(batch_of(b'{"event":NaN}', *[b'{"event":"x"}'] * 500)) == ("too_many_events", 4000)


def test_an_array_holds_several_messages() -> None:
    """A frame may hold an array of messages, with white space around it."""
    texts = CODEC.split(b' [{"type":"pong","now":1}, {"type":"resync","id":2}] ')
    assert [type(CODEC.message(text)).__name__ for text in texts] == ["Pong", "Resync"]


def test_each_message_of_an_array_stands_for_itself() -> None:
    """Text that is no JSON spoils its own message at most, and not even that when it is in an event."""
    good, salvaged, bad, last = CODEC.split(b'[{"type":"pong","now":1},%b,{"type":},{"type":"zzz"}]' % batch_of(b"NaN"))
    assert type(CODEC.message(good)).__name__ == "Pong"
    assert [tuple(verdict) for verdict in decode_batch(salvaged)[1]] == [(0, "drop", "bad_json")]
    assert refusal(bad) == ("bad_json", 4000)
    assert refusal(last) == ("unknown_type", None)


@pytest.mark.parametrize(
    "frame", [b"[", b'[{"type":"pong","now":1},', b'[{"type":"pong","now":1}}', b"[1]2]", b"[]]", b'["]', b'[\\"]']
)
def test_an_array_that_does_not_end_holds_nothing(frame: bytes) -> None:
    """Where its messages begin and end cannot be told."""
    assert refusal(frame) == ("bad_json", 4000)


def test_an_empty_array_holds_no_message() -> None:
    """It is legal, and it is no batch."""
    assert list(CODEC.split(b" [ ] ")) == []
    with pytest.raises(ProtocolError):
        CODEC.batch(b"[]")


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        (b'{"type":"hello","v":1}', "bad_message"),
        (b'{"type":"pong","now":1}', "bad_message"),
        (b'{"type":"zzz"}', "bad_message"),
        (b"5", "bad_message"),
        (b"", "bad_json"),
        (b"{", "bad_json"),
        (b'{"a":' * 2000, "bad_json"),
        (b'{"type":"hello","v":1,"role":"viewer","token":"t","a":"' + b"x" * 65_536 + b'"}', "bad_message"),
    ],
)
def test_what_is_no_hello_is_refused_without_a_second_look(text: bytes, slug: str) -> None:
    """Also a type that is only unknown, and a hello beyond 64 KiB: nobody has shown a key yet."""
    with pytest.raises(ProtocolError) as caught:
        CODEC.hello(text)
    assert (caught.value.slug, caught.value.close) == (slug, 4000)


def test_a_hello_is_taken_as_one() -> None:
    """Whatever more it says."""
    hello = CODEC.hello(b'{"type":"hello","v":1,"role":"viewer","token":"t","later":[1]}')
    assert (hello.v, hello.role, hello.token) == (1, "viewer", "t")


def test_an_array_of_too_many_messages_is_refused() -> None:
    """64 messages a frame."""
    part = b'{"type":"pong","now":1}'
    assert len(CODEC.split(b"[" + b",".join([part] * 64) + b"]")) == 64
    assert refusal(b"[" + b",".join([part] * 65) + b"]") == ("bad_message", 4000)


def test_unknown_fields_are_ignored() -> None:
    """A newer client may say more."""
    message = CODEC.message(b'{"type":"pong","now":5,"sent":6.5,"later":{"x":[1]}}')
    assert orjson.dumps([getattr(message, name) for name in ("now", "sent")]) == b"[5,6.5]"
