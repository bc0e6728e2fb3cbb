"""What the other parts of a server count for themselves, read from them when somebody asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from prometheus_client.core import Metric

from gateway.core.gate import AcceptGate
from gateway.errors import CLOSE_CODES
from gateway.server.families import counter, counters, gauge, gauges
from gateway.server.front import Front, Tally
from gateway.server.house import House

__all__ = ["observed"]

_KNOWN_CLOSES: Final = frozenset(CLOSE_CODES) | {1000, 1005, 1006}


def observed(house: House, gate: AcceptGate, front: Front) -> Iterator[Metric]:
    """Counts of events, viewers and what is kept; of sockets and workers; and the memory of all processes."""
    yield from _events(house)
    yield from _viewers(house)
    yield from _kept(house)
    yield from _sockets(gate, front.tally())
    yield from _workers(front.workers())
    resident = "Resident memory of the process and its workers."
    yield gauge("tidegate_memory_resident_bytes", resident, front.resident())


def _events(house: House) -> Iterator[Metric]:
    ledger, ingest, engine, now = house.fold.ledger, house.ingest, house.fold.engine, house.clock()
    verdicts = {"accepted": ledger.accepted, "duplicate": ledger.duplicate, "rejected": ledger.rejected}
    yield counters("tidegate_events", "Events of applied batches, by what became of them.", "verdict", verdicts)
    yield counter("tidegate_events_warned", "Accepted events that brought a warning.", ledger.warned)
    yield counters("tidegate_verdicts", "Events not plainly accepted, by reason.", "reason", ledger.reasons)
    yield counter("tidegate_batches", "Batches applied.", ledger.batches)
    yield gauge("tidegate_producers", "Producers connected.", len(ingest.sessions))
    yield gauge("tidegate_level", "Pressure level: 0 normal, 1 slower, 2 shed, 3 hold.", ingest.level)
    step = "How far giving up has come: 1 slower, 2 newcomers, 3 shed, 4 hold, 5 KPIs."
    yield gauge("tidegate_shedding", step, int(ingest.shedding.step))
    yield gauge("tidegate_loop_lag_seconds", "Least lag of the event loop of late.", ingest.lag_ms / 1000)
    yield gauge("tidegate_producers_known", "Producers whose last sequence is remembered.", len(house.fold.table))
    forgotten = house.fold.table.forgotten
    yield counter("tidegate_producers_forgotten", "Producers forgotten for want of room.", forgotten)
    yield gauge("tidegate_pending_bytes", "Batches not on disk yet.", ingest.pending_bytes)
    yield gauge("tidegate_credit_outstanding_bytes", "Credit granted and not given back.", house.pool.outstanding)
    yield gauge("tidegate_credit_pool_bytes", "The pool that credit comes from.", house.pool.size)
    yield gauge("tidegate_kpi_memory_bytes", "Memory the KPI set may need.", engine.memory_bytes())
    since = ingest.waiting_since
    lag = 0.0 if since is None else max(0, now - since) / 1000
    yield gauge("tidegate_engine_lag_seconds", "Age of the oldest batch that the KPIs do not have yet.", lag)
    left_out = house.misfits.counts
    yield counters("tidegate_rows_unencodable", "KPI rows left out of what viewers get.", "kpi", left_out)
    marks = {spec.name: engine.watermark(spec.name) for spec in engine.specs}
    ages = {name: max(0, now - mark) / 1000 for name, mark in marks.items() if mark is not None}
    yield gauges("tidegate_watermark_age_seconds", "Age of the watermark.", "kpi", ages)


def _viewers(house: House) -> Iterator[Metric]:
    totals = house.hub.totals()
    yield gauge("tidegate_viewers", "Viewers connected.", len(house.hub.viewers))
    yield counter("tidegate_deltas", "Deltas sent.", totals["deltas"])
    yield counter("tidegate_snapshots", "Snapshots sent.", totals["snapshots"])
    yield counter("tidegate_conflations", "Deltas that stood for more than one step.", totals["conflations"])
    yield counters("tidegate_evictions", "Viewers cut off.", "reason", house.hub.evictions)
    waiting = house.hub.outgoing.bytes
    yield gauge("tidegate_outgoing_bytes", "Snapshots written to viewers and not taken yet.", waiting)


def _kept(house: House) -> Iterator[Metric]:
    kept = house.log.kept
    refused = house.log.bad_snapshots
    yield gauge("tidegate_snapshots_refused", "Snapshots that the start found damaged or not the state.", refused)
    lost = sum(damage.last - damage.first + 1 for damage in house.log.damage)
    yield gauge("tidegate_log_rows_lost", "Rows of the event log that the start found lost.", lost)
    yield gauge("tidegate_kpis_filling", "KPIs that the event log is being read for.", len(house.fold.filling))
    stale = {setting: int(setting in house.refused) for setting in ("kpis", "boards")}
    yield gauges("tidegate_file_refused", "Whether what the file holds now was refused.", "file", stale)
    disk = house.disk()
    yield gauge("tidegate_disk_free_bytes", "Free on the disk of the data folder.", disk["free"])
    yield gauge("tidegate_disk_full", "Whether so little is free that no events are taken.", int(disk["full"]))
    yield counter("tidegate_history_rows", "Rows of KPI history written.", kept.written)
    yield counter("tidegate_history_rows_dropped", "Rows of KPI history given up for want of room.", kept.dropped)
    yield counter("tidegate_history_rows_trimmed", "Rows of KPI history that were too old or too many.", kept.trimmed)
    yield gauge("tidegate_history_bytes", "KPI history on disk, about.", kept.bytes)


def _sockets(gate: AcceptGate, tally: Tally) -> Iterator[Metric]:
    yield gauge("tidegate_sockets", "Sockets open, HTTP included.", gate.open)
    yield counters("tidegate_sockets_refused", "Sockets the gate refused.", "cause", gate.refused)
    yield counter("tidegate_faults", "Sockets that broke a rule, charged to their address.", gate.faults)
    yield gauge("tidegate_held_bytes", "Heads, bodies and messages that are not whole.", tally.held)
    yield counter("tidegate_cuts", "Of those, the ones cut because all of them were too much.", tally.cuts)
    refused = {str(status): count for status, count in tally.refused.items()}
    yield counters("tidegate_requests_refused", "First requests that the door answered itself.", "status", refused)
    yield counter("tidegate_frames", "WebSocket frames received.", tally.frames)
    yield counter("tidegate_received_bytes", "Bytes received on WebSockets.", tally.received)
    # Peers choose their codes; a table of all they could choose is not worth keeping.
    closes: dict[str, int] = {}
    for code, count in tally.closes.items():
        label = str(code) if code in _KNOWN_CLOSES else "other"
        closes[label] = closes.get(label, 0) + count
    yield counters("tidegate_closes", "WebSockets closed.", "code", closes)


def _workers(lines: Sequence[Mapping[str, Any]]) -> Iterator[Metric]:
    def by_worker(name: str) -> dict[str, int]:
        return {str(line["worker"]): int(line[name]) for line in lines}

    yield gauges("tidegate_worker_up", "Whether the worker takes connections.", "worker", by_worker("listening"))
    yield gauges("tidegate_worker_connections", "Its sockets, HTTP included.", "worker", by_worker("connections"))
    yield counters("tidegate_worker_restarts", "Times it was lost and begun anew.", "worker", by_worker("restarts"))
    yield gauges("tidegate_worker_backlog_bytes", "Bytes that wait for it.", "worker", by_worker("backlog"))
    yield gauges("tidegate_worker_resident_bytes", "Its resident memory.", "worker", by_worker("rss"))
    lags = {name: ms / 1000 for name, ms in by_worker("lag_ms").items()}
    yield gauges("tidegate_worker_lag_seconds", "Longest hold of its event loop of late.", "worker", lags)
