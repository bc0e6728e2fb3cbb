"""Floods within one socket: pings, fragments, small messages, and viewers that read nothing."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.flooded import Flooded
from tests.e2e.overload import viewers_go_deaf


def test_pings_without_end(tmp_path: Path) -> None:
    """Each socket is closed with 4102 after as many as its burst; its address may open fewer and fewer new ones."""
    with Flooded(tmp_path) as under:
        with under.flood("pings", 60):
            under.until(lambda m: m["tidegate_sockets_refused_total{cause=ip_rate}"] >= 100)
        found = under.hold()
        assert found["tidegate_closes_total{code=4102}"] >= 10
        # Of the megabytes of pings in each socket next to none were looked at.
        assert found["tidegate_frames_total"] <= found["tidegate_closes_total{code=4102}"] * 70 + 500


def test_fragments_without_end(tmp_path: Path) -> None:
    """Each socket is closed with 1009 after 64 of them, whether they are empty or not."""
    with Flooded(tmp_path) as under:
        with under.flood("fragments", 60):
            under.until(lambda m: m["tidegate_sockets_refused_total{cause=ip_rate}"] >= 100)
        found = under.hold()
        assert found["tidegate_closes_total{code=1009}"] >= 10
        assert found["tidegate_frames_total"] <= found["tidegate_closes_total{code=1009}"] * 100 + 500


def test_small_messages_without_end(tmp_path: Path) -> None:
    """A viewer that subscribes and leaves again and again is closed with 4102."""
    with Flooded(tmp_path) as under:
        with under.flood("chatter", 20, kpi="by_event"):
            under.until(lambda m: m.get("tidegate_closes_total{code=4102}", 0) >= 20)
        under.hold()


def test_viewers_that_read_nothing(tmp_path: Path) -> None:
    """Each is written no more than it takes, however much changes, and is cut when its time is over."""
    with Flooded(tmp_path, viewer_stall_ms=500, viewer_evict_ms=1_500) as under:
        viewers_go_deaf(under)
