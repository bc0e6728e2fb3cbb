"""The watchdog waits for the welcome, then for any frame."""

from __future__ import annotations

import json

from client_sdk.python.messages import Ping, encode
from client_sdk.python.pulse import WELCOME_MS, Pulse


def test_the_deadline_moves_with_life() -> None:
    """First the welcome is due, then a frame within two heartbeats of the last."""
    pulse = Pulse(1_000)
    assert pulse.deadline == 1_000 + WELCOME_MS
    pulse.heard(2_000)
    pulse.welcomed(25_000)
    assert pulse.deadline == 52_000
    pulse.heard(9_000)
    assert pulse.deadline == 59_000


def test_the_pong_echoes() -> None:
    """`now` is the server's own, `sent` is ours."""
    assert json.loads(encode(Pulse.answer(Ping(now=3), 8))) == {"type": "pong", "now": 3, "sent": 8}
