"""Floods that one process and several have to hold alike."""

from __future__ import annotations

from tests.e2e.flooded import Flooded

__all__ = ["one_address_storms", "viewers_go_deaf"]


def one_address_storms(under: Flooded) -> None:
    """It opens sockets as fast as it can: its own rate stops it, and a client from another is let in."""
    with under.flood("storm", 50, sources=1, again_s=0.0, pace=2_000.0):
        under.until(lambda m: m["tidegate_sockets_refused_total{cause=ip_rate}"] >= 200)
        under.come_again()
    found = under.hold()
    assert found["tidegate_sockets_refused_total{cause=rate}"] == 0


def viewers_go_deaf(under: Flooded) -> None:
    """A hundred read nothing while much changes: little is written to them, and they are cut in time."""
    with (
        under.flood("greedy", 2, rate=20),
        under.flood("deaf", 100, kpi="by_page", receive_buffer=1_024),
    ):
        # Welcomed, and not still there: the first may be cut before the last have come, or before anybody looks.
        under.until(lambda m: m.get("tidegate_welcomes_total{role=viewer}", 0) >= 50)
        found = under.until(lambda m: m["tidegate_evictions_total{reason=slow}"] >= 100)
        assert found["tidegate_outgoing_bytes"] <= 100 * 50_000
    under.hold()
