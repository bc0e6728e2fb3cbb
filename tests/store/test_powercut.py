"""A power cut at any moment keeps every acknowledged row, and the test would see it if it did not."""

from __future__ import annotations

import random
import re
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from gateway.errors import StorageError
from gateway.store import EventLog
from tests.store.child import blobs, payload
from tests.store.powercut import PAGE, Disk, Inode, Truncate, Write
from tests.store.tracing import Call, child, watch

ROWS = 120
CUTS = 80


class Lost(NamedTuple):
    """What reopening after the cuts found: the acknowledged rows it should have, and those that were gone."""

    cuts: int
    acked: int
    lost: int
    flushes: int


def cut_everywhere(tmp_path: Path, seed: int, *flags: str) -> Lost:
    """Run the child once, cut its disk at `CUTS` places of the run, open what is left and compare."""
    folder = tmp_path / "data"
    calls = watch(child(str(folder), str(ROWS), "small", *flags), tmp_path / "trace")
    chance = random.Random(seed)
    begin = next(index for index, call in enumerate(calls) if call.name == "mkdir")  # before it, Python only starts
    places = set(chance.sample(range(begin, len(calls)), CUTS))
    disk = Disk(folder)
    acked = snapshot = lost = total = 0
    for index, call in enumerate(calls):
        for word, number in _said(call):
            acked, snapshot = (int(number), snapshot) if word == "ack" else (acked, int(number))
        disk.step(call)
        if index in places:
            image = tmp_path / "image"
            disk.after_cut(chance, image)
            total += acked
            lost += _missing(image, acked, snapshot)
            shutil.rmtree(image)
    assert acked == ROWS
    for path, content in disk.as_seen().items():
        assert path.read_bytes() == content, f"the model of {path.name} is not the file"
    return Lost(len(places), total, lost, disk.flushes)


def _said(call: Call) -> list[tuple[str, str]]:
    if call.name != "write" or not call.arguments.startswith("1<"):
        return []
    return re.findall(r"(ack|snapshot) (\d+)", call.texts()[-1].decode("ascii"))


def _missing(image: Path, acked: int, snapshot: int) -> int:
    """How many of the acknowledged rows and snapshots the image does not hold as they were written."""
    try:
        log = EventLog.open(image, retention_ms=1, max_bytes=1, keep_snapshots=2, quarantine_rows=50)
    except StorageError:
        return acked
    with log:
        newest = log.latest_snapshot()
        start = newest.position if newest is not None else 0
        good = {row.position for row in log.read(start) if row.payload == payload(row.position)}
        wrong = len(log.damage) + log.bad_snapshots + (start < snapshot)
        if newest is not None and newest.blobs != blobs(newest.position):
            wrong += 1
        return wrong + sum(position not in good for position in range(start + 1, acked + 1))


@pytest.mark.parametrize("flags", [(), ("snapshots", "quarantine"), ("snapshots", "trim", "window=8")])
def test_nothing_acknowledged_is_lost(tmp_path: Path, flags: tuple[str, ...]) -> None:
    """Whatever unflushed pages and names a power cut takes, every acknowledged row and snapshot is there."""
    found = cut_everywhere(tmp_path, 1, *flags)
    assert found.lost == 0
    assert found.acked > ROWS * CUTS // 4
    assert found.flushes > 0


@pytest.mark.parametrize("flag", ["off", "normal", "early"])
def test_a_weaker_promise_is_found_out(tmp_path: Path, flag: str) -> None:
    """Without the flush of each commit, or with the answer before it, the same cuts lose acknowledged rows."""
    assert cut_everywhere(tmp_path, 1, flag).lost > 0


def test_an_unflushed_page_may_be_any_of_its_states() -> None:
    """Pages are kept, lost and torn each on their own, and a flushed one is never touched."""
    inode = Inode()
    inode.apply(Write(0, b"a" * 3 * PAGE))
    inode.flush()
    inode.apply(Write(0, b"b" * 2 * PAGE))
    chance = random.Random(5)
    seen = [inode.after_cut(chance) for _ in range(200)]
    assert {page[2 * PAGE :] for page in seen} == {b"a" * PAGE}
    assert {(page[:1], page[PAGE : PAGE + 1]) for page in seen} == {
        (b"a", b"a"),
        (b"a", b"b"),
        (b"b", b"a"),
        (b"b", b"b"),
    }
    assert any(len(set(page[:PAGE])) == 2 for page in seen)


def test_an_unflushed_length_may_be_any_it_had() -> None:
    """Growth and truncation since the flush may or may not be there; what grows without its pages reads as zeros."""
    inode = Inode()
    inode.apply(Write(0, b"a" * PAGE))
    inode.flush()
    inode.apply(Write(PAGE, b"b" * PAGE))
    inode.apply(Truncate(10))
    chance = random.Random(5)
    seen = {inode.after_cut(chance) for _ in range(200)}
    assert {len(content) for content in seen} == {10, PAGE, 2 * PAGE}
    assert b"a" * PAGE + b"\0" * PAGE in seen


def test_a_name_needs_its_folder_flushed(tmp_path: Path) -> None:
    """A file that was itself flushed is gone with its name, until the folder is flushed."""
    disk = Disk(Path("/d"))
    name = "".join(f"\\x{byte:02x}" for byte in b"/d/f")
    disk.step(Call("openat", f'AT_FDCWD, "{name}", O_RDWR|O_CREAT, 0600', 3))
    disk.step(Call("pwrite64", f'3<{name}>, "\\x61", 1, 0', 1))
    disk.step(Call("fsync", f"3<{name}>", 0))
    chance = random.Random(5)
    for number in range(30):
        disk.after_cut(chance, tmp_path / f"before{number}")
    assert {file.read_bytes() for file in tmp_path.glob("before*/f")} == {b"a"}
    assert 0 < len(list(tmp_path.glob("before*/f"))) < 30
    disk.step(Call("fsync", "4<\\x2f\\x64>", 0))
    for number in range(30):
        disk.after_cut(chance, tmp_path / f"after{number}")
    assert len(list(tmp_path.glob("after*/f"))) == 30
