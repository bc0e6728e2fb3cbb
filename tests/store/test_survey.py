"""A look at a damaged file: what can be read is read, and what cannot is named."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from gateway.store import Quarantined, survey
from gateway.store.rows import Damage
from gateway.store.schema import PAGE_BYTES, open_reader
from tests.store.answers import appended, opened, saved
from tests.store.child import blobs, payload
from tests.store.histories import keep, line, lines

ROWS = 40


def filled(folder: Path) -> Path:
    """A database with rows of all kinds; its file."""
    with opened(folder) as log:
        appended(log, *(payload(position) for position in range(1, ROWS + 1)))
        saved(log, 10, blobs(10))
        saved(log, 30, blobs(30))
        log.quarantine([Quarantined("late", n, "p", payload(n)) for n in range(20)])
        keep(log, lines([line(second * 1_000) for second in range(50)]))
    return folder / "events.db"


@contextmanager
def read(file: Path) -> Iterator[sqlite3.Connection]:
    """A reader of it."""
    with closing(open_reader(file)) as connection:
        yield connection


def test_a_whole_file_has_nothing_to_tell(tmp_path: Path) -> None:
    """All rows, both snapshots, no oddity."""
    with read(filled(tmp_path)) as connection:
        damage: list[Damage] = []
        assert [row.position for row in survey.each_row(connection, damage.append)] == list(range(1, ROWS + 1))
        assert [(entry.position, entry.stored is not None) for entry in survey.each_snapshot(connection)] == [
            (30, True),
            (10, True),
        ]
        assert (damage, survey.structure(connection), survey.oddities(connection)) == ([], [], [])
        assert survey.trimmed(connection) == 0
        assert len(list(survey.table(connection, "quarantine", "id"))) == 20


def test_any_page_may_be_garbage(tmp_path: Path) -> None:
    """Whichever page is overwritten: each position is either read as it was written or named as lost, never neither."""
    file = filled(tmp_path)
    whole = file.read_bytes()
    chance = random.Random(7)
    lost = 0
    for page in range(1, len(whole) // PAGE_BYTES):
        file.write_bytes(whole[: page * PAGE_BYTES] + chance.randbytes(PAGE_BYTES) + whole[(page + 1) * PAGE_BYTES :])
        with read(file) as connection:
            damage: list[Damage] = []
            good = list(survey.each_row(connection, damage.append))
            assert all(row.payload == payload(row.position) for row in good)
            named = {position for each in damage for position in range(each.first, min(each.last, ROWS) + 1)}
            assert named.isdisjoint(row.position for row in good)
            end = max([*named, *(row.position for row in good)], default=0)
            assert named | {row.position for row in good} == set(range(1, end + 1))
            lost += len(named) > 0
            for entry in survey.each_snapshot(connection):
                assert entry.stored is None or entry.stored.blobs == blobs(entry.position)
            survey.oddities(connection)
            for name, key in (("history", "series, level, start, mark, dims"), ("quarantine", "id")):
                list(survey.table(connection, name, key))
    assert lost > 5


def test_rows_on_both_sides_of_a_damaged_page_are_read(tmp_path: Path) -> None:
    """Of a table with a page that cannot be read, what is before it and what is behind."""
    file = tmp_path / "t.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE t (a INTEGER, b TEXT, x BLOB, PRIMARY KEY (a, b)) WITHOUT ROWID")
        connection.executemany("INSERT INTO t VALUES (?, ?, zeroblob(500))", [(n // 3, str(n % 3)) for n in range(300)])
        connection.commit()
    data = bytearray(file.read_bytes())
    middle = len(data) // 4_096 // 2
    data[middle * 4_096 : middle * 4_096 + 4_096] = b"\xff" * 4_096
    file.write_bytes(data)
    with closing(sqlite3.connect(file)) as connection:
        found = [row[:2] for row in survey.table(connection, "t", "a, b")]
    assert 280 < len(set(found)) == len(found) < 300
    assert {(0, "0"), (99, "2")} <= set(found)


def test_oddities_are_told(tmp_path: Path) -> None:
    """A sum that is off, a text that is no JSON, rows without their series, a reason that was never counted."""
    file = filled(tmp_path)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE history SET body = '[1' WHERE start = 3000")
        connection.execute("UPDATE mark SET value = value + 5 WHERE name = 'history_bytes'")
        connection.execute("DELETE FROM series")
        connection.execute("UPDATE quarantine SET reason = 'x' WHERE id = 3")
        connection.commit()
    with read(file) as connection:
        assert survey.oddities(connection) == [
            "50 rows of KPI history without their series",
            "1 rows of KPI history that are no JSON",
            "the size of KPI history is off by 5 bytes",
            "1 reasons kept in quarantine that were never counted",
        ]
