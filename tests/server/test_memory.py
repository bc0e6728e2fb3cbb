"""Resident memory is that of this process."""

from __future__ import annotations

from gateway.server.memory import resident_bytes


def test_memory_that_is_touched_shows() -> None:
    """Holding 64 MB more raises the figure by most of it."""
    before = resident_bytes()
    held = b"x" * (64 << 20)
    assert resident_bytes() - before > 48 << 20
    assert len(held) == 64 << 20
