"""What an examination found, as values: nothing here reads or prints."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

__all__ = ["Findings", "Loss", "SnapshotFound", "Span"]


class Span(NamedTuple):
    """Batches of one producer by number, both ends included."""

    producer: str
    epoch: int
    first: int
    last: int


class Loss(NamedTuple):
    """Positions of the log, both included, whose rows are lost, and why: `crc`, `missing` or `structure`."""

    first: int
    last: int
    reason: str
    counted: bool
    """The newest good snapshot has their effect: KPIs are right, a replay lacks them."""


class SnapshotFound(NamedTuple):
    """A published snapshot."""

    position: int
    wrong: str
    """Empty: every CRC is right and every part can be read."""


@dataclass
class Findings:
    """All there is to say about a folder. Lists are empty where all is well."""

    folder: str
    structure: list[str] = field(default_factory=list)
    """What SQLite finds wrong with the file."""
    wal_frames: int | None = 0
    """Pages in the write-ahead log; None: a gateway is at work, which writes to it."""
    wal_hidden: int = 0
    """Transactions that were flushed and are behind a damaged page of it: a start would pass over them."""
    first: int = 0
    last: int = 0
    """Positions of the oldest and newest good row; 0: there is none."""
    rows: int = 0
    events: int = 0
    trimmed: int = 0
    """The last position that retention took."""
    losses: list[Loss] = field(default_factory=list)
    batches: list[Span] = field(default_factory=list)
    """Of the lost rows, what can be told by the numbers around them: the first `MOST_SPANS`."""
    unreadable: int = 0
    """Good rows that this version cannot decode."""
    snapshots: list[SnapshotFound] = field(default_factory=list)
    """Newest first."""
    proof: str = ""
    """How the dedup table and the ledger of the newest good snapshot were proved; empty: they could not be."""
    disproved: list[str] = field(default_factory=list)
    """Where they are not what the log makes of them."""
    oddities: list[str] = field(default_factory=list)
    """In KPI history and quarantine."""

    @property
    def whole(self) -> bool:
        """Nothing is damaged."""
        return not (
            self.structure
            or self.wal_hidden
            or self.losses
            or self.unreadable
            or any(snapshot.wrong for snapshot in self.snapshots)
            or self.disproved
            or self.oddities
        )

    @property
    def mendable(self) -> bool:
        """A new file would be without some of it. What is missing stays missing, and stays reported."""
        torn = any(loss.reason != "missing" for loss in self.losses)
        return bool(self.structure or self.wal_hidden or torn or any(s.wrong for s in self.snapshots) or self.oddities)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        body = asdict(self)
        for name in ("losses", "batches", "snapshots"):
            body[name] = [item._asdict() for item in getattr(self, name)]
        return {"whole": self.whole} | body
