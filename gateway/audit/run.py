"""The command: one KPI, as it was published and as DuckDB works it out from the event log."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, Final, NamedTuple

from analytics import KpiSpec
from gateway.audit.published import Intake, Published, StoredState, from_gateway
from gateway.audit.question import Question
from gateway.audit.report import lines, summary, table
from gateway.audit.table import EventTable
from gateway.audit.verdict import Totals, compare
from gateway.core.admission import FUTURE_MS
from gateway.core.catchup import groups
from gateway.errors import EXIT_DRAINED, ConfigError
from gateway.store import Damage, kept, read_log

__all__ = ["Options", "run_audit"]

EXIT_DIFFERENT: Final = 1
HINT: Final = "DuckDB is missing; pip install 'tidegate[audit]' brings it"


class Options(NamedTuple):
    """What is asked for. Times in ms."""

    name: str
    folder: str
    intake: Intake
    start: int | None = None
    """Only windows that end behind it."""
    end: int | None = None
    """Only windows that start before it."""
    url: str | None = None
    """A running gateway that is asked for the live values; None: they are those of the folder."""
    view_key: str = ""
    """For `url`; empty: the one that is kept in the folder."""
    form: str = "table"
    on_time: bool = False
    """Leave out events that came when their window was closed."""


class _Log(NamedTuple):
    """What was found in the log."""

    since: int
    """Windows that start before it may have lost events to retention."""
    notes: list[str]


def run_audit(specs: list[KpiSpec], options: Options) -> int:
    """Print every window; the exit code: 0, or 1 when one differs.

    Raises:
        ConfigError: DuckDB or the KPI is missing, the definition cannot be audited, or the folder or the gateway
            cannot be read.
        StorageError: the log or the snapshot cannot be read.
    """
    spec = next((spec for spec in specs if spec.name == options.name), None)
    if spec is None:
        raise ConfigError("audit", f"there is no KPI {options.name!r} in the set")
    question = Question(spec, (options.start, options.end), on_time=options.on_time)
    database = _database()
    published, log = _read(spec, options, question, database)
    totals = Totals()
    windows = compare(published, question.answer(database), question, log.since, totals)
    output = table(windows) if options.form == "table" else lines(spec.name, windows)
    _write(output)
    sys.stderr.write(f"tidegate: {summary(spec.name, totals, [*log.notes, *published.notes])}\n")
    return EXIT_DIFFERENT if totals.differing else EXIT_DRAINED


def _database() -> Any:
    try:
        duckdb = import_module("duckdb")
    except ImportError:
        raise ConfigError("audit", HINT) from None
    return duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})


def _read(spec: KpiSpec, options: Options, question: Question, database: Any) -> tuple[Published, _Log]:
    """Both sides, from one reading of the log."""
    folder, span = Path(options.folder), (options.start, options.end)
    published, state = None, None
    if options.url is not None:
        published = from_gateway(options.url, options.view_key or _kept_key(folder), spec, span)
    else:
        state = StoredState(spec, options.intake, folder)
    fold, damage = options.intake.fold(spec), list[Damage]()
    events = EventTable(database, question.columns, question.delay)
    since, first = -(1 << 62), 0

    def payloads() -> Iterator[bytes]:
        nonlocal since, first
        for row in read_log(folder, damage.append):
            if not first:
                first = row.position
                since = row.written_at + FUTURE_MS if first > 1 else since
            if state is not None:
                state.take(row.position, row.payload, row.written_at)
            yield row.payload

    for group in groups(fold, payloads()):
        events.add(fold.admit(group.arrivals).batch, group.now, group.moments)
        fold.trim()
    events.close()
    notes = [f"the log begins at position {first}"] if first > 1 else []
    if lost := sum(part.last - part.first + 1 for part in damage):
        notes.append(f"{lost} rows of the log are damaged")
    if published is None:
        assert state is not None
        published = state.published(span)
    return published, _Log(since, notes)


def _kept_key(folder: Path) -> str:
    keys = kept(folder)
    if keys is None:
        raise ConfigError("view_keys", "set it, so that the gateway gives its rows")
    return keys.view


def _write(output: Iterator[bytes]) -> None:
    """All of it; a reader that has gone has had enough, but the verdict is on all windows."""
    gone = False
    for line in output:
        try:
            if not gone:
                sys.stdout.buffer.write(line)
        except BrokenPipeError:
            gone = True
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        import os

        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
