"""The files of a database while it is open: one that is taken away ends all acknowledgement."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from gateway.errors import StorageError
from gateway.store import Committed, Failed
from gateway.store.presence import Presence
from tests.store.answers import Answers, appended, opened


def test_files_are_known_by_what_they_are_and_not_by_name(tmp_path: Path) -> None:
    """One that was replaced is gone, one that grew is not, and one that was not there at first cannot be."""
    file, wal = tmp_path / "x.db", tmp_path / "x.db-wal"
    file.write_bytes(b"1")
    wal.write_bytes(b"2")
    presence = Presence(file, sqlite3.connect(":memory:"))
    presence.check()
    wal.write_bytes(b"longer")
    presence.check()
    other = tmp_path / "other"
    other.write_bytes(b"2")
    other.replace(wal)
    with pytest.raises(StorageError, match=r"x\.db-wal was removed or replaced"):
        presence.check()
    file.unlink()
    with pytest.raises(StorageError, match=r"x\.db was removed or replaced"):
        presence.check()


@pytest.mark.parametrize("name", ["events.db-wal", "events.db-shm", "events.db"])
def test_a_file_that_is_taken_away_ends_all_acknowledgement(tmp_path: Path, name: str) -> None:
    """No row is acknowledged from then on; those that were are there, unless it was the database itself that went."""
    log = opened(tmp_path)
    appended(log, b"one", b"two")
    (tmp_path / name).rename(tmp_path / "aside")
    answers = Answers()
    log.append(b"three", 1, 1, answers)
    (answer,) = answers.wait(1)
    assert isinstance(answer, Failed)
    assert not isinstance(answer, Committed)
    assert isinstance(answer.error, StorageError)
    assert str(answer.error) == f"{tmp_path / name} was removed or replaced while it was in use"
    assert log.failure is answer.error
    log.close()
    if name == "events.db":
        with pytest.raises(StorageError, match=r"events\.db is missing, and .*events\.db-wal is there"):
            opened(tmp_path)
        (tmp_path / "aside").rename(tmp_path / name)
    with opened(tmp_path) as again:
        assert [row.payload for row in again.read(0)][:2] == [b"one", b"two"]
        assert again.damage == []
