"""Floods of sockets: many that do nothing, that never finish what they begin, or that come without end."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.flooded import Flooded
from tests.e2e.overload import one_address_storms


def test_idle_connections(tmp_path: Path) -> None:
    """As many as may be there are; further ones are refused, and who is in is served."""
    with Flooded(tmp_path, max_connections=600, header_timeout_ms=60_000) as under:
        under.metrics()  # by a socket that stays: later there is no room for another
        with under.flood("idle", 700, settle_s=5, sources=3, again_s=0.5):
            found = under.until(lambda m: m["tidegate_sockets_refused_total{cause=total}"] >= 100)
            assert 500 <= found["tidegate_sockets"] <= 600
        under.hold()


def test_connections_without_end_from_one_address(tmp_path: Path) -> None:
    """The address has a rate of its own; a client from another is let in during the storm."""
    with Flooded(tmp_path, accept_rate_per_ip=20) as under:
        one_address_storms(under)


def test_request_heads_that_never_end(tmp_path: Path) -> None:
    """They are cut when their time is over, again and again; each costs its address new sockets."""
    with Flooded(tmp_path, header_timeout_ms=500) as under:
        with under.flood("slow", 300):
            under.until(lambda m: m["tidegate_faults_total"] >= 300)
        found = under.hold()
        assert found["tidegate_sockets_refused_total{cause=ip_rate}"] > 0


def test_bodies_that_never_end(tmp_path: Path) -> None:
    """A hundred of a megabyte, of which eight may wait: the oldest are answered with 503."""
    with Flooded(tmp_path, receive_pool=8) as under:
        with under.flood("bodies", 100, size=1_048_576) as outcome:
            found = under.until(lambda m: m["tidegate_cuts_total"] >= 50)
            assert found["tidegate_held_bytes"] <= 8 << 20
        assert outcome.ends["503"] >= 50
        under.hold()


def test_messages_that_never_end(tmp_path: Path) -> None:
    """Eighty of a quarter of a megabyte before any hello, of which four megabytes may wait: the oldest go."""
    with Flooded(tmp_path, receive_pool=4) as under:
        with under.flood("halves", 80, size=262_144) as outcome:
            found = under.until(lambda m: m["tidegate_cuts_total"] >= 40)
            assert found["tidegate_held_bytes"] <= 4 << 20
        assert outcome.ends["4100"] >= 20
        under.hold()
        # Where a worker counts them, they come with its pulse.
        under.until(lambda m: m.get("tidegate_closes_total{code=4100}", 0) >= 40)
