"""A damaged folder made whole: nothing good is lost by it, and nothing damaged is thrown away."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gateway.errors import StorageError
from gateway.store import Quarantined, schema, survey
from gateway.store import repair as repairing
from gateway.store.repair import READY, repair
from gateway.store.rows import Damage, row_crc
from gateway.store.schema import PAGE_BYTES, open_reader, wal_file
from gateway.store.wal import inspect
from tests.store.answers import appended, opened, saved
from tests.store.child import blobs, payload
from tests.store.test_survey import ROWS, filled


def _good(file: Path) -> tuple[set[int], set[int], int]:
    """What can be read: positions of the log, of snapshots, and the number of rows beside them."""
    with closing(open_reader(file)) as connection:
        log = {row.position for row in survey.each_row(connection, lambda _: None)}
        snapshots = {entry.position for entry in survey.each_snapshot(connection) if entry.stored is not None}
        beside = sum(1 for name, key in repairing._TABLES.items() for _ in survey.table(connection, name, key))
    return log, snapshots, beside


def _garbage(file: Path, page: int, chance: random.Random) -> None:
    data = bytearray(file.read_bytes())
    data[page * PAGE_BYTES : (page + 1) * PAGE_BYTES] = chance.randbytes(PAGE_BYTES)
    file.write_bytes(data)


def test_whatever_page_was_garbage_all_that_is_good_is_kept(tmp_path: Path) -> None:
    """The new file has every row, snapshot and other line that the damaged one still shows; that one is kept."""
    file = filled(tmp_path / "whole")
    chance = random.Random(3)
    pages = range(1, file.stat().st_size // PAGE_BYTES)
    for page in chance.sample(pages, 12):
        folder = tmp_path / str(page)
        shutil.copytree(tmp_path / "whole", folder)
        _garbage(folder / "events.db", page, chance)
        damaged = (folder / "events.db").read_bytes()
        before = _good(folder / "events.db")
        aside = repair(folder)
        assert _good(folder / "events.db") == before
        assert (aside / "events.db").read_bytes() == damaged
        with opened(folder) as log:
            newest = log.latest_snapshot()
            assert newest is None or newest.blobs == blobs(newest.position)
            assert {row.position for row in log.read(0)} == before[0]
            assert appended(log, b"on") == [log.last_position()]
        with closing(open_reader(folder / "events.db")) as connection:
            assert survey.structure(connection) == []
            assert survey.oddities(connection) == []


def _killed(folder: Path) -> Path:
    """A folder as a kill leaves it: its rows are in the write-ahead log. It and the path of that log."""
    live = folder.parent / "live"
    with opened(live) as log:
        for position in range(1, ROWS + 1):
            appended(log, payload(position))
        shutil.copytree(live, folder)
    return wal_file(folder / "events.db")


def test_a_damaged_write_ahead_log_is_not_passed_over(tmp_path: Path) -> None:
    """SQLite would forget what is behind it without a word. It is refused, and the repair has all that is good."""
    log_file = _killed(tmp_path / "data")
    frame = next(each for each in inspect(log_file).frames[20:] if not each.size)  # in the middle of a transaction
    data = bytearray(log_file.read_bytes())
    data[frame.offset + 1_000] ^= 1
    log_file.write_bytes(data)
    with pytest.raises(StorageError, match="transactions that were flushed"):
        opened(tmp_path / "data")
    assert log_file.read_bytes() == data
    aside = repair(tmp_path / "data")
    assert (aside / log_file.name).read_bytes() == data
    with opened(tmp_path / "data") as log:
        found: list[Damage] = log.damage
        good = {row.position: row.payload for row in log.read(0)}
        assert all(good[position] == payload(position) for position in good)
        lost = {position for each in found for position in range(each.first, each.last + 1)}
        assert set(good) | lost == set(range(1, ROWS + 1))
        assert len(lost) <= 2


def test_an_interrupted_repair_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it was cut off: no gateway opens the folder until it is done, and then all that is good is there."""
    whole = filled(tmp_path / "whole")
    _garbage(whole, 2, random.Random(1))
    good = _good(whole)
    real = Path.replace
    steps = 0
    while True:
        folder = tmp_path / f"cut{steps}"
        shutil.copytree(tmp_path / "whole", folder)
        left = [steps]

        def cut(self: Path, target: Path, left: list[int] = left) -> Path:
            if not left[0]:
                raise OSError(5, "cut off")
            left[0] -= 1
            return real(self, target)

        monkeypatch.setattr(Path, "replace", cut)
        try:
            repair(folder)
        except StorageError:
            monkeypatch.undo()
        else:
            monkeypatch.undo()
            break
        if (folder / READY).exists():
            with pytest.raises(StorageError, match="interrupted"):
                opened(folder)
        repair(folder)
        assert _good(folder / "events.db") == good
        steps += 1
    assert steps >= 3


def test_a_snapshot_that_is_not_whole_is_left_behind(tmp_path: Path) -> None:
    """The good one stays, and the log behind it."""
    with opened(tmp_path) as log:
        appended(log, b"a", b"b", b"c")
        saved(log, 1, blobs(1))
        saved(log, 2, blobs(2))
    file = tmp_path / "events.db"
    file.write_bytes(file.read_bytes().replace(b"engine 2 ", b"engine 9 ", 1))
    repair(tmp_path)
    with opened(tmp_path) as log:
        newest = log.latest_snapshot()
        assert newest is not None
        assert (newest.position, log.bad_snapshots) == (1, 0)
        assert [row.payload for row in log.read(1)] == [b"b", b"c"]


def test_a_file_of_an_older_version_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the format of now; what it had not is empty."""
    with monkeypatch.context() as patched:
        patched.setattr(schema, "_MIGRATIONS", schema._MIGRATIONS[:1])
        schema.open_writer(tmp_path / "events.db").close()
    with closing(sqlite3.connect(tmp_path / "events.db")) as old:
        old.execute("INSERT INTO log VALUES (1, 5, 1, ?, ?)", (row_crc(1, 5, 1, b"x"), b"x"))
        old.execute("INSERT INTO quarantine VALUES (1, 'late', 5, 'p', 1, x'41')")
        old.execute("INSERT INTO rejected VALUES ('late', 7)")
        old.commit()
        assert survey.oddities(old) == []
    repair(tmp_path)
    with opened(tmp_path) as log:
        assert [row.payload for row in log.read(0)] == [b"x"]
        assert log.quarantined(5) == [Quarantined("late", 5, "p", b"A", 1, b"", 1)]
        assert log.quarantine_counts() == {"late": 7}
