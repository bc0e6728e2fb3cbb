"""All targets."""

from __future__ import annotations

from tests.fuzz.clients import ANSWERS
from tests.fuzz.definitions import BOARDS, CONDITIONS, KPIS, VALUES
from tests.fuzz.messages import BUFFERS, COLUMNS, MESSAGES, PACKED, POSTS
from tests.fuzz.parcels import FROM_WORKER, TO_WORKER
from tests.fuzz.shipments import SHIPMENTS
from tests.fuzz.sockets import FRAMES, HEADS
from tests.fuzz.stored import RECORDS, SNAPSHOTS
from tests.fuzz.target import Target

__all__ = ["TARGETS"]

TARGETS: tuple[Target, ...] = (
    *(FRAMES, HEADS, MESSAGES, COLUMNS, PACKED, BUFFERS, POSTS, ANSWERS),
    *(VALUES, CONDITIONS, KPIS, BOARDS, SNAPSHOTS, RECORDS, FROM_WORKER, SHIPMENTS, TO_WORKER),
)
