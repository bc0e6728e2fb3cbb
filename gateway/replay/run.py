"""The command: from a recording to rows on the standard output."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from analytics import Engine, KpiSpec
from gateway.core.fold import Fold
from gateway.core.logged import replay_log
from gateway.core.recording import Recording
from gateway.core.replay import Replay, replay_recording
from gateway.errors import EXIT_DRAINED, ConfigError, RecordingError
from gateway.replay.progress import Progress
from gateway.replay.source import pieces
from gateway.store import Damage, read_log
from gateway.wire.replies import Limits

__all__ = ["Options", "run_replay"]

PRODUCERS = 1_000
"""Remembered of a log: what is in it has been through deduplication, so who sent it is all that is asked."""


class Options(NamedTuple):
    """What is asked for. Times in ms."""

    file: str | None = None
    """`-` is the standard input."""
    folder: str | None = None
    """A data folder, instead of a file."""
    partial: int | None = None
    """How often, in event time, open windows are printed; None: never."""
    skip_bad: bool = False
    start: int | None = None
    """Only events from then on."""
    end: int | None = None
    """Only events before."""
    memory_budget: int = 512 << 20
    """Bytes."""
    uuids: int = 1_000_000
    """Event ids remembered."""
    limits: Limits = Limits(262_144, 500, 16)
    max_property: int = 65_536
    """As the gateway that wrote the log had them."""


def run_replay(specs: list[KpiSpec], options: Options) -> int:
    """Print every row; the exit code.

    Raises:
        KpiError: the set does not fit the budget.
        ConfigError: the recording or the folder cannot be opened, or it is not said which.
        RecordingError: it holds a line that is no event, or ends within one; or the log is damaged.
        StorageError: the log cannot be read.
    """
    if (options.file is None) == (options.folder is None):
        raise ConfigError("replay", "give either a FILE or --data DIR")
    if options.file is not None:
        return _run_file(specs, options, options.file)
    return _run_log(specs, options, Path(options.folder or ""))


def _run_file(specs: list[KpiSpec], options: Options, file: str) -> int:
    engine = Engine(specs, memory_budget=options.memory_budget, exact=True)
    replay, progress = Replay(engine, options.partial), Progress(sys.stderr)
    span = (options.start, options.end)
    recording = Recording(engine.schema, engine.coders, options.uuids, skip_bad=options.skip_bad, span=span)
    try:
        written = _write(replay_recording(pieces(file), recording, replay), sys.stdout.buffer, replay, progress)
    except RecordingError as error:
        progress.clear()
        raise RecordingError(_stopped(file, recording.lines + 1, str(error), replay)) from error
    progress.clear()
    bad = replay.counts.first_bad
    if bad is not None and recording.stopped:
        raise RecordingError(f"{_stopped(file, bad.number, bad.reason, replay)} (--skip-bad goes on)")
    if written:
        progress.summary(replay)
    return EXIT_DRAINED


def _stopped(file: str, line: int, reason: str, replay: Replay) -> str:
    name = "standard input" if file == "-" else file
    return f"{name}: line {line}: {reason}; stopped behind {replay.counts.events} events"


def _run_log(specs: list[KpiSpec], options: Options, folder: Path) -> int:
    limits, most, budget = options.limits, options.max_property, options.memory_budget
    fold = Fold(specs, limits, most, PRODUCERS, options.uuids, budget, exact=True)
    replay, progress = Replay(fold.engine, options.partial), Progress(sys.stderr)
    damage: list[Damage] = []

    def payloads() -> Iterator[bytes]:
        for row in read_log(folder, damage.append):
            _refuse(damage, options.skip_bad)
            yield row.payload
        _refuse(damage, options.skip_bad)

    output = replay_log(payloads(), fold, replay, (options.start, options.end))
    if _write(output, sys.stdout.buffer, replay, progress):
        lost = sum(part.last - part.first + 1 for part in damage)
        further = [f"{lost} rows of the log damaged"] if lost else []
        progress.summary(replay, further + ([f"{fold.unreadable} frames unreadable"] if fold.unreadable else []))
    return EXIT_DRAINED


def _refuse(damage: list[Damage], skip_bad: bool) -> None:
    if damage and not skip_bad:
        first = damage[0]
        raise RecordingError(f"the log is damaged at position {first.first} ({first.reason}); --skip-bad goes on")


def _write(output: Iterable[bytes], to: BinaryIO, replay: Replay, progress: Progress) -> bool:
    """Write all of it, each part at once; False when the reader has gone, which is its right."""
    try:
        for part in output:
            if part:
                to.write(part)
                to.flush()
            progress.step(replay.counts)
    except BrokenPipeError:
        # What Python would still flush at its end has nobody to go to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), to.fileno())
        return False
    return True
