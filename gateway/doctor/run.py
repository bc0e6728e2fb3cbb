"""The command: examine a data folder, print what was found, and make a new file of what is good when asked to."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final, NamedTuple

import orjson

from gateway.doctor.examination import examine
from gateway.doctor.findings import Findings
from gateway.doctor.proof import Intake
from gateway.doctor.report import lines, verdict
from gateway.errors import EXIT_DRAINED, ConfigError, DataFolderLockedError
from gateway.store.lock import FolderLock
from gateway.store.repair import READY, repair

__all__ = ["Options", "run_doctor"]

EXIT_DAMAGED: Final = 1


class Options(NamedTuple):
    """What is asked for."""

    folder: str
    intake: Intake = Intake()
    repair: bool = False
    form: str = "text"


def run_doctor(options: Options) -> int:
    """Print the findings; the exit code: 0 all whole, or made whole; 1 damage was found.

    Raises:
        ConfigError: there is no event log.
        DataFolderLockedError: a repair was asked for, and a gateway is at work.
        StorageError, DiskFullError: the disk fails, nothing can be read, or there is no room.
    """
    folder = Path(options.folder).absolute()
    if not folder.is_dir():
        raise ConfigError("data", f"{folder} is not a folder")
    lock = _lock(folder, needed=options.repair)
    try:
        if options.repair and (folder / READY).exists():
            _say(options, f"a repair had been interrupted; the damaged files are in {repair(folder)}")
        found = examine(folder, options.intake, in_use=lock is None)
        _print(found, options)
        if not (options.repair and found.mendable):
            return EXIT_DRAINED if found.whole else EXIT_DAMAGED
        _say(options, f"repaired; the damaged files are in {repair(folder)}")
        after = examine(folder, options.intake, in_use=False)
        _print(after, options)
        # What was lost stays lost, and is reported by every later examination.
        return EXIT_DAMAGED if after.mendable else EXIT_DRAINED
    finally:
        if lock is not None:
            lock.release()


def _lock(folder: Path, *, needed: bool) -> FolderLock | None:
    """The right to the folder, so that no gateway begins meanwhile; None: one is at work."""
    try:
        return FolderLock.acquire(folder)
    except DataFolderLockedError:
        if needed:
            raise
        return None


def _print(found: Findings, options: Options) -> None:
    if options.form == "json":
        sys.stdout.write(orjson.dumps(found.as_dict()).decode() + "\n")
    else:
        sys.stdout.write("".join(f"{line}\n" for line in lines(found)))
        sys.stdout.write(f"{found.folder}: {verdict(found)}\n")
    sys.stdout.flush()


def _say(options: Options, text: str) -> None:
    to = sys.stderr if options.form == "json" else sys.stdout
    to.write(f"{text}\n")
