"""Who waits for a batch."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from gateway.server.waiters import Waiters
from gateway.wire.replies import WireVerdict


def arrival(seq: int) -> Any:
    return cast(Any, SimpleNamespace(producer=SimpleNamespace(id="p"), epoch=1, seq=seq))


def test_everyone_hears_once_of_the_batch_they_wait_for() -> None:
    """In the order in which they came, and of no other batch."""
    heard: list[tuple[str, tuple[WireVerdict, ...]]] = []
    waiters = Waiters()
    waiters.tell(arrival(1), ())
    for name in ("a", "b"):
        waiters.add("p", 1, 2, lambda verdicts, name=name: heard.append((name, verdicts)))  # type: ignore[misc]
    verdicts = (WireVerdict(2, 0, "drop", "late"),)
    waiters.tell(arrival(1), ())
    assert heard == []
    for _ in range(2):
        waiters.tell(arrival(2), verdicts)
    assert heard == [("a", verdicts), ("b", verdicts)]
