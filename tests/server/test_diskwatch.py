"""What the log says of a disk that fills up."""

from __future__ import annotations

from pathlib import Path

from structlog.testing import capture_logs

from gateway.server.diskwatch import DiskWatch
from gateway.store import Space
from tests.store.answers import TestDisk


def test_a_disk_that_fills_up_is_told_once_and_so_is_its_room(tmp_path: Path) -> None:
    """Nothing while nothing changes, however much is written."""
    disk = TestDisk(free=5 << 20)
    watch = DiskWatch(Space(tmp_path, disk))
    said = []
    for free in (5 << 20, 4 << 20, 3 << 20, 2 << 20, 6 << 20, 5 << 20, 0):
        disk.free = free
        with capture_logs() as logs:
            watch.look()
        said.append([line["event"] for line in logs])
    assert said == [[], [], ["disk_full"], [], ["disk_has_room"], [], ["disk_full"]]
    with capture_logs() as logs:
        disk.free = 4 << 20
        watch.look()
    assert logs == [{"event": "disk_has_room", "free": 4 << 20, "log_level": "info"}]
