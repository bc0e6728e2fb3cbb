"""A folder read from end to end: what is whole is proved, what is lost is named, exactly."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gateway.doctor.examination import examine
from gateway.doctor.findings import Findings, Loss, SnapshotFound, Span
from gateway.doctor.proof import Intake
from gateway.errors import ConfigError, StorageError
from gateway.store.rows import row_crc
from tests.doctor.folders import EVENTS, folder


def edit(place: Path, *statements: str) -> None:
    """Change the database behind everyone's back."""
    with closing(sqlite3.connect(place / "events.db")) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def examined(place: Path) -> Findings:
    """With no gateway at work."""
    return examine(place, Intake(), in_use=False)


def test_a_whole_folder_is_proved(tmp_path: Path) -> None:
    """Every row, both snapshots, and the dedup table of the newer as the log makes it of the older. Nothing changes."""
    place = folder(tmp_path)
    before = {file: file.read_bytes() for file in place.iterdir() if not file.name.endswith("-shm")}
    found = examined(place)
    assert found.whole
    assert (found.first, found.last, found.rows, found.events) == (1, 12, 12, 24 * EVENTS)
    assert found.snapshots == [SnapshotFound(8, ""), SnapshotFound(4, "")]
    assert found.proof == "4 rows behind the snapshot before it"
    assert {file: file.read_bytes() for file in before} == before


def test_one_snapshot_is_proved_from_the_first_row_on(tmp_path: Path) -> None:
    """When none came before it."""
    found = examined(folder(tmp_path, snapshots=(5,)))
    assert (found.whole, found.proof) == (True, "5 rows from the first on")


def test_lost_rows_are_named_with_what_the_kpis_lack(tmp_path: Path) -> None:
    """A loss is split where the newest good snapshot ends; the batches in it have their names."""
    place = folder(tmp_path)
    edit(place, "UPDATE log SET payload = x'00' WHERE position = 2", "DELETE FROM log WHERE position BETWEEN 7 AND 10")
    found = examined(place)
    assert found.losses == [
        Loss(2, 2, "crc", counted=True),
        Loss(7, 8, "missing", counted=True),
        Loss(9, 10, "missing", counted=False),
    ]
    assert found.batches == [
        Span("a", 1, 2, 2),
        Span("b", 1, 2, 2),
        Span("a", 1, 7, 10),
        Span("b", 1, 7, 10),
    ]
    assert (found.rows, found.proof, found.disproved) == (7, "", [])


def test_rows_that_only_a_snapshot_knows_of_are_missing(tmp_path: Path) -> None:
    """The newest rows are gone, and the snapshot says that they were there."""
    place = folder(tmp_path)
    edit(place, "DELETE FROM log WHERE position > 6")
    assert examined(place).losses == [Loss(7, 8, "missing", counted=True)]


def test_a_snapshot_that_is_not_whole_is_told(tmp_path: Path) -> None:
    """The older one is the newest good one then."""
    place = folder(tmp_path)
    edit(place, "UPDATE snapshot SET position = 9 WHERE position = 8", "DELETE FROM log WHERE position = 6")
    found = examined(place)
    assert [snapshot.wrong for snapshot in found.snapshots] == ["a CRC is wrong", ""]
    assert found.losses == [Loss(6, 6, "missing", counted=False)]


def rewrite(place: Path, position: int, payload: bytes) -> None:
    """Put another payload in a row, with a CRC that fits."""
    with closing(sqlite3.connect(place / "events.db")) as connection:
        crc = row_crc(position, 1, 1, payload)
        connection.execute("UPDATE log SET written_at = 1, events = 1, crc = ? WHERE position = ?", (crc, position))
        connection.execute("UPDATE log SET payload = ? WHERE position = ?", (payload, position))
        connection.commit()


def test_a_dedup_table_that_is_not_the_logs_is_told(tmp_path: Path) -> None:
    """Every CRC is right, and yet the log holds a row whose event ids were never remembered."""
    place = folder(tmp_path)
    with closing(sqlite3.connect(place / "events.db")) as connection:
        (payload,) = connection.execute("SELECT payload FROM log WHERE position = 12").fetchone()
    rewrite(place, 6, payload)
    assert examined(place).disproved == ["the event ids are not those of the log"]


def test_a_row_of_another_version_is_told(tmp_path: Path) -> None:
    """It is whole, and yet not to be read."""
    place = folder(tmp_path)
    rewrite(place, 12, b"\x93")
    assert (examined(place).unreadable, examined(place).losses) == (1, [])


def test_what_is_no_data_folder_is_refused(tmp_path: Path) -> None:
    """Nothing there, another program's database, no database."""
    with pytest.raises(ConfigError, match="no event log"):
        examined(tmp_path)
    with closing(sqlite3.connect(tmp_path / "events.db")) as connection:
        connection.execute("CREATE TABLE other (x)")
        connection.commit()
    with pytest.raises(ConfigError, match="another program"):
        examined(tmp_path)
    (tmp_path / "events.db").write_bytes(b"x" * 9_000)
    with pytest.raises(StorageError):
        examined(tmp_path)
