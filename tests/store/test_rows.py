"""A row is believed only with its CRC, in its place."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from gateway.errors import StorageError
from gateway.store.rows import Damage, LogRow, insert, read, row_crc
from gateway.store.schema import open_writer

ROWS = [LogRow(position, 10 + position, position, b"payload %d" % position) for position in range(1, 6)]


def unexpected(damage: Damage) -> None:
    """For ranges in which nothing is lost."""
    raise AssertionError(damage)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database with `ROWS`."""
    connection = open_writer(tmp_path / "events.db")
    insert(connection, ROWS)
    connection.close()
    return tmp_path / "events.db"


def test_rows_are_written_by_one_statement(tmp_path: Path) -> None:
    """Many rows are one transaction without a BEGIN: all of them are there, or none."""
    connection = open_writer(tmp_path / "events.db")
    insert(connection, ROWS)
    with pytest.raises(sqlite3.IntegrityError):
        insert(connection, [ROWS[0]._replace(position=6), ROWS[0]])
    assert not connection.in_transaction
    assert connection.execute("SELECT count(*) FROM log").fetchone() == (5,)
    connection.close()


def test_the_crc_covers_all_of_a_row() -> None:
    """Another position, time, count or byte is another CRC."""
    row = ROWS[0]
    others = [
        row._replace(position=2),
        row._replace(written_at=12),
        row._replace(events=2),
        row._replace(payload=b"payload 2"),
        row._replace(payload=b""),
    ]
    assert len({row_crc(*row), *(row_crc(*other) for other in others)}) == 6


def test_a_row_in_anothers_place_is_not_believed(file: Path) -> None:
    """Rows that swapped their places, as after a misdirected write, are both reported."""
    connection = open_writer(file)
    connection.execute("UPDATE log SET position = 99 WHERE position = 2")
    connection.execute("UPDATE log SET position = 2 WHERE position = 3")
    connection.execute("UPDATE log SET position = 3 WHERE position = 99")
    connection.close()
    found: list[Damage] = []
    assert list(read(file, 0, 5, 1 << 20, found.append)) == [ROWS[0], ROWS[3], ROWS[4]]
    assert found == [Damage(2, 2, "crc"), Damage(3, 3, "crc")]


@pytest.mark.parametrize(("after", "last"), [(0, 5), (2, 4), (4, 5), (5, 5), (0, 0)])
@pytest.mark.parametrize("limit", [1, 20, 1 << 20])
def test_a_range_is_read_whole_whatever_the_slices(file: Path, after: int, last: int, limit: int) -> None:
    """Exactly the rows behind `after` up to `last` come, for slices of any size."""
    assert list(read(file, after, last, limit, unexpected)) == ROWS[after:last]


def test_what_is_not_there_is_named(file: Path) -> None:
    """Missing rows at the start, in the middle and at the end are reported as the ranges they are."""
    connection = open_writer(file)
    connection.execute("DELETE FROM log WHERE position IN (1, 3, 5)")
    connection.close()
    found: list[Damage] = []
    assert list(read(file, 0, 7, 1, found.append)) == [ROWS[1], ROWS[3]]
    assert found == [Damage(1, 1, "missing"), Damage(3, 3, "missing"), Damage(5, 7, "missing")]


def test_what_was_trimmed_is_not_missed(file: Path) -> None:
    """Rows up to the mark of retention are not damage, wherever the reading starts."""
    connection = open_writer(file)
    connection.execute("DELETE FROM log WHERE position <= 3")
    connection.execute("UPDATE mark SET value = 3 WHERE name = 'trimmed'")
    connection.close()
    assert list(read(file, 1, 5, 1, unexpected)) == ROWS[3:]
    assert list(read(file, 0, 3, 1, unexpected)) == []


def test_a_file_that_is_gone_is_a_storage_error(tmp_path: Path) -> None:
    """Reading where no database is raises, and makes none."""
    with pytest.raises(StorageError):
        list(read(tmp_path / "events.db", 0, 1, 1, unexpected))
    assert not (tmp_path / "events.db").exists()
