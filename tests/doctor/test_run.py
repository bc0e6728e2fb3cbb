"""The command on real folders: exit codes, and what a repair leaves."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gateway.doctor.run import Options, run_doctor
from gateway.errors import ConfigError, DataFolderLockedError
from tests.doctor.folders import folder
from tests.store.answers import opened


def damage(place: Path) -> None:
    """A row that is not what was written, and one that is gone."""
    with closing(sqlite3.connect(place / "events.db")) as connection:
        connection.execute("UPDATE log SET payload = x'00' WHERE position = 3")
        connection.execute("DELETE FROM log WHERE position = 10")
        connection.commit()


def test_a_whole_folder_is_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As text and as JSON; a repair of it does nothing."""
    place = folder(tmp_path)
    assert run_doctor(Options(str(place))) == 0
    assert capsys.readouterr().out.endswith(f"{place}: whole\n")
    assert run_doctor(Options(str(place), form="json", repair=True)) == 0
    assert json.loads(capsys.readouterr().out)["whole"] is True
    assert not (place / "damaged-1").exists()


def test_damage_is_1_and_a_repair_keeps_all_that_is_good(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Behind it the gap is still reported, the damaged file is put aside, and a second repair has nothing to do."""
    place = folder(tmp_path)
    damage(place)
    assert run_doctor(Options(str(place))) == 1
    assert not (place / "damaged-1").exists()
    assert run_doctor(Options(str(place), repair=True)) == 0
    assert "damaged-1" in capsys.readouterr().out
    with opened(place) as log:
        assert [row.position for row in log.read(0)] == [1, 2, 4, 5, 6, 7, 8, 9, 11, 12]
    with closing(sqlite3.connect(place / "damaged-1" / "events.db")) as connection:
        assert connection.execute("SELECT count(*) FROM log").fetchone() == (11,)
    assert run_doctor(Options(str(place), repair=True)) == 1
    assert not (place / "damaged-2").exists()


def test_beside_a_gateway_it_only_looks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its write-ahead log is left alone, and a repair is refused."""
    place = folder(tmp_path)
    with opened(place):
        assert run_doctor(Options(str(place), form="json")) == 0
        assert json.loads(capsys.readouterr().out)["wal_frames"] is None
        with pytest.raises(DataFolderLockedError):
            run_doctor(Options(str(place), repair=True))


def test_an_interrupted_repair_is_finished_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The new file was whole; only its name was missing."""
    place = folder(tmp_path)
    (place / "events.db").rename(place / "events.db.repaired")
    assert run_doctor(Options(str(place), repair=True)) == 0
    assert "interrupted" in capsys.readouterr().out
    assert (place / "events.db").exists()


def test_no_folder_is_a_wrong_argument(tmp_path: Path) -> None:
    """It is not made."""
    with pytest.raises(ConfigError, match="not a folder"):
        run_doctor(Options(str(tmp_path / "nowhere")))
    assert list(tmp_path.iterdir()) == []
