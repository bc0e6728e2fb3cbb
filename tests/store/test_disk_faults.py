"""A disk that fails under a running log: nothing is acknowledged that is not there, and want of room passes."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.store.answers import opened
from tests.store.child import EXIT_FAILED, EXIT_REFUSED, payload
from tests.store.smalldisk import Run, run_limited, run_small
from tests.store.tracing import ROOT, child, run

ROWS = 60
FLUSHES = "fsync,fdatasync"
WRITES = "pwrite64,write"


def faulty(folder: Path, name: str, calls: str, fault: str, *flags: str) -> tuple[int, list[str]]:
    """Run the child with `fault` injected into `calls` on the file `name`; its exit code and what it said."""
    done = run(
        child(str(folder), str(ROWS), "small", *flags),
        "-P",
        str(folder / name),
        "-e",
        f"trace={calls}",
        "-e",
        f"inject={calls}:{fault}",
    )
    return done.returncode, done.stdout.decode("ascii").splitlines()


def acked(said: list[str]) -> list[int]:
    """The positions acknowledged, in order."""
    return [int(line.removeprefix("ack ")) for line in said if line.startswith("ack ")]


def check(folder: Path, positions: list[int]) -> None:
    """Every acknowledged row is there as it was sent, without a gap or a double, and the log goes on."""
    with opened(folder) as log:
        rows = list(log.read(0))
        assert [row.position for row in rows] == list(range(1, len(rows) + 1))
        assert all(row.payload == payload(row.position) for row in rows)
        assert len(rows) >= len(positions)
        assert log.damage == []
    assert positions == list(range(1, len(positions) + 1))


@pytest.mark.parametrize(
    ("name", "calls", "fault"),
    [
        ("events.db-wal", FLUSHES, "error=EIO:when=15"),
        ("events.db-wal", WRITES, "error=EIO:when=31"),
        ("events.db-wal", WRITES, "error=EIO:when=40"),
        ("events.db", FLUSHES, "error=EIO:when=3"),
        ("events.db", WRITES, "error=EIO:when=12"),
    ],
)
def test_an_error_of_the_disk_ends_all_acknowledgement(tmp_path: Path, name: str, calls: str, fault: str) -> None:
    """One EIO from a write or flush, of the log or of a checkpoint: no row is acknowledged behind it, none is lost."""
    code, said = faulty(tmp_path / "data", name, calls, fault, "window=2")
    assert code == EXIT_FAILED
    assert 0 < len(acked(said)) < ROWS
    answers = [line for line in said if re.match("ack|fail", line)]
    last = max(index for index, line in enumerate(answers) if line.startswith("ack"))
    assert set(answers[last + 1 :]) == {"fail StorageError"}
    assert len(answers) == ROWS
    check(tmp_path / "data", acked(said))


@pytest.mark.parametrize("calls", ["40..55", "41..41", "60..61"])
def test_want_of_room_in_the_log_passes(tmp_path: Path, calls: str) -> None:
    """ENOSPC refuses calls retryably; once there is room they are taken, and every acknowledged row is there."""
    code, said = faulty(tmp_path / "data", "events.db-wal", WRITES, f"error=ENOSPC:when={calls}")
    assert code == EXIT_REFUSED
    assert "fail DiskFullError" in said
    assert len(acked(said)) == ROWS
    check(tmp_path / "data", acked(said))


AT_MARK, AT_END = "the disk is at its low-water mark", "database or disk is full (SQLITE_FULL)"


@pytest.mark.parametrize(
    ("run_on", "flags", "refusals"),
    [
        (run_small, (), {AT_MARK, AT_END}),
        (run_small, ("brim",), {AT_END}),
        (run_limited, (), {AT_END}),
    ],
)
def test_a_disk_without_room_refuses_and_goes_on(
    tmp_path: Path, run_on: Callable[..., Run], flags: tuple[str, ...], refusals: set[str]
) -> None:
    """At its low-water mark, or at its very end. Once there is room every row goes in, and none is lost."""
    done = run_on(tmp_path, ROWS, *flags)
    assert done.code == EXIT_REFUSED, done
    assert {line for line in done.said if line.startswith("fail")} == {"fail DiskFullError"}
    assert set() < done.refusals <= refusals
    assert len(acked(done.said)) == ROWS
    check(done.folder, acked(done.said))


def test_a_file_that_may_not_grow_ends_all_acknowledgement(tmp_path: Path) -> None:
    """A limit on the size of files is no want of room that passes: the log fails, and what it acknowledged is there."""
    command = child(str(tmp_path / "data"), str(ROWS), "small")
    limited = ["sh", "-c", 'ulimit -f "$0"; exec "$@"', "600", *command]  # in units of 512 bytes
    done = subprocess.run(limited, cwd=ROOT, capture_output=True, timeout=90, check=False)
    said = done.stdout.decode("ascii").splitlines()
    assert done.returncode == EXIT_FAILED, done.stderr
    assert 0 < len(acked(said)) < ROWS
    check(tmp_path / "data", acked(said))


@pytest.mark.parametrize("name", ["events.db-wal", "events.db"])
def test_a_flush_that_hangs_is_waited_for(tmp_path: Path, name: str) -> None:
    """However long the disk takes: no row is acknowledged before it is there, no call fails, none is lost."""
    code, said = faulty(tmp_path / "data", name, FLUSHES, "delay_enter=300000:when=3..4", "window=8")
    assert (code, len(acked(said))) == (0, ROWS)
    check(tmp_path / "data", acked(said))


def test_want_of_room_in_a_checkpoint_is_not_noticed(tmp_path: Path) -> None:
    """When the database file cannot grow, the write-ahead log does, and the checkpoint is made up for later."""
    code, said = faulty(tmp_path / "data", "events.db", WRITES, "error=ENOSPC:when=12..20")
    assert code == 0
    assert len(acked(said)) == ROWS
    check(tmp_path / "data", acked(said))


def test_want_of_room_in_a_snapshot_keeps_the_older(tmp_path: Path) -> None:
    """Snapshots that found no room are given up; the log stands, and what is published is whole."""
    code, said = faulty(tmp_path / "data", "events.db-wal", WRITES, "error=ENOSPC:when=110..140", "snapshots")
    assert code == EXIT_REFUSED
    assert "no snapshot" in said
    assert len(acked(said)) == ROWS
    check(tmp_path / "data", acked(said))
    with opened(tmp_path / "data") as log:
        newest = log.latest_snapshot()
        assert newest is not None
        assert log.bad_snapshots == 0
