"""A rejected event, out of the store into a line that can be edited, and back into an event."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from gateway.core.letter import Letter, from_line, letter_of, to_line
from gateway.core.redaction import Redaction
from gateway.store import Quarantined

ROW = Quarantined("schema:price", 5, "p", b'{"event":"x","price":"a"}', 25, b'{"distinct_id":"u"}', 7)


@pytest.mark.parametrize(
    "row",
    [
        ROW,
        ROW._replace(defaults=b""),
        ROW._replace(payload=b'{"event":NaN}', reason="bad_json"),
        ROW._replace(size=90_000),
        ROW._replace(payload=b"[1]", source=""),
        ROW._replace(payload=b"\xff\x00"),
    ],
)
def test_a_line_says_all_of_it(row: Quarantined) -> None:
    """An event, a text that is none, one that was cut: each comes back as it was."""
    letter = letter_of(row)
    assert from_line(to_line(letter)) == letter
    assert (letter.identity, letter.reason, letter.received_at, letter.source) == (7, row.reason, 5, row.source)


def test_what_can_be_sent_again() -> None:
    """An object that is whole and not late."""
    assert letter_of(ROW).sendable
    assert not letter_of(ROW._replace(size=90_000)).sendable
    assert not letter_of(ROW._replace(payload=b"{")).sendable
    assert not letter_of(ROW._replace(reason="late")).sendable


def test_it_is_sent_at_its_time_under_one_id() -> None:
    """Its own, or one that is the same each time, whatever was mended in it; another event has another."""
    letter = letter_of(ROW)
    event = letter.again()
    mended = letter._replace(event={"event": "x", "price": 3}).again()
    assert (event["timestamp"], mended["timestamp"]) == (5, 5)
    assert event["uuid"] == mended["uuid"] != letter._replace(identity=8).again()["uuid"]
    own = letter._replace(event={"event": "x", "uuid": "u", "timestamp": 3})
    assert own.again() == {"event": "x", "uuid": "u", "timestamp": 3}
    assert letter.event == {"event": "x", "price": "a"}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"x", "not a JSON object"),
        (b"[]", "not a JSON object"),
        (b'{"event":{}}', "not a line of an export"),
        (b'{"id":1,"received_at":"x"}', "not a line of an export"),
        (b'{"id":1,"received_at":2,"event":[]}', "not an object"),
        (b'{"id":1,"received_at":2,"defaults":3}', "not an object"),
    ],
)
def test_a_line_that_is_none_says_why(line: bytes, reason: str) -> None:
    """So that whoever edited it finds the place."""
    with pytest.raises(ValueError, match=reason):
        from_line(line)


def test_a_line_may_say_little() -> None:
    """Identity and time are needed; an event may have been put where there was none."""
    body: dict[str, Any] = {"id": 1, "received_at": 2, "event": {"event": "x"}}
    assert from_line(orjson.dumps(body)) == Letter(1, "", 2, "", {}, {"event": "x"}, "", False)


def test_what_may_not_be_seen_is_taken_out_and_not_sent_again() -> None:
    """In the event and in its defaults; a text that is no event is withheld. Without such values it is the same."""
    letter = letter_of(ROW)
    assert letter.redacted(Redaction()) is letter
    assert letter.redacted(Redaction(["email"])) is letter
    for name in ("price", "distinct_id"):
        seen = letter.redacted(Redaction([name]))
        assert not seen.sendable
        assert b"[redacted]" in to_line(seen)
        assert (seen.text == '{"event":"x","price":"[redacted]"}') == (name == "price")
    broken = letter_of(ROW._replace(payload=b'{"price": 5'))
    assert broken.redacted(Redaction(["price"])).text == ""
