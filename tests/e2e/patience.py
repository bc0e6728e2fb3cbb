"""Waiting for what another process will do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

__all__ = ["eventually"]

DEADLINE_S = 60.0
POLL_S = 0.02

T = TypeVar("T")


def eventually(read: Callable[[], T], holds: Callable[[T], object]) -> T:
    """The first of what `read` gives for which `holds`; fails with the last one after 60 s."""
    until = time.monotonic() + DEADLINE_S
    while True:
        seen = read()
        if holds(seen):
            return seen
        assert time.monotonic() < until, f"never came: the last was {seen!r}"
        time.sleep(POLL_S)
