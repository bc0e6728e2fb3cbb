"""The message of the live tail; its golden frames are in test_replies."""

from __future__ import annotations

import orjson

from gateway.wire.tailing import Events, events_head, events_tail


def test_head_and_tail_make_one_message() -> None:
    """What viewers share and what they do not put together is JSON; without a place before it `prev` is null."""
    tail = events_tail(Events(0, None, 9, 'e"1', False, 3, 2, 1, b'[{"a":1}]'))
    assert orjson.loads(events_head(4, None) + tail) == {
        "type": "events",
        "id": 4,
        "prev": None,
        "offset": 9,
        "epoch": 'e"1',
        "recovered": False,
        "seen": 3,
        "looked": 2,
        "matched": 1,
        "events": [{"a": 1}],
    }
    assert orjson.loads(events_head(4, 8) + tail)["prev"] == 8
