"""The event log, its snapshots and quarantine, and the keys of the data folder: bytes only, it knows no events."""

from gateway.store.history import LEVELS, Asked, Page, StoredRow
from gateway.store.keeper import Keep
from gateway.store.keys import Keys, kept, load_or_create
from gateway.store.log import EventLog
from gateway.store.quarantine import Quarantined
from gateway.store.recorded import read_history, read_log, read_quarantine, read_snapshot
from gateway.store.results import Committed, DiskFullError, Done, Failed, Result, StoreBusyError
from gateway.store.rows import Damage, LogRow
from gateway.store.snapshots import StoredSnapshot
from gateway.store.space import Disk, Room, Space

__all__ = [
    "LEVELS",
    "Asked",
    "Committed",
    "Damage",
    "Disk",
    "DiskFullError",
    "Done",
    "EventLog",
    "Failed",
    "Keep",
    "Keys",
    "LogRow",
    "Page",
    "Quarantined",
    "Result",
    "Room",
    "Space",
    "StoreBusyError",
    "StoredRow",
    "StoredSnapshot",
    "kept",
    "load_or_create",
    "read_history",
    "read_log",
    "read_quarantine",
    "read_snapshot",
]
