"""The state comes back from the newest snapshot that proves itself, and the log behind it."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import orjson
import pytest

from analytics import outlet
from gateway.core.fold import Fold
from gateway.errors import StorageError
from gateway.server import recovery
from gateway.server.recovery import Recovered, recover
from gateway.store import Damage, EventLog, Keep
from tests.core.simulated_client import NOW
from tests.core.test_catchup import Live, new_fold
from tests.store.answers import appended, opened, saved
from tests.store.test_log import edit

Blobs = dict[str, bytes]


def filled(folder: Path, *, at: tuple[int, ...] = (20, 40), rows: int = 50) -> tuple[Live, list[Blobs]]:
    """A data folder with a log and snapshots at these positions, and the run that wrote it."""
    live, blobs = Live(4, rows=0), []
    with opened(folder) as log:
        for position in range(1, rows + 1):
            live.run(1)
            appended(log, live.log[-1])
            if position in at:
                blobs.append(live.fold.snapshot())
                saved(log, position, blobs[-1])
    return live, blobs


def recovered(folder: Path) -> tuple[Recovered, Fold, EventLog]:
    """What a start finds there."""
    fold = new_fold()
    with opened(folder) as log:
        return recover(log, fold, lambda: NOW), fold, log


def swap(folder: Path, identity: int, name: str, blob: bytes) -> None:
    """Put another blob into a snapshot, with all CRCs right: only its meaning is wrong."""
    with opened(folder) as log:
        connection = sqlite3.connect(folder / "events.db")
        (position,) = connection.execute("SELECT position FROM snapshot WHERE id = ?", (identity,)).fetchone()
        connection.close()
        found = log.latest_snapshot()
        assert found is not None
        assert found.position == position
        blobs = {**found.blobs, name: blob}
    edit(folder, f"DELETE FROM snapshot_piece WHERE snapshot = {identity}")
    edit(folder, f"DELETE FROM snapshot WHERE id = {identity}")
    with opened(folder) as log:
        saved(log, position, blobs)


def test_a_start_takes_the_newest_snapshot_and_the_rest_of_the_log(tmp_path: Path) -> None:
    """What comes out is what was alive, and its hash is said."""
    live, _ = filled(tmp_path)
    found, fold, log = recovered(tmp_path)
    assert (found.snapshot, found.position, log.bad_snapshots, log.damage) == (40, 50, 0, [])
    assert 0 < found.events < live.fold.ledger.sent
    assert found.state == live.fold.state().hash == fold.state().hash


def test_without_a_snapshot_the_log_is_enough(tmp_path: Path) -> None:
    """All of it is folded, to the same hash; and an empty folder has one too."""
    live, _ = filled(tmp_path / "a", at=())
    found, _, _ = recovered(tmp_path / "a")
    assert (found.snapshot, found.events, found.state) == (0, live.fold.ledger.sent, live.fold.state().hash)
    found, _, _ = recovered(tmp_path / "b")
    assert found == (0, 0, 0, new_fold().state().hash, found.seconds)


@pytest.mark.parametrize("name", ["engine", "producers", "uuids", "ledger"])
def test_a_snapshot_of_another_state_is_refused(tmp_path: Path, name: str) -> None:
    """Its CRCs are right and its hash is not: the one before it is taken, with more of the log, and it is counted."""
    live, (older, _) = filled(tmp_path)
    swap(tmp_path, 2, name, older[name])
    found, _, log = recovered(tmp_path)
    assert (found.snapshot, log.bad_snapshots) == (20, 1)
    assert found.state == live.fold.state().hash


def test_one_of_another_version_is_refused(tmp_path: Path) -> None:
    """As are all of them, if need be: the log is whole."""
    live, (older, newer) = filled(tmp_path)
    version = (2).to_bytes(2, "little")
    for identity, blobs in ((2, newer), (1, older)):
        swap_version = blobs["engine"][:4] + version + blobs["engine"][6:]
        if identity == 1:
            edit(tmp_path, "DELETE FROM snapshot WHERE position = 40")
        swap(tmp_path, identity, "engine", swap_version)
    found, _, log = recovered(tmp_path)
    assert (found.snapshot, log.bad_snapshots) == (0, 1)
    assert found.state == live.fold.state().hash


def test_a_refused_snapshot_is_replaced_by_the_next(tmp_path: Path) -> None:
    """It does not count as one of those that are kept."""
    live, (older, _) = filled(tmp_path)
    swap(tmp_path, 2, "ledger", older["ledger"])
    with opened(tmp_path) as log:
        recover(log, new_fold(), lambda: NOW)
        saved(log, 50, live.fold.snapshot())
        positions = _positions(tmp_path)
    assert positions == [50, 20]


def _positions(folder: Path) -> list[int]:
    connection = sqlite3.connect(folder / "events.db")
    try:
        return [row[0] for row in connection.execute("SELECT position FROM snapshot ORDER BY id DESC")]
    finally:
        connection.close()


def test_rows_that_cannot_wait_are_kept_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of windows that become final while the log is read: each row that there is when none goes before its time."""
    live, _ = filled(tmp_path, at=())
    keeps: list[Keep] = []
    monkeypatch.setattr(EventLog, "keep", lambda _, keep: keeps.append(keep))
    found = []
    for most in (outlet.MOST, 1):
        monkeypatch.setattr(outlet, "MOST", most)
        keeps.clear()
        assert recovered(tmp_path)[0].state == live.fold.state().hash
        rows: dict[tuple[Any, ...], tuple[Any, ...]] = {}
        for keep in keeps:
            rows |= {tuple(row[:5]): tuple(row[5:]) for row in orjson.loads(keep.rows)}
            for gone in orjson.loads(keep.gone):
                rows.pop(tuple(gone), None)
        found.append((len(keeps), rows))
    (few, as_ever), (many, spilled) = found
    assert spilled == as_ever
    assert many > few > 0
    assert len(as_ever) > 50


TRIM = ("DELETE FROM log WHERE position <= 10", "UPDATE mark SET value = 10 WHERE name = 'trimmed'")


def test_without_any_snapshot_a_trimmed_log_is_reported(tmp_path: Path) -> None:
    """The start ends with what there is, and names the rows that nothing has the effect of."""
    filled(tmp_path)
    for statement in (*TRIM, "DELETE FROM snapshot"):
        edit(tmp_path, statement)
    found, fold, log = recovered(tmp_path)
    assert log.damage == [Damage(1, 10, "trimmed")]
    assert (found.snapshot, found.events, found.position) == (0, fold.ledger.sent, 50)


def test_when_none_can_be_taken_and_the_log_is_trimmed_the_start_ends(tmp_path: Path) -> None:
    """Another version may read them: nothing is replaced."""
    _, (older, _) = filled(tmp_path)
    swap(tmp_path, 2, "ledger", older["ledger"])
    edit(tmp_path, "DELETE FROM snapshot WHERE position = 20")
    for statement in TRIM:
        edit(tmp_path, statement)
    with pytest.raises(StorageError, match=r"snapshot at 40: .*the hash .* ledger; and the log begins behind 10"):
        recovered(tmp_path)
    assert _positions(tmp_path) == [40]


def test_history_that_was_not_written_comes_from_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of windows that are over are handed to the store, no more at a time than it can take."""
    live, _ = filled(tmp_path, at=())
    waited: list[int] = []
    with opened(tmp_path) as log:
        monkeypatch.setattr(log, "keep_pace", waited.append)
        recover(log, new_fold(), lambda: NOW)
        assert log._handed > 50
    assert set(waited) == {recovery.WAITING_ROWS}
    assert len(waited) > 1
    assert live.fold.chronicle
