"""An event on a line of the terminal: legible, and harmless whatever it holds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.tail.line import MOST, as_json, as_line, printable, sampled

EVENT: dict[str, Any] = {
    "received": 1_795_334_400_123,
    "verdict": "accepted",
    "reason": "",
    "hint": "",
    "event": "purchase",
    "distinct_id": "u1",
    "properties": {"price": 9.5, "plan": "pro", "new": True, "x": None},
    "kpis": ["revenue", "events"],
}


def test_a_good_event() -> None:
    """Time, verdict, name, person, properties, KPIs."""
    assert as_line(EVENT) == (
        '08:00:00.123  accepted   purchase  u1  price=9.5 plan="pro" new=true x=null  -> revenue, events'
    )


def test_a_rejected_event_says_why_and_what_to_do() -> None:
    """Its slug, its hint, its text; a name that is not there is a question mark."""
    bad = EVENT | {"verdict": "drop", "reason": "bad_json", "hint": "Mend it.", "event": None, "distinct_id": None}
    line = as_line(bad | {"properties": {}, "kpis": [], "raw": '{"a":NaN}'})
    assert line == '08:00:00.123  drop       ?  -  [bad_json] Mend it.  {"a":NaN}'


@pytest.mark.parametrize("text", ["\x1b[2J", "a\nb", "a\rb", "\x9b31m", "\u202eabc", "\x07", "\u2028", "\x00"])
def test_nothing_in_it_moves_or_colours(text: str) -> None:
    """Escapes, line ends and marks of direction are written out, wherever they stand; in JSON too."""
    hostile = EVENT | {"event": text, "distinct_id": text, "properties": {text: text}, "kpis": [text], "raw": text}
    line = as_line(hostile | {"reason": text, "hint": text})
    assert line.isprintable()
    encoded = as_json(hostile)
    assert encoded.isascii()
    assert encoded.isprintable()
    assert json.loads(encoded) == hostile


def test_printable_leaves_what_can_be_read() -> None:
    """Letters of any script stay."""
    assert printable("Käse 料理 \U0001f600") == "Käse 料理 \U0001f600"


def test_long_properties_are_cut() -> None:
    """One event is one line."""
    line = as_line(EVENT | {"properties": {f"p{i}": "x" * 50 for i in range(99)}})
    assert len(line) < MOST + 100
    assert "…" in line


def test_odd_events_do_not_break_it() -> None:
    """A later server may say less or something else."""
    assert as_line({}) == "-  None       ?  -"
    assert as_line({"received": "x", "event": 5, "properties": None})


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ((3, 10, 10, 3), ""),
        ((0, 0, 0, 0), ""),
        ((50, 900, 900, 800), "50 shown of 800 that match"),
        ((50, 9_000, 900, 800), "900 of 9,000 events were looked at"),
    ],
)
def test_a_sample_says_of_how_many(counts: tuple[int, int, int, int], words: str) -> None:
    """Nothing when all is shown."""
    note = sampled(*counts)
    assert words in note
    assert bool(note) == bool(words)
