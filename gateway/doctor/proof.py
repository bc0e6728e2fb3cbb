"""Whether the dedup table, the event ids and the ledger of a snapshot are what the log makes of the one before it.

They were saved in one transaction with the log position, and nothing but the log changes them. So the older snapshot
plus the rows between must give the newer; where they do not, an event may be counted twice or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import orjson

from analytics import KpiSpec, Snapshot
from gateway.core.fold import Fold
from gateway.core.ledger import Ledger
from gateway.core.state import State, of_blobs
from gateway.wire.replies import Limits

__all__ = ["Intake", "Proof", "readable"]

_LEAST: Final = '[[kpi]]\nname = "events"\nvalue = "count(*)"\nwindow = "tumbling 60s"\n'


class Intake(NamedTuple):
    """The settings by which the gateway judged what it took."""

    limits: Limits = Limits(262_144, 500, 16)
    max_property: int = 65_536
    producers: int = 100_000
    uuids: int = 1_000_000

    def fold(self) -> Fold:
        """An empty one. Deduplication does not depend on the KPIs, so it has the least of them."""
        specs = KpiSpec.parse(_LEAST)
        return Fold(specs, self.limits, self.max_property, self.producers, self.uuids, 64 << 20)


def readable(blobs: Mapping[str, bytes], intake: Intake) -> str:
    """Why the state in a snapshot cannot be taken; empty when it can. Its hashes are made anew, if it has any."""
    try:
        engine = Snapshot.from_bytes(blobs["engine"])
        fold = intake.fold()
        fold.table.load(blobs["producers"])
        fold.horizon.load(blobs["uuids"])
        fold.ledger.load(blobs["ledger"])
        wrong = State.from_bytes(blobs["state"]).differences(of_blobs(engine, blobs)) if "state" in blobs else []
    except Exception as error:  # whatever it is, it is the snapshot's
        return f"its state cannot be read: {error}"
    return f"the hash of its state is not the one stored with it: {', '.join(wrong)}" if wrong else ""


class Proof:
    """Begins with a snapshot, or with nothing before the first row; takes the rows behind it."""

    def __init__(self, intake: Intake, blobs: Mapping[str, bytes] | None) -> None:
        self._fold = intake.fold()
        self._full = intake.producers
        self._sent = Ledger()
        self.rows = 0
        if blobs is not None:
            self._fold.table.load(blobs["producers"])
            self._fold.horizon.load(blobs["uuids"])
            self._sent.load(blobs["ledger"])
        self._events = self._sent.sent

    def take(self, payload: bytes) -> None:
        """The next row."""
        arrivals = self._fold.recall(payload)
        if arrivals:
            self._fold.admit(arrivals)
            self._fold.trim()
        self._events += sum(arrival.events.n for arrival in arrivals)
        self.rows += 1

    def differences(self, blobs: Mapping[str, bytes]) -> list[str]:
        """Between what came out and the snapshot behind the last row."""
        found = []
        table = {row[0]: row[1:] for row in orjson.loads(blobs["producers"])}
        mine = {row[0]: row[1:] for row in orjson.loads(self._fold.table.to_bytes())}
        # A table that is full has forgotten some. A hello that no batch followed may have taken a row further.
        missing = 0 if len(table) >= self._full else sum(name not in table for name in mine)
        if missing:
            found.append(f"{missing} producers of the log are not in the dedup table")
        if behind := sum(name in table and table[name][0] < epoch for name, (epoch, *_) in mine.items()):
            found.append(f"{behind} producers are in an older epoch than in the log")
        if self._fold.horizon.to_bytes() != blobs["uuids"]:
            found.append("the event ids are not those of the log")
        ledger = Ledger()
        ledger.load(blobs["ledger"])
        if ledger.sent != self._events:
            found.append(f"the ledger counts {ledger.sent} events, the log holds {self._events}")
        return found
