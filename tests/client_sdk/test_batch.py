"""A batch says the same in a frame and in a body, and says it the same way each time."""

from __future__ import annotations

import json

from client_sdk.python.batch import ENVELOPE, Batch, Queued

EVENTS = (Queued(1, 0, "a", False, b'{"event":"x"}'), Queued(2, 0, "b", False, b'{"event":"y"}'))
BATCH = Batch(42, 1_795_334_400_456, 3, EVENTS)


def test_the_frame_is_the_protocol_s() -> None:
    """Type, number, time, backlog, events, in the order of the golden frame."""
    assert BATCH.frame() == (
        b'{"type":"batch","seq":42,"sent_at":1795334400456,"backlog":3,"events":[{"event":"x"},{"event":"y"}]}'
    )
    assert BATCH.frame() == BATCH.frame()


def test_the_body_carries_the_same_batch() -> None:
    """Over HTTP the number, the time and the events are those of the frame; token and identity come with it."""
    body = json.loads(BATCH.body("wk", "p", 7, {"properties": {"app": "shop"}}))
    assert body == {
        "token": "wk",
        "producer": {"id": "p", "epoch": 7},
        "defaults": {"properties": {"app": "shop"}},
        "seq": 42,
        "sent_at": 1_795_334_400_456,
        "backlog": 3,
        "events": [{"event": "x"}, {"event": "y"}],
    }


def test_the_envelope_is_never_too_small() -> None:
    """The largest numbers of 64 bits fit into what is reckoned for a frame beside its events."""
    huge = Batch(2**63, 2**63, 2**63, ())
    assert len(huge.frame()) <= ENVELOPE
