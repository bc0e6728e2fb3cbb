"""A damaged database made anew from all that is good in it. The damaged files are put aside and never changed.

    build events.db.draft -> flush -> call it events.db.repaired -> the old files into damaged-N/ -> call it events.db

From the first rename on the new file is whole. A crash behind it leaves a folder that no gateway opens, and a second
`repair` only does the rest of the moves.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Final

from gateway.errors import StorageError
from gateway.store import folder as data_folder
from gateway.store import rows, schema, survey, wal
from gateway.store.faults import refused, translate
from gateway.store.rows import Damage
from gateway.store.schema import FILE
from gateway.store.wal import Wal

__all__ = ["READY", "check_whole", "image", "repair"]

DRAFT: Final = FILE + ".draft"
READY: Final = FILE + ".repaired"
CHUNK: Final = 64
"""Rows of the log that go in with one statement."""

_TABLES: Final = {
    "series": "series",
    "history": "series, level, start, mark, dims",
    "rejected": "reason",
    "quarantine": "id",
}
"""What is copied as it is, with the key that tells its rows apart."""


def check_whole(folder: Path) -> None:
    """Before a log is opened for writing, which would bury what is behind a damaged frame of the write-ahead log.

    Raises:
        StorageError: acknowledged rows are behind such a frame, the database file itself is missing, or a repair was
            interrupted. Nothing was touched.
    """
    if (folder / READY).exists():
        raise StorageError(f"{folder}: a repair was interrupted; `tidegate doctor {folder} --repair` goes on with it")
    file = schema.wal_file(folder / FILE)
    if not (folder / FILE).exists() and file.exists() and file.stat().st_size:
        raise StorageError(f"{folder / FILE} is missing, and {file} is there: put it back, or move that one away, too")
    try:
        hidden = wal.inspect(file).hidden
    except OSError as error:
        raise refused(error, f"cannot read {file}") from error
    if hidden:
        raise StorageError(
            f"{file} is damaged: {hidden} transactions that were flushed are behind a frame that is not what was"
            f" written; it was left as it is: `tidegate doctor {folder}` says what is lost"
        )


@contextmanager
def image(folder: Path, log: Wal) -> Iterator[Path]:
    """The database file to look at: that of the folder or, when its write-ahead log hides transactions, a copy of it
    elsewhere with all of the log that can be proved.

    Raises:
        OSError: the copy found no room.
    """
    file = folder / FILE
    if not log.hidden:
        yield file
        return
    with tempfile.TemporaryDirectory(prefix="tidegate-doctor-") as place:
        copy = Path(place) / FILE
        shutil.copyfile(file, copy)
        wal.fold_in(schema.wal_file(file), log, copy)
        yield copy


def repair(folder: Path) -> Path:
    """Make the database of a folder anew; where the damaged files are now. Call it under the folder's lock.

    Takes as much room again as what is good. Rows keep their positions, so what is lost stays a gap that every reader
    of the log reports.

    Raises:
        StorageError: the disk fails, or nothing in the file can be read. The folder is as it was.
        DiskFullError: no room.
    """
    ready = folder / READY
    try:
        if not ready.exists():
            _build(folder, folder / DRAFT)
            (folder / DRAFT).replace(ready)
            data_folder.sync(folder)
        aside = _aside(folder)
        for name in (FILE, FILE + "-wal", FILE + "-shm"):
            if (folder / name).exists():
                (folder / name).replace(aside / name)
        data_folder.sync(aside)
        data_folder.sync(folder)
        ready.replace(folder / FILE)
        data_folder.sync(folder)
    except sqlite3.Error as error:
        raise translate(error, folder / FILE) from error
    except OSError as error:
        raise refused(error, f"cannot repair {folder}") from error
    return aside


def _aside(folder: Path) -> Path:
    number = 1
    while (aside := folder / f"damaged-{number}").exists() and any(aside.iterdir()):
        number += 1
    aside.mkdir(mode=0o700, exist_ok=True)
    return aside


def _build(folder: Path, draft: Path) -> None:
    for file in (draft, schema.wal_file(draft), draft.with_name(draft.name + "-shm")):
        file.unlink(missing_ok=True)
    log = wal.inspect(schema.wal_file(folder / FILE))
    with (
        image(folder, log) as source,
        closing(schema.open_reader(source)) as reader,
        closing(schema.open_writer(draft)) as writer,
    ):
        reader.text_factory = lambda text: text.decode("utf-8", "replace")
        schema.check_owner(reader, source)
        writer.execute("BEGIN IMMEDIATE")
        _copy_log(reader, writer)
        _copy_snapshots(reader, writer)
        for name, key in _TABLES.items():
            columns = _columns(reader, name)
            if columns:  # an older version has not all of them
                _put(writer, name, columns, survey.table(reader, name, key))
        writer.execute("COMMIT")
        writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    data_folder.sync(folder)


def _copy_log(reader: sqlite3.Connection, writer: sqlite3.Connection) -> None:
    lost: list[Damage] = []
    good = survey.each_row(reader, lost.append)
    first: int | None = None
    while chunk := list(islice(good, CHUNK)):
        first = chunk[0].position if first is None else first
        rows.insert(writer, chunk)
    trimmed = survey.trimmed(reader)
    if trimmed is None:  # what it was is not known: no row is called lost that may have been trimmed
        trimmed = (first or 1) - 1
    writer.execute("UPDATE mark SET value = ? WHERE name = 'trimmed'", (trimmed,))


def _copy_snapshots(reader: sqlite3.Connection, writer: sqlite3.Connection) -> None:
    for entry in survey.each_snapshot(reader):
        if entry.stored is None:
            continue
        for name, column in (("snapshot", "id"), ("snapshot_piece", "snapshot")):
            found = reader.execute(f"SELECT * FROM {name} WHERE {column} = ?", (entry.identity,))  # noqa: S608
            _put(writer, name, _columns(reader, name), found)


def _columns(reader: sqlite3.Connection, name: str) -> list[str]:
    return [f'"{row[1]}"' for row in reader.execute(f"PRAGMA table_info({name})")]


def _put(writer: sqlite3.Connection, name: str, columns: list[str], found: Iterable[tuple[Any, ...]]) -> None:
    places = ", ".join("?" * len(columns))
    writer.executemany(f"INSERT OR IGNORE INTO {name} ({', '.join(columns)}) VALUES ({places})", found)  # noqa: S608
