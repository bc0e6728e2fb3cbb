"""The command: from a recording to rows on the standard output."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import BinaryIO, NamedTuple

from analytics import Engine, KpiSpec
from gateway.core.recording import Recording
from gateway.core.replay import Replay, replay_recording
from gateway.errors import EXIT_DRAINED, RecordingError
from gateway.replay.progress import Progress
from gateway.replay.source import pieces

__all__ = ["Options", "run_replay"]


class Options(NamedTuple):
    """What is asked for. Times in ms."""

    file: str
    """`-` is the standard input."""
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


def run_replay(specs: list[KpiSpec], options: Options) -> int:
    """Print every row; the exit code.

    Raises:
        KpiError: the set does not fit the budget.
        ConfigError: the recording cannot be opened.
        RecordingError: it holds a line that is no event, or ends within one.
    """
    engine = Engine(specs, memory_budget=options.memory_budget, exact=True)
    replay = Replay(engine, options.partial)
    recording = Recording(
        engine.schema, engine.coders, options.uuids, skip_bad=options.skip_bad, span=(options.start, options.end)
    )
    progress = Progress(sys.stderr)
    written = _write(replay_recording(pieces(options.file), recording, replay), sys.stdout.buffer, replay, progress)
    progress.clear()
    bad = replay.counts.first_bad
    if bad is not None and recording.stopped:
        name = "standard input" if options.file == "-" else options.file
        raise RecordingError(
            f"{name}: line {bad.number}: {bad.reason}; stopped behind {replay.counts.events} events"
            " (--skip-bad goes on)"
        )
    if written:
        progress.summary(replay)
    return EXIT_DRAINED


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
