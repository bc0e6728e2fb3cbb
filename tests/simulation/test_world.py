"""A thousand worlds: whatever their faults, what was acked is there, once. Were it not, the worlds would see it."""

from __future__ import annotations

import random
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gateway.store import schema, writer
from gateway.store.jobs import Append
from gateway.store.results import Committed
from tests.simulation.disk import Disk, Faults
from tests.simulation.loop import Loop
from tests.simulation.options import Options
from tests.simulation.vfs import NoLibraryError, mounted
from tests.simulation.world import run

CHUNK = 100

EVERY_CHUNK_SEES = {
    *("kill", "power_cut", "crash_in_io", "drained", "exit_74", "failed_start"),
    *("start_from_snapshot", "start_with_replay", "start_from_snapshot_with_replay"),
    *("pages_lost", "loop_during_io"),
    *("write_eio", "write_full", "write_short", "sync_eio", "read_eio", "low_water", "clock_jump"),
    *("repeated", "skipped", "nack", "post_apply", "post_wait", "post_repeated"),
    *("verdict_drop", "verdict_duplicate", "level_1", "level_3"),
}
"""What the dice must have brought about: a fault that never happens proves nothing."""


@pytest.fixture(autouse=True)
def _reachable() -> None:
    try:
        with mounted(Disk(random.Random(0), Faults())):
            pass
    except NoLibraryError as error:
        pytest.skip(str(error))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """Where a run keeps its lock: in memory where there is such a folder, since each start flushes it."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else tmp_path) as folder:
        yield Path(folder)


def several(place: Path) -> None:
    """Enough seeds to find what is broken outright."""
    for seed in range(60):
        run(seed, place)


@pytest.mark.parametrize("chunk", range(10))
def test_nothing_acked_is_lost_and_nothing_counts_twice(place: Path, chunk: int) -> None:
    """A hundred seeds each; between them they see every kind of fault and every way of going on behind it."""
    seen: Counter[str] = Counter()
    for seed in range(chunk * CHUNK, (chunk + 1) * CHUNK):
        seen += run(seed, place)
    assert sorted(EVERY_CHUNK_SEES - set(seen)) == []


FLUSHES_FAIL = Faults(sync_eio=0.2, crash=0.05)


def test_a_power_cut_while_that_is_folded_in_which_a_failed_flush_left(place: Path) -> None:
    """Pages that only the kernel has are written to the log before they go into the database."""
    seen: Counter[str] = Counter()
    # Few worlds get there; without that writing three of these break. `make mutants` tells when a change moves them.
    for seed in range(80, 120):
        seen += run(seed, place, FLUSHES_FAIL)
    assert min(seen["sync_eio"], seen["crash_in_io"], seen["failed_start"]) > 20


@pytest.mark.parametrize("seed", [430, 784])
def test_a_power_cut_behind_a_failed_flush_of_a_new_file(place: Path, seed: int) -> None:
    """What was never finished is begun anew; in these worlds zeros are left of it."""
    run(seed, place, FLUSHES_FAIL)


def test_a_seed_is_the_same_run_each_time(place: Path) -> None:
    """Or a failure could not be looked at."""
    assert [run(seed, place) for seed in range(5)] == [run(seed, place) for seed in range(5)]


def test_a_weaker_flush_is_found_out(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the flush of each commit a power cut takes what was acked; the message has the seed that shows it."""
    monkeypatch.setattr(schema, "SYNCHRONOUS", "OFF")
    with pytest.raises(AssertionError, match=r"(?s)Options.*python -m tests\.simulation 1 --from \d+"):
        several(place)


def test_an_early_ack_is_found_out(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer before the commit reaches a client while the disk is at work, and a crash takes the row."""
    real = writer.Writer._transact

    def early(self: writer.Writer, appends: list[Append]) -> None:
        for number, append in enumerate(appends, start=self.last_position + 1):
            append.done(Committed(number, 0.0, len(append.payload)))
        real(self, [append._replace(done=lambda result: None) for append in appends])

    monkeypatch.setattr(writer.Writer, "_transact", early)
    with pytest.raises(AssertionError, match=r"what clients were told|accepted and rejected"):
        several(place)


def test_the_sqlite_of_the_product_runs_on_the_simulated_disk() -> None:
    """What the `sqlite3` module writes is there after a flush and a cut, and only there."""
    disk = Disk(random.Random(1), Faults())
    with mounted(disk):
        with closing(sqlite3.connect("/simulated/a.db")) as connection:
            connection.execute("CREATE TABLE t (x)")
        disk.cut_power()
        with closing(sqlite3.connect("/simulated/a.db")) as connection:
            assert connection.execute("SELECT count(*) FROM t").fetchone() == (0,)
    assert set(disk.files) == {"/simulated/a.db"}
    assert not Path("/simulated").exists()


def test_options_are_all_kinds() -> None:
    """Each fault is on in some runs and off in others."""
    all_options = [Options.of(seed) for seed in range(CHUNK)]
    for name in ("write_eio", "write_full", "write_short", "sync_eio", "read_eio", "crash"):
        assert {getattr(options.faults, name) > 0 for options in all_options} == {True, False}
    for name in ("kill", "cut", "drain", "full", "jump", "busy", "trim"):
        assert {bool(getattr(options, name)) for options in all_options} == {True, False}


def test_the_loop_runs_in_order_and_by_its_own_time() -> None:
    """What is made ready waits for the next turn; timers come by time; a coroutine goes on when its future is done."""
    loop, said = Loop(random.Random(1), 0), list[str]()
    future = loop.create_future()

    async def wait() -> None:
        said.append(await future)

    over = loop.start(wait())
    loop.call_later(0.2, future.set_result, "late")

    def say() -> None:
        said.append("a")
        loop.call_soon(said.append, "b")

    loop.call_soon(say)
    assert loop.turn()
    assert said == ["a"]
    loop.pass_time(199)
    loop.turn()
    assert said == ["a", "b"]
    loop.pass_time(1)
    while loop.turn():
        pass
    assert (said, over.done()) == (["a", "b", "late"], True)
