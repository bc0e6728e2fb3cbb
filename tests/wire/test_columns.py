"""What columns say of a batch."""

from __future__ import annotations

from gateway.wire.columns import Columns


def test_a_batch_is_identified_when_every_event_has_an_id() -> None:
    """One without is enough to say no; no events, no doubt."""
    assert [Columns(2, 0, (), ids, ()).identified for ids in (("a", "b"), ("a", None), None)] == [True, False, False]
    assert Columns(0, 0, (), None, ()).identified
