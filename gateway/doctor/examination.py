"""One reading of a data folder from end to end, without writing to it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from gateway.core.record import decode_record
from gateway.doctor.findings import Findings, Loss, SnapshotFound
from gateway.doctor.gaps import Gaps
from gateway.doctor.proof import Intake, Proof, readable
from gateway.errors import ConfigError
from gateway.store import Damage, survey, wal
from gateway.store.faults import refused, translate
from gateway.store.repair import image
from gateway.store.schema import FILE, check_owner, open_reader, wal_file
from gateway.store.wal import Wal

__all__ = ["examine"]

_IDLE: Final = Wal(0, [])


def examine(folder: Path, intake: Intake, *, in_use: bool) -> Findings:
    """All that can be found out. Reads the whole file twice, and takes memory for two snapshots.

    Args:
        folder: absolute.
        intake: the settings that the log was written with.
        in_use: a gateway is at work in it; its write-ahead log is not looked at then.

    Raises:
        ConfigError: there is no event log, or it is another program's or a newer version's.
        StorageError: the disk fails, or nothing in the file can be read.
        DiskFullError: the copy that a damaged write-ahead log needs found no room.
    """
    file = folder / FILE
    if not file.is_file():
        raise ConfigError("data", f"there is no event log in {folder}")
    try:
        log = _IDLE if in_use else wal.inspect(wal_file(file))
        with image(folder, log) as source, closing(open_reader(source)) as connection:
            check_owner(connection, source)
            findings = Findings(str(folder), wal_frames=None if in_use else len(log.frames), wal_hidden=log.hidden)
            findings.structure = survey.structure(connection)
            connection.execute("BEGIN")  # one view, while a gateway may write
            _examine(connection, intake, findings)
    except sqlite3.Error as error:
        raise translate(error, file) from error
    except OSError as error:
        raise refused(error, f"cannot read {file}") from error
    return findings


def _examine(connection: sqlite3.Connection, intake: Intake, findings: Findings) -> None:
    findings.trimmed = survey.trimmed(connection) or 0
    newest, older = _snapshots(connection, intake, findings)
    proof = _begin(intake, newest, older, findings)
    gaps, damage = Gaps(), list[Damage]()
    start = older[0] if older is not None else 0
    for row in survey.each_row(connection, damage.append):
        if len(damage) > len(findings.losses):
            findings.losses += [Loss(*each, counted=False) for each in damage[len(findings.losses) :]]
            gaps.hole()
        findings.first = findings.first or row.position
        findings.last, findings.rows, findings.events = (
            row.position,
            findings.rows + 1,
            findings.events + row.events,
        )
        try:
            gaps.take(entry for entry, _, _ in decode_record(row.payload).batches)
        except ValueError:
            findings.unreadable += 1
            continue
        if proof is not None and newest is not None and start < row.position <= newest[0]:
            proof.take(row.payload)
    findings.batches = gaps.spans
    seen = newest[0] if newest is not None else 0
    findings.losses = [part for each in damage for part in _split(each, seen)]
    if newest is not None and newest[0] > findings.last and newest[0] > max(findings.trimmed, _end(damage)):
        first = max(findings.last, findings.trimmed, _end(damage)) + 1
        findings.losses.append(Loss(first, newest[0], "missing", counted=True))
    if proof is not None and newest is not None and proof.rows == newest[0] - start:
        findings.disproved = proof.differences(newest[1])
        findings.proof = f"{proof.rows} rows " + ("behind the snapshot before it" if start else "from the first on")
    findings.oddities = survey.oddities(connection)


_State = tuple[int, Mapping[str, bytes]]


def _snapshots(
    connection: sqlite3.Connection, intake: Intake, findings: Findings
) -> tuple[_State | None, _State | None]:
    """The newest good one and the good one before it."""
    good: list[_State] = []
    for entry in survey.each_snapshot(connection):
        stored = entry.stored
        wrong = "a CRC is wrong" if stored is None else readable(stored.blobs, intake)
        findings.snapshots.append(SnapshotFound(entry.position, wrong))
        if stored is not None and not wrong and len(good) < 2:
            good.append((stored.position, stored.blobs))
    padded: Sequence[_State | None] = [*good, None, None]
    return padded[0], padded[1]


def _begin(intake: Intake, newest: _State | None, older: _State | None, findings: Findings) -> Proof | None:
    if newest is None or (older is None and findings.trimmed):
        return None
    return Proof(intake, older[1] if older is not None else None)


def _split(damage: Damage, seen: int) -> list[Loss]:
    """What the newest snapshot has the effect of, and what it has not."""
    if damage.first <= seen < damage.last:
        return [
            Loss(damage.first, seen, damage.reason, counted=True),
            Loss(seen + 1, damage.last, damage.reason, counted=False),
        ]
    return [Loss(*damage, counted=damage.last <= seen)]


def _end(damage: Sequence[Damage]) -> int:
    return damage[-1].last if damage else 0
