"""Findings as lines for a person."""

from __future__ import annotations

from gateway.doctor.findings import Findings, Loss, SnapshotFound, Span
from gateway.doctor.report import lines, verdict

DAMAGED = Findings(
    "d",
    structure=["Tree 3 page 9: btreeInitPage() returns error code 11"],
    wal_frames=7,
    wal_hidden=3,
    first=1,
    last=9,
    rows=6,
    events=60,
    trimmed=0,
    losses=[Loss(2, 2, "crc", counted=True), Loss(7, 8, "missing", counted=False)],
    batches=[Span("p", 1, 4, 4), Span("p", 1, 7, 9)],
    unreadable=1,
    snapshots=[SnapshotFound(5, "a CRC is wrong")],
    oddities=["1 rows of KPI history that are no JSON"],
)


def test_every_damage_has_its_line() -> None:
    """With positions, batches, and whether the KPIs lack it."""
    said = "\n".join(lines(DAMAGED))
    for words in (
        "btreeInitPage",
        "3 flushed transactions",
        "6 rows with 60 events, each proved by its CRC, positions 1 to 9",
        "position 2 (crc): counted",
        "positions 7 to 8 (missing): no good snapshot has it",
        "batch 4 of producer 'p', epoch 1",
        "batches 7 to 9 of producer 'p', epoch 1",
        "1 rows that are whole",
        "at 5: a CRC is wrong",
        "not proved",
        "no JSON",
    ):
        assert words in said
    assert verdict(DAMAGED) == "damaged; 3 rows of the log are lost, 2 of them from the KPIs"


def test_a_whole_folder_says_what_was_proved() -> None:
    """Each part in a line."""
    whole = Findings("d", first=3, last=4, rows=2, events=9, trimmed=2, proof="2 rows from the first on")
    assert list(lines(whole)) == [
        "file       its structure is whole",
        "wal        0 pages, nothing behind a damaged one",
        "log        2 rows with 9 events, each proved by its CRC, positions 3 to 4; up to 2 trimmed",
        "snapshot   none yet",
        "dedup      proved by 2 rows from the first on",
    ]
    assert verdict(whole) == "whole"


def test_a_dedup_table_that_is_wrong_is_not_called_proved() -> None:
    """And what was not looked at is said."""
    said = list(lines(Findings("d", wal_frames=None, proof="2 rows", disproved=["the event ids are not those"])))
    assert "dedup      the event ids are not those" in said
    assert not any("proved by 2" in line for line in said)
    assert "wal        not looked at: a gateway is at work" in said
