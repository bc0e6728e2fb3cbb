"""Floods where workers have the sockets: each of them, and the process that counts, keeps within its bounds."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.flooded import Flooded
from tests.e2e.overload import one_address_storms, viewers_go_deaf

WORKERS = 2


def test_connections_without_end(tmp_path: Path) -> None:
    """The rate of an address is one over all workers; a client from another is let in during the storm."""
    with Flooded(tmp_path, workers=WORKERS, accept_rate_per_ip=20) as under:
        one_address_storms(under)


def test_messages_that_never_end(tmp_path: Path) -> None:
    """Eighty of a quarter of a megabyte before any hello; all workers together keep no more than the pool."""
    with Flooded(tmp_path, workers=WORKERS, receive_pool=6) as under:
        with under.flood("halves", 80, size=262_144) as outcome:
            found = under.until(lambda m: m["tidegate_cuts_total"] >= 40)
            assert found["tidegate_held_bytes"] <= 6 << 20
            # What workers count comes with their pulse, and to the other side in its time.
            under.until(lambda m: m.get("tidegate_closes_total{code=4100}", 0) >= 40)
        assert outcome.ends["4100"] >= 1
        under.hold()


def test_bodies_that_never_end(tmp_path: Path) -> None:
    """A hundred of a megabyte, which workers pass on: the process that reads them keeps its share, and answers 503."""
    with Flooded(tmp_path, workers=WORKERS, receive_pool=12) as under:
        with under.flood("bodies", 100, size=1_048_576) as outcome:
            found = under.until(lambda m: m["tidegate_cuts_total"] >= 50)
            assert found["tidegate_held_bytes"] <= 12 << 20
        assert outcome.ends["503"] >= 50
        under.hold()


def test_pings_without_end(tmp_path: Path) -> None:
    """Workers close each socket with 4102 by themselves; what they count reaches the gate of all."""
    with Flooded(tmp_path, workers=WORKERS) as under:
        with under.flood("pings", 60):
            under.until(lambda m: m["tidegate_sockets_refused_total{cause=ip_rate}"] >= 100)
        under.hold()
        # What workers count comes with their pulse, behind the ends of the sockets, and frames before that end.
        # Of each socket, also of those that its address was let open again: the longer the flood, the more they are.
        closes = "tidegate_closes_total{code=4102}"
        under.until(lambda m: m["tidegate_frames_total"] <= m.get(closes, 0) * 70 + 500 and m.get(closes, 0) >= 10)


def test_viewers_that_read_nothing(tmp_path: Path) -> None:
    """Each is sent no more than it takes, though it is a worker that has its socket, and is cut in time."""
    with Flooded(tmp_path, workers=WORKERS, viewer_stall_ms=500, viewer_evict_ms=1_500) as under:
        viewers_go_deaf(under)


def test_values_that_never_come_again(tmp_path: Path) -> None:
    """The dictionaries of both sides are emptied as they fill; totals are exact."""
    with Flooded(tmp_path, workers=WORKERS) as under:
        with under.flood("names", 4, prime=60_000, rate=5) as outcome:
            under.until(lambda m: m["tidegate_events_total{verdict=accepted}"] >= 60_000)
        found = under.hold()
        assert outcome.verdicts == {}
        by_event = under.gateway.rows("by_event")
        assert sum(row["value"] for row in by_event) == found["tidegate_events_total{verdict=accepted}"] + 10
        assert "__other__" in {row["dims"]["event"] for row in by_event}
