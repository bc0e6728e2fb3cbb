"""Counters for Prometheus. Counting is adding to an int; names and text are made when somebody asks.

What other parts count for themselves is read from them at that moment (`watch`).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.core.stages import Stages
from gateway.errors import CLOSE_CODES
from gateway.server.memory import resident_bytes
from gateway.version import VERSION

if TYPE_CHECKING:
    from gateway.core.gate import AcceptGate
    from gateway.server.front import Front, Tally
    from gateway.server.house import House

__all__ = ["Histogram", "Metrics"]

_SECONDS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_BYTES: Final = (1024.0, 4096.0, 16_384.0, 65_536.0, 262_144.0, 1_048_576.0, 4_194_304.0)
_KNOWN_CLOSES: Final = frozenset(CLOSE_CODES) | {1000, 1005, 1006}


class Histogram:
    """Counts by upper bound. Adding is one bisection and three additions, about 0.2 us.

    >>> histogram = Histogram([1.0, 2.0])
    >>> for value in (0.5, 1.0, 1.5, 9.0): histogram.add(value)
    >>> histogram.buckets(), histogram.total
    ([('1.0', 2), ('2.0', 3), ('+Inf', 4)], 12.0)
    """

    __slots__ = ("_bounds", "_counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = tuple(bounds)
        # One count for each bound, values equal to it included, and one for what is beyond the last.
        self._counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, value: float) -> None:
        """Count one value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self.total += value

    def buckets(self) -> list[tuple[str, float]]:
        """Cumulative counts, as the text format has them."""
        names = [*map(str, self._bounds), "+Inf"]
        return list(zip(names, accumulate(self._counts), strict=True))


class Metrics(Collector):
    """Everything that is counted, with its own registry: two servers in one process do not mix."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)
        ProcessCollector(registry=self._registry)
        # How long events take from stage to stage.
        self.stages = Stages()
        # Seconds from receipt of a batch to its ack.
        self._acks = Histogram(_SECONDS)
        # Group commits.
        self._commit_seconds = Histogram(_SECONDS)
        self._commit_bytes = Histogram(_BYTES)
        self._snapshot_failures = 0
        # KPI files read since the start, by what became of them.
        self._reloads = {"loaded": 0, "refused": 0}
        # The same of files of boards, and of boards that the page's editor sent.
        self._boards = {"loaded": 0, "refused": 0}
        # Hellos taken, by role.
        self._welcomes = {"producer": 0, "viewer": 0}
        # The longest turn of the loop that each tick saw, and how long a tick took.
        self._stalls = Histogram(_SECONDS)
        self._stall_max = 0.0
        self._ticks = Histogram(_SECONDS)
        # What is read at scrape time; None until the server is built.
        self._house: House | None = None
        self._gate: AcceptGate | None = None
        self._front: Front | None = None

    def commit(self, seconds: float, size: int) -> None:
        """A commit group of `size` bytes is on disk."""
        self._commit_seconds.add(seconds)
        self._commit_bytes.add(size)

    def acked(self, ms: int) -> None:
        """A batch was acked, `ms` after it came."""
        self._acks.add(ms / 1000)

    def snapshot_failed(self) -> None:
        """A snapshot could not be stored."""
        self._snapshot_failures += 1

    def reloaded(self, outcome: str) -> None:
        """A KPI file was read anew, and `loaded` or `refused`."""
        self._reloads[outcome] += 1

    def boards_read(self, outcome: str) -> None:
        """Boards were read, from their file or from a page, and `loaded` or `refused`."""
        self._boards[outcome] += 1

    def welcomed(self, role: str) -> None:
        """A hello was taken."""
        self._welcomes[role] += 1

    def stalled(self, seconds: float) -> None:
        """Something held the loop for so long: the ticker woke too late, or a turn within its tick was long."""
        self._stalls.add(max(0.0, seconds))
        self._stall_max = max(self._stall_max, seconds)

    def ticked(self, seconds: float) -> None:
        """A tick took so long, pauses between its slices included."""
        self._ticks.add(seconds)

    def watch(self, house: House, gate: AcceptGate, front: Front) -> None:
        """Read the counts of these parts too."""
        self._house, self._gate, self._front = house, gate, front

    def exposition(self) -> bytes:
        """All of it in the Prometheus text format. About 1 ms."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """What the registry asks for."""
        yield from self._own()
        if self._house is not None:
            yield from _events(self._house)
            yield from _viewers(self._house)
            yield from _kept(self._house)
        resident = resident_bytes()
        if self._gate is not None and self._front is not None:
            yield from _sockets(self._gate, self._front.tally())
            yield from _workers(self._front.workers())
            resident = self._front.resident()
        yield _gauge("tidegate_memory_resident_bytes", "Resident memory of the process and its workers.", resident)

    def _own(self) -> Iterator[Metric]:
        yield _gauges("tidegate_build_info", "The release that runs.", "version", {VERSION: 1})
        yield _histogram("tidegate_ack_seconds", "Receipt of a batch to its ack.", self._acks)
        yield _histogram("tidegate_commit_seconds", "Writing and syncing one commit group.", self._commit_seconds)
        yield _histogram("tidegate_commit_bytes", "Size of one commit group.", self._commit_bytes)
        yield _counter("tidegate_snapshot_failures", "Snapshots that could not be stored.", self._snapshot_failures)
        yield _counters("tidegate_kpi_reloads", "KPI files read anew.", "outcome", self._reloads)
        yield _counters("tidegate_board_reloads", "Boards read anew or sent by a page.", "outcome", self._boards)
        yield _counters("tidegate_welcomes", "Hellos taken.", "role", self._welcomes)
        yield _histogram("tidegate_loop_stall_seconds", "Longest hold of the event loop that a tick saw.", self._stalls)
        yield _gauge("tidegate_loop_stall_max_seconds", "The longest hold ever seen.", self._stall_max)
        yield _histogram("tidegate_tick_seconds", "One tick, pauses between slices included.", self._ticks)


def _events(house: House) -> Iterator[Metric]:
    ledger, ingest, engine, now = house.fold.ledger, house.ingest, house.fold.engine, house.clock()
    verdicts = {"accepted": ledger.accepted, "duplicate": ledger.duplicate, "rejected": ledger.rejected}
    yield _counters("tidegate_events", "Events of applied batches, by what became of them.", "verdict", verdicts)
    yield _counter("tidegate_events_warned", "Accepted events that brought a warning.", ledger.warned)
    yield _counters("tidegate_verdicts", "Events not plainly accepted, by reason.", "reason", ledger.reasons)
    yield _counter("tidegate_batches", "Batches applied.", ledger.batches)
    yield _gauge("tidegate_producers", "Producers connected.", len(ingest.sessions))
    yield _gauge("tidegate_level", "Pressure level: 0 normal, 1 slower, 2 shed, 3 hold.", ingest.level)
    step = "How far giving up has come: 1 slower, 2 newcomers, 3 shed, 4 hold, 5 KPIs."
    yield _gauge("tidegate_shedding", step, int(ingest.shedding.step))
    yield _gauge("tidegate_loop_lag_seconds", "Least lag of the event loop of late.", ingest.lag_ms / 1000)
    yield _gauge("tidegate_producers_known", "Producers whose last sequence is remembered.", len(house.fold.table))
    forgotten = house.fold.table.forgotten
    yield _counter("tidegate_producers_forgotten", "Producers forgotten for want of room.", forgotten)
    yield _gauge("tidegate_pending_bytes", "Batches not on disk yet.", ingest.pending_bytes)
    yield _gauge("tidegate_credit_outstanding_bytes", "Credit granted and not given back.", house.pool.outstanding)
    yield _gauge("tidegate_credit_pool_bytes", "The pool that credit comes from.", house.pool.size)
    yield _gauge("tidegate_kpi_memory_bytes", "Memory the KPI set may need.", engine.memory_bytes())
    since = ingest.waiting_since
    lag = 0.0 if since is None else max(0, now - since) / 1000
    yield _gauge("tidegate_engine_lag_seconds", "Age of the oldest batch that the KPIs do not have yet.", lag)
    left_out = house.misfits.counts
    yield _counters("tidegate_rows_unencodable", "KPI rows left out of what viewers get.", "kpi", left_out)
    marks = {spec.name: engine.watermark(spec.name) for spec in engine.specs}
    ages = {name: max(0, now - mark) / 1000 for name, mark in marks.items() if mark is not None}
    yield _gauges("tidegate_watermark_age_seconds", "Age of the watermark.", "kpi", ages)


def _viewers(house: House) -> Iterator[Metric]:
    totals = house.hub.totals()
    yield _gauge("tidegate_viewers", "Viewers connected.", len(house.hub.viewers))
    yield _counter("tidegate_deltas", "Deltas sent.", totals["deltas"])
    yield _counter("tidegate_snapshots", "Snapshots sent.", totals["snapshots"])
    yield _counter("tidegate_conflations", "Deltas that stood for more than one step.", totals["conflations"])
    yield _counters("tidegate_evictions", "Viewers cut off.", "reason", house.hub.evictions)
    waiting = house.hub.outgoing.bytes
    yield _gauge("tidegate_outgoing_bytes", "Snapshots written to viewers and not taken yet.", waiting)


def _kept(house: House) -> Iterator[Metric]:
    kept = house.log.kept
    refused = house.log.bad_snapshots
    yield _gauge("tidegate_snapshots_refused", "Snapshots that the start found damaged or not the state.", refused)
    lost = sum(damage.last - damage.first + 1 for damage in house.log.damage)
    yield _gauge("tidegate_log_rows_lost", "Rows of the event log that the start found lost.", lost)
    yield _gauge("tidegate_kpis_filling", "KPIs that the event log is being read for.", len(house.fold.filling))
    stale = {setting: int(setting in house.refused) for setting in ("kpis", "boards")}
    yield _gauges("tidegate_file_refused", "Whether what the file holds now was refused.", "file", stale)
    yield _counter("tidegate_history_rows", "Rows of KPI history written.", kept.written)
    yield _counter("tidegate_history_rows_dropped", "Rows of KPI history given up for want of room.", kept.dropped)
    yield _counter("tidegate_history_rows_trimmed", "Rows of KPI history that were too old or too many.", kept.trimmed)
    yield _gauge("tidegate_history_bytes", "KPI history on disk, about.", kept.bytes)


def _sockets(gate: AcceptGate, tally: Tally) -> Iterator[Metric]:
    yield _gauge("tidegate_sockets", "Sockets open, HTTP included.", gate.open)
    yield _counters("tidegate_sockets_refused", "Sockets the gate refused.", "cause", gate.refused)
    yield _counter("tidegate_faults", "Sockets that broke a rule, charged to their address.", gate.faults)
    yield _gauge("tidegate_held_bytes", "Heads, bodies and messages that are not whole.", tally.held)
    yield _counter("tidegate_cuts", "Of those, the ones cut because all of them were too much.", tally.cuts)
    refused = {str(status): count for status, count in tally.refused.items()}
    yield _counters("tidegate_requests_refused", "First requests that the door answered itself.", "status", refused)
    yield _counter("tidegate_frames", "WebSocket frames received.", tally.frames)
    yield _counter("tidegate_received_bytes", "Bytes received on WebSockets.", tally.received)
    # Peers choose their codes; a table of all they could choose is not worth keeping.
    closes: dict[str, int] = {}
    for code, count in tally.closes.items():
        label = str(code) if code in _KNOWN_CLOSES else "other"
        closes[label] = closes.get(label, 0) + count
    yield _counters("tidegate_closes", "WebSockets closed.", "code", closes)


def _workers(lines: Sequence[Mapping[str, Any]]) -> Iterator[Metric]:
    def by_worker(name: str) -> dict[str, int]:
        return {str(line["worker"]): int(line[name]) for line in lines}

    yield _gauges("tidegate_worker_up", "Whether the worker takes connections.", "worker", by_worker("listening"))
    yield _gauges("tidegate_worker_connections", "Its sockets, HTTP included.", "worker", by_worker("connections"))
    yield _counters("tidegate_worker_restarts", "Times it was lost and begun anew.", "worker", by_worker("restarts"))
    yield _gauges("tidegate_worker_backlog_bytes", "Bytes that wait for it.", "worker", by_worker("backlog"))
    yield _gauges("tidegate_worker_resident_bytes", "Its resident memory.", "worker", by_worker("rss"))
    lags = {name: ms / 1000 for name, ms in by_worker("lag_ms").items()}
    yield _gauges("tidegate_worker_lag_seconds", "Longest hold of its event loop of late.", "worker", lags)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(name, text, value=value)


def _labelled(family: CounterMetricFamily | GaugeMetricFamily, values: dict[str, int] | dict[str, float]) -> Metric:
    for label, value in values.items():
        family.add_metric([label], value)
    return family


def _counters(name: str, text: str, label: str, values: dict[str, int]) -> Metric:
    return _labelled(CounterMetricFamily(name, text, labels=[label]), values)


def _gauges(name: str, text: str, label: str, values: dict[str, int] | dict[str, float]) -> Metric:
    return _labelled(GaugeMetricFamily(name, text, labels=[label]), values)


def _histogram(name: str, text: str, histogram: Histogram) -> Metric:
    family = HistogramMetricFamily(name, text)
    family.add_metric([], histogram.buckets(), histogram.total)
    return family
