"""kill -9 of the writing process at any moment, again and again, on one folder."""

from __future__ import annotations

import random
import re
import signal
import subprocess
from pathlib import Path

from tests.store.answers import opened
from tests.store.child import blobs, payload
from tests.store.tracing import ROOT, child

CYCLES = 30


def killed(folder: Path, acks: int) -> int:
    """Start the child, kill it when it has acknowledged `acks` more rows; the last position it acknowledged."""
    last = 0
    with subprocess.Popen(
        child(str(folder), "1000000", "small", "snapshots", "trim", "window=16"), cwd=ROOT, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        for _ in range(acks):
            line = process.stdout.readline()
            assert line, "the child ended by itself"
            last = _acked(line) or last
        process.kill()
        for line in process.stdout:  # what it said before the kill reached it
            last = _acked(line) or last
    assert process.returncode == -signal.SIGKILL
    return last


def _acked(line: bytes) -> int:
    found = re.fullmatch(rb"ack (\d+)\n", line)
    return int(found[1]) if found else 0


def test_no_acknowledged_row_is_lost_or_doubled(tmp_path: Path) -> None:
    """After each of 30 kills every acknowledged row is there, once, behind a whole snapshot that holds the rest."""
    chance = random.Random(11)
    acked = 0
    for _ in range(CYCLES):
        acked = killed(tmp_path, chance.randint(1, 120)) or acked
        with opened(tmp_path) as log:
            newest = log.latest_snapshot()
            start = newest.position if newest is not None else 0
            assert newest is None or newest.blobs == blobs(start)
            rows = list(log.read(start))
            assert [row.position for row in rows] == list(range(start + 1, log.last_position() + 1))
            assert all(row.payload == payload(row.position) for row in rows)
            assert log.last_position() >= acked
            assert log.damage == []
            assert log.bad_snapshots == 0
    assert acked > CYCLES
