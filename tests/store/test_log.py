"""The event log as its callers see it."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from gateway.errors import ConfigError, DataFolderLockedError, StorageError
from gateway.store import Committed, Damage, DiskFullError, EventLog, LogRow, Quarantined
from tests.store.answers import Answers, TestDisk, appended, failed, opened, saved
from tests.store.histories import keep, line, lines


def edit(folder: Path, statement: str, *values: object) -> None:
    """Change the database behind the log's back."""
    connection = sqlite3.connect(folder / "events.db")
    with connection:
        connection.execute(statement, values)
    connection.close()


def test_rows_come_back_as_they_were_appended(tmp_path: Path) -> None:
    """A reopened log holds each row with its position, time, count and bytes, and goes on behind them."""
    with opened(tmp_path) as log:
        assert appended(log, b"one", b"", b"x" * 300_000, now=7) == [1, 2, 3]
    with opened(tmp_path) as log:
        assert log.last_position() == 3
        assert list(log.read(0)) == [LogRow(1, 7, 1, b"one"), LogRow(2, 7, 1, b""), LogRow(3, 7, 1, b"x" * 300_000)]
        assert [row.position for row in log.read(2)] == [3]
        assert list(log.read(3)) == []
        assert appended(log, b"four") == [4]
        assert log.damage == []


def test_positions_go_on_whatever_history_there_is(tmp_path: Path) -> None:
    """Kept rows of KPIs are counted in bytes beside the log, and move no position of it."""
    with opened(tmp_path) as log:
        appended(log, b"a", b"b")
        keep(log, lines([line(second * 1_000) for second in range(7)]))
    with opened(tmp_path) as log:
        assert appended(log, b"c") == [3]
        assert [row.position for row in log.read(0)] == [1, 2, 3]
        assert log.damage == []


def test_answers_come_in_order_from_the_writer_thread(tmp_path: Path) -> None:
    """Each append is answered once, in the order of the calls, with its position and size."""
    answers = Answers()
    with opened(tmp_path) as log:
        for number in range(500):
            log.append(bytes(number), 3, 1, answers)
    found = [(answer.position, answer.bytes) for answer in answers.all if isinstance(answer, Committed)]
    assert found == [(number + 1, number) for number in range(500)]
    assert answers.threads == {"tidegate-store"}
    assert all(isinstance(answer, Committed) and answer.seconds > 0 for answer in answers.all)


def test_a_slow_reader_sees_the_log_as_it_was(tmp_path: Path) -> None:
    """Rows appended while a reader iterates are not part of what it reads, and slices leave nothing out."""
    with opened(tmp_path) as log:
        appended(log, *(b"%d" % number * 100 for number in range(50)))
        reader = log.read(0, limit_bytes=1)
        seen = [next(reader).position]
        appended(log, b"later")
        seen += [row.position for row in reader]
        assert seen == list(range(1, 51))


def test_a_changed_row_is_passed_over_and_named(tmp_path: Path) -> None:
    """Rows whose bytes, time or count changed are not served; their exact ranges are reported once."""
    with opened(tmp_path) as log:
        appended(log, *(b"payload %d" % number for number in range(1, 11)))
    edit(tmp_path, "UPDATE log SET payload = 'payload X' WHERE position = 3")
    edit(tmp_path, "UPDATE log SET payload = x'00' WHERE position = 5")
    edit(tmp_path, "UPDATE log SET events = 2 WHERE position = 6")
    edit(tmp_path, "UPDATE log SET written_at = 'x' WHERE position = 7")
    edit(tmp_path, "DELETE FROM log WHERE position IN (8, 9)")
    with opened(tmp_path) as log:
        for _ in range(2):
            assert [row.position for row in log.read(0)] == [1, 2, 4, 10]
        assert log.damage == [
            Damage(3, 3, "crc"),
            Damage(5, 5, "crc"),
            Damage(6, 6, "crc"),
            Damage(7, 7, "crc"),
            Damage(8, 9, "missing"),
        ]


def test_a_full_disk_refuses_and_recovers(tmp_path: Path) -> None:
    """Below the low-water mark nothing is acknowledged or written; with room again appends go on without a gap."""
    disk = TestDisk()
    with opened(tmp_path, disk=disk) as log:
        appended(log, b"one")
        disk.free = (4 << 20) - 1
        assert not log.writable()
        answers = Answers()
        log.append(b"two", 1, 1, answers)
        failure = failed(answers.wait()[0])
        assert isinstance(failure.error, DiskFullError)
        assert failure.retryable
        assert isinstance(failed(saved(log, 1, {"engine": b"x"})).error, DiskFullError)
        assert log.last_position() == 1
        disk.free = 1 << 30
        assert log.writable()
        assert appended(log, b"two") == [2]
        assert [row.payload for row in log.read(0)] == [b"one", b"two"]


def test_a_snapshot_too_large_for_the_disk_is_not_begun(tmp_path: Path) -> None:
    """A snapshot without room fails alone: appends go on, and the older snapshot is still there."""
    disk = TestDisk(free=64 << 20)
    with opened(tmp_path, disk=disk) as log:
        appended(log, b"one")
        assert isinstance(saved(log, 1, {"engine": b"small"}), Committed)
        assert isinstance(failed(saved(log, 1, {"engine": bytes(80 << 20)})).error, DiskFullError)
        assert appended(log, b"two") == [2]
        newest = log.latest_snapshot()
        assert newest is not None
        assert newest.blobs == {"engine": b"small"}


def test_a_snapshot_stands_for_a_committed_position(tmp_path: Path) -> None:
    """A position that no committed row has is refused at the call."""
    with opened(tmp_path) as log:
        with pytest.raises(ValueError, match="position 1 is not committed"):
            log.snapshot(1, {}, 1, Answers())
        assert isinstance(saved(log, 0, {"engine": b""}), Committed)


def test_positions_go_on_when_all_rows_were_trimmed(tmp_path: Path) -> None:
    """A log that retention emptied does not give a position twice."""
    with opened(tmp_path, keep_snapshots=1, retention_ms=0) as log:
        appended(log, b"a", b"b", b"c")
        saved(log, 3, {}, now=10)
    with opened(tmp_path, keep_snapshots=1, retention_ms=0) as log:
        assert appended(log, b"d") == [4]
        assert log.damage == []


def test_a_second_log_on_the_folder_is_refused(tmp_path: Path) -> None:
    """The folder belongs to one log at a time; closing gives it up, and twice is once."""
    log = opened(tmp_path)
    with pytest.raises(DataFolderLockedError, match="in use by process"):
        opened(tmp_path)
    log.close()
    log.close()
    opened(tmp_path).close()


def test_a_closed_log_takes_nothing(tmp_path: Path) -> None:
    """Calls after the close raise; what was queued before it is committed and answered."""
    answers = Answers()
    log = opened(tmp_path)
    log.append(b"last", 1, 1, answers)
    log.snapshot(0, {"engine": bytes(3 << 20)}, 1, answers)
    log.close()
    assert [type(answer) for answer in answers.all] == [Committed, Committed]
    assert not log.writable()
    with pytest.raises(StorageError, match="closed"):
        log.append(b"", 1, 1, answers)
    with pytest.raises(StorageError, match="closed"):
        log.snapshot(0, {}, 1, answers)
    with pytest.raises(StorageError, match="closed"):
        log.quarantine([])


@pytest.mark.parametrize("place", ["file", "file/below", "/proc/none/here"])
def test_a_folder_that_cannot_be_is_a_wrong_setting(tmp_path: Path, place: str) -> None:
    """A data folder that cannot be made or written names the setting `data`."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigError, match=r"^data: ") as caught:
        opened(tmp_path / place)
    assert caught.value.setting == "data"
    assert "\n" not in str(caught.value)


def test_a_damaged_file_is_refused_and_kept(tmp_path: Path) -> None:
    """A file whose structure SQLite calls malformed is not opened, is named, and is not touched."""
    with opened(tmp_path) as log:
        appended(log, *(bytes(10_000) for _ in range(30)))
    file = tmp_path / "events.db"
    for content in (b"not a database" * 3_000, file.read_bytes()[:40_000], _holed(file.read_bytes())):
        file.write_bytes(content)
        with pytest.raises(StorageError, match=r"events\.db is damaged"):
            opened(tmp_path).close()
        assert file.read_bytes() == content


def _holed(content: bytes) -> bytes:
    """`content` with the second page, the root of a table or index, overwritten."""
    return content[:16_384] + b"\xff" * 16_384 * 7 + content[16_384 * 8 :]


def test_damage_deep_in_the_file_is_a_storage_error(tmp_path: Path) -> None:
    """Damage of structure that is met only while reading is raised there, with the file's name."""
    with opened(tmp_path) as log:
        appended(log, *(b"x" * 3_000 for _ in range(400)))
    file = tmp_path / "events.db"
    content = bytearray(file.read_bytes())
    leaf = next(page for page in range(10, len(content) // 16_384) if content[page * 16_384] == 0x0D)
    content[leaf * 16_384 : leaf * 16_384 + 8] = b"\xee" * 8
    file.write_bytes(content)
    with opened(tmp_path) as log, pytest.raises(StorageError, match=r"events\.db"):
        list(log.read(0))


def test_every_flipped_byte_of_a_payload_is_found(tmp_path: Path) -> None:
    """Whichever byte of a row's payload is changed on disk, the row is reported and its neighbours are served."""
    with opened(tmp_path / "good") as log:
        appended(log, b"before", b"0123456789" * 20, b"after")
    content = (tmp_path / "good" / "events.db").read_bytes()
    start = content.index(b"0123456789" * 20)
    for offset in range(0, 200, 7):
        folder = tmp_path / f"flip{offset}"
        shutil.copytree(tmp_path / "good", folder)
        changed = bytearray(content)
        changed[start + offset] ^= 0x10
        (folder / "events.db").write_bytes(changed)
        with opened(folder) as log:
            assert [row.payload for row in log.read(0)] == [b"before", b"after"]
            assert log.damage == [Damage(2, 2, "crc")]


def test_rejected_events_are_counted_and_kept(tmp_path: Path) -> None:
    """Counts by reason survive a restart; the newest samples come first, whole, with their source."""
    with opened(tmp_path) as log:
        log.quarantine([Quarantined("late", 1, "p1", b"a"), Quarantined("nul", 2, "p2", b"b")])
        appended(log, b"x")
        assert log.quarantine_counts() == {"late": 1, "nul": 1}
    with opened(tmp_path) as log:
        assert log.quarantine_counts() == {"late": 1, "nul": 1}
        assert log.quarantined(1) == [Quarantined("nul", 2, "p2", b"b", 1, identity=2)]


def test_size_is_that_of_the_files(tmp_path: Path) -> None:
    """The size counts the database file and its write-ahead log."""
    with opened(tmp_path) as log:
        appended(log, bytes(500_000))
        files = [tmp_path / "events.db", tmp_path / "events.db-wal"]
        assert log.size_bytes() == sum(file.stat().st_size for file in files) > 500_000
        assert log.queued_bytes() == 0
    assert log.size_bytes() == (tmp_path / "events.db").stat().st_size


def test_open_leaves_no_lock_behind_when_it_fails(tmp_path: Path) -> None:
    """After a refused start the folder can be opened as soon as the cause is gone."""
    (tmp_path / "events.db").write_bytes(b"not a database" * 3_000)
    with pytest.raises(StorageError):
        opened(tmp_path)
    (tmp_path / "events.db").unlink()
    log = opened(tmp_path)
    assert isinstance(log, EventLog)
    log.close()
