"""A codec as the gateway builds it."""

from __future__ import annotations

import pytest

from gateway.wire import Codec, EventReader, Limits

LIMITS = Limits(max_frame=262_144, max_events=500, max_depth=16)


@pytest.fixture
def reader() -> EventReader:
    return EventReader(["country", "price", "$pathname"], LIMITS, 65_536)


@pytest.fixture
def codec(reader: EventReader) -> Codec:
    return Codec(reader, LIMITS)
