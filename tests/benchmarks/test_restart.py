"""The log that a start is measured with, and the starts, drains and returns that are measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.report import UnequalError
from benchmarks.restart import come_and_go, ready, write_log
from gateway.core.record import decode_record
from gateway.store import read_log, read_snapshot


def test_the_log_is_what_producers_would_have_written(tmp_path: Path) -> None:
    """So many events in rows of so many batches, each producer's in order; and a snapshot of a part of them."""
    write_log(tmp_path, 4_600, 100, 0.5)
    rows = list(read_log(tmp_path, lambda damage: pytest.fail(str(damage))))
    assert [row.events for row in rows[:2]] == [2_000, 2_000]
    batches = [entry for row in rows for entry, _, _ in decode_record(row.payload).batches]
    assert len(batches) == 230
    assert [entry.seq for entry in batches if entry.producer == batches[0].producer] == [1, 2, 3]
    snapshot = read_snapshot(tmp_path)
    assert snapshot is not None
    assert snapshot.position == 1


def test_a_start_is_measured_with_all_its_events(tmp_path: Path) -> None:
    """And refused where some are missing."""
    write_log(tmp_path, 2_000, 1)
    start = ready(tmp_path, 2_000)
    assert start.cpu > 0
    assert start.wall > 0
    with pytest.raises(UnequalError, match="of 2001 events the ledger holds"):
        ready(tmp_path, 2_001)


def test_producers_come_and_are_closed_and_come_again(tmp_path: Path) -> None:
    """The closes take less time than the drain, and the drain less than for ever."""
    drain = come_and_go(tmp_path, 6)
    assert 0 < drain.spread < drain.drained
    assert drain.back > 0
