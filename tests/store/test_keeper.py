"""What of KPI history is on disk: the last row of each identity, for its time, and before the snapshot."""

from __future__ import annotations

import sqlite3
import threading
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.store import Committed, EventLog, Result, keeper, schema
from gateway.store.keeper import Keeper
from tests.store.answers import DEADLINE_S, Answers, Held, TestDisk, appended, opened
from tests.store.histories import SERIES, Line, asked, keep, line, lines

_STEPS = st.lists(
    st.tuples(
        st.integers(0, 2), st.integers(0, 3), st.sampled_from(["a", "b"]), st.one_of(st.none(), st.integers(0, 9))
    )
)


def written(connection: sqlite3.Connection, tidy: Keeper) -> None:
    """Let the keeper write all that waits, a transaction for each slice."""
    while tidy.owes:
        connection.execute("BEGIN")
        tidy.write(connection)
        connection.execute("COMMIT")
        tidy.settle()


@settings(deadline=None)
@given(_STEPS, st.integers(1, 4), st.integers(0, 30))
def test_the_last_row_of_an_identity_wins(steps: list[tuple[int, int, str, int | None]], size: int, again: int) -> None:
    """However rows and retractions are cut into jobs, and though those behind any place are said a second time."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for statement in chain.from_iterable(schema._MIGRATIONS):
        connection.execute(statement)
    tidy = Keeper(connection, (10**12,) * 3, 10**12)
    model: dict[tuple[int, int, str], str] = {}
    for step in [*steps, *steps[again:]]:
        level, start, dims, value = step
        if value is None:
            model.pop((level, start, dims), None)
        else:
            model[level, start, dims] = f"[{value},1,0]"
    said = [*steps, *steps[again:]]
    for at in range(0, len(said), size):
        # As the chronicle does it: in one job each identity has one word, the last.
        last: dict[tuple[int, int, str], int | None] = {}
        for level, start, dims, value in said[at : at + size]:
            last[level, start, dims] = value
        rows = [
            line(start, f"[{v},1,0]", level=level, dims=dims)
            for (level, start, dims), v in last.items()
            if v is not None
        ]
        gone = [line(start, level=level, dims=dims) for (level, start, dims), v in last.items() if v is None]
        tidy.add(lines(rows, gone))
    written(connection, tidy)
    found = {
        (level, start, dims): body
        for level, start, dims, body in connection.execute("SELECT level, start, dims, body FROM history")
    }
    assert found == model
    assert tidy.bytes == sum(48 + len(dims) + len(body) for (_, _, dims), body in model.items())
    connection.close()


def test_a_slice_is_one_transaction_and_appends_share_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows ride on appends, a job each, so that a flood of them holds no ack up for long; all of them get there."""
    held_up: list[int] = []
    real = Keeper.write

    def write(self: Keeper, connection: sqlite3.Connection) -> None:
        before = connection.total_changes
        real(self, connection)
        held_up.append(connection.total_changes - before)

    monkeypatch.setattr(Keeper, "write", write)
    with opened(tmp_path) as log:
        held, answers = Held(log), Answers()
        for number in range(20):
            log.keep(lines([line(number * 100_000 + second) for second in range(50)]))
        log.append(b"x", 1, 1, answers)
        held.release()
        assert isinstance(answers.wait()[0], Committed)
        keep(log)
        assert len(log.history(asked()).rows) == 1_000
    # A row and its trigger's change of the sum.
    assert max(held_up) <= 102


def test_a_snapshot_is_published_behind_the_rows_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a snapshot is there, so is every row that was handed over before it."""
    seen: list[int] = []
    with opened(tmp_path) as log:
        held, answered = Held(log), threading.Event()

        def done(result: Result) -> None:
            assert isinstance(result, Committed)
            seen.append(len(log.history(asked()).rows))
            answered.set()

        for number in range(30):
            log.keep(lines([line(number)]))
        log.snapshot(1, {"engine": b"x"}, 1, done)
        held.release()
        assert answered.wait(DEADLINE_S)
    assert seen == [30]


def test_a_stop_writes_what_waits(tmp_path: Path) -> None:
    """Rows that were handed over before the end are there after it."""
    with opened(tmp_path) as log:
        held = Held(log)
        for number in range(30):
            log.keep(lines([line(number)]))
        held.release()
    with opened(tmp_path) as log:
        assert len(log.history(asked()).rows) == 30


def test_rows_wait_for_room(tmp_path: Path) -> None:
    """While the disk is full they stay in memory; then they are written, and the gateway never stopped."""
    disk = TestDisk(free=0)
    with opened(tmp_path, disk=disk) as log:
        log.keep(lines([line(1)]))
        answers = Answers()
        log.append(b"x", 1, 1, answers)
        answers.wait()
        assert log.kept.written == 0
        disk.free = 1 << 40
        appended(log, b"x")
        keep(log)
        assert len(log.history(asked()).rows) == 1


def test_a_stop_does_not_wait_for_room(tmp_path: Path) -> None:
    """Rows that find none are said again after the next start, for the snapshot behind them is not there either."""
    disk = TestDisk(free=0)
    with opened(tmp_path, disk=disk) as log:
        log.keep(lines([line(1)]))
    with opened(tmp_path) as log:
        assert log.history(asked()).rows == []


def test_what_waits_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound the oldest rows are given up, and counted."""
    monkeypatch.setattr(keeper, "WAITING_BYTES", 1_000)
    disk = TestDisk(free=0)
    with opened(tmp_path, disk=disk) as log:
        for number in range(50):
            log.keep(lines([line(number)]))
        answers = Answers()
        log.append(b"x", 1, 1, answers)
        answers.wait()
        assert 0 < log.kept.dropped < 50
        disk.free = 1 << 40
        appended(log, b"x")
        keep(log)
        assert [row.start for row in log.history(asked()).rows] == list(range(log.kept.dropped, 50))


def ages(log: EventLog) -> list[tuple[int, int]]:
    return [(row.start, row.end - row.start) for row in log.history(asked(nested=False)).rows]


def test_each_level_has_its_time(tmp_path: Path) -> None:
    """Rows go when they are older than their level allows; others of the same age stay."""
    rows: list[Line] = [line(at, level=level, ms=level + 1) for level in range(3) for at in (100, 200, 300)]
    with opened(tmp_path, history_ms=(50, 150, 10**6)) as log:
        keep(log, lines(rows, now=301))
        assert ages(log) == [(100, 3), (200, 2), (200, 3), (300, 1), (300, 2), (300, 3)]
        assert log.kept.trimmed == 3


def test_a_backlog_of_old_rows_goes_in_slices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are, each transaction takes out a slice, and in the end none is left, nor their series."""
    monkeypatch.setattr(keeper, "SLICE_ROWS", 10)
    with opened(tmp_path, history_ms=(50, 50, 50)) as log:
        keep(log, lines([line(at) for at in range(95)], now=100))
        assert [start for start, _ in ages(log)] == list(range(50, 95))
        keep(log, lines([line(10**6)], series=78, now=10**6))
        assert ages(log) == []
        assert log.kept.trimmed == 95
    connection = sqlite3.connect(tmp_path / "events.db")
    assert connection.execute("SELECT series FROM series").fetchall() == [(78,)]
    connection.close()


def test_a_series_that_went_may_come_back(tmp_path: Path) -> None:
    """Its name is written down again with its next row."""
    with opened(tmp_path, history_ms=(50, 50, 50)) as log:
        keep(log, lines([line(1)], now=1))
        keep(log, lines([line(10**6)], series=78, now=10**6))
        keep(log, lines([line(2 * 10**6)], now=2 * 10**6))
        assert [start for start, _ in ages(log)] == [2 * 10**6]
    connection = sqlite3.connect(tmp_path / "events.db")
    assert connection.execute("SELECT identity FROM series WHERE series = ?", (SERIES,)).fetchall() == [("kpi 77",)]
    connection.close()


def test_beyond_the_size_the_oldest_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever their level or series, until the rest fits."""
    monkeypatch.setattr(keeper, "SLICE_ROWS", 1)
    size = 48 + len("{}") + len("[1,1,0]")
    with opened(tmp_path, history_bytes=4 * size) as log:
        keep(log, lines([line(at, level=at % 3, ms=1) for at in range(6)]))
        keep(log, lines([line(at) for at in range(6, 8)], series=78, now=10**6))
        assert ages(log) == [(4, 1), (5, 1)]
        assert log.kept.bytes == 4 * size
