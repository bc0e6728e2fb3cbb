"""The low-water mark and where the free room is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.store import Room
from gateway.store.space import LocalDisk, Space, low_water
from tests.store.answers import TestDisk


@pytest.mark.parametrize(
    ("total", "mark"), [(0, 0), (20 << 20, 1 << 20), (80 << 20, 4 << 20), (81 << 20, 4 << 20), (1 << 40, 4 << 20)]
)
def test_the_mark_is_the_smaller_of_the_two(total: int, mark: int) -> None:
    """Small disks keep a twentieth free, all others 4 MiB."""
    assert low_water(total) == mark


def test_room_is_counted_with_what_will_be_written(tmp_path: Path) -> None:
    """A write fits when the mark is still free behind it, to the byte."""
    disk = TestDisk(free=(4 << 20) + 100)
    space = Space(tmp_path, disk)
    assert space.fits(100)
    assert not space.fits(101)
    disk.free = 0
    assert not space.fits(0)


def test_operators_are_told_what_there_is(tmp_path: Path) -> None:
    """Full is what is below the mark; of a disk that does not say nothing is known, so it is not full."""
    disk = TestDisk(free=(4 << 20) - 1)
    space = Space(tmp_path, disk)
    assert space.standing() == {"free": (4 << 20) - 1, "total": 1 << 40, "keep": 4 << 20, "full": True}
    disk.free += 1
    assert space.standing()["full"] is False
    unknown = {"free": 0, "total": 0, "keep": 0, "full": False}
    assert Space(tmp_path / "gone", LocalDisk()).standing() == unknown


def test_a_disk_that_does_not_say_is_tried(tmp_path: Path) -> None:
    """A file system without a total, or that cannot be asked, refuses nothing beforehand."""
    assert Space(tmp_path, TestDisk(free=0, total=0)).fits(1 << 30)
    assert Space(tmp_path / "gone", LocalDisk()).fits(1 << 30)


def test_the_real_disk_has_room(tmp_path: Path) -> None:
    """The local disk reports a free part of a total, and does not ask again within its freshness."""
    disk = LocalDisk()
    room = disk.room(tmp_path)
    assert 0 < room.free <= room.total
    disk.FRESH_S = 1e9
    assert isinstance(disk.room(tmp_path), Room)
    assert disk.room(tmp_path) is disk.room(tmp_path / "never asked")
