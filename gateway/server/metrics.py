"""Counters for Prometheus. Counting is adding to an int; names and text are made when somebody asks.

What other parts count for themselves is read from them at that moment (`watch`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from gateway.core.stages import Stages
from gateway.server.families import counter, counters, gauge, gauges, histogram
from gateway.server.histogram import Histogram
from gateway.version import VERSION

__all__ = ["Metrics"]

_SECONDS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_BYTES: Final = (1024.0, 4096.0, 16_384.0, 65_536.0, 262_144.0, 1_048_576.0, 4_194_304.0)


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
        # Where more is read from at each scrape.
        self._others: Callable[[], Iterable[Metric]] = tuple

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

    def watch(self, others: Callable[[], Iterable[Metric]]) -> None:
        """Show these families too, asked for at each scrape."""
        self._others = others

    def exposition(self) -> bytes:
        """All of it in the Prometheus text format. About 1 ms."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """What the registry asks for."""
        yield gauges("tidegate_build_info", "The release that runs.", "version", {VERSION: 1})
        yield histogram("tidegate_ack_seconds", "Receipt of a batch to its ack.", self._acks)
        yield histogram("tidegate_commit_seconds", "Writing and syncing one commit group.", self._commit_seconds)
        yield histogram("tidegate_commit_bytes", "Size of one commit group.", self._commit_bytes)
        yield counter("tidegate_snapshot_failures", "Snapshots that could not be stored.", self._snapshot_failures)
        yield counters("tidegate_kpi_reloads", "KPI files read anew.", "outcome", self._reloads)
        yield counters("tidegate_board_reloads", "Boards read anew or sent by a page.", "outcome", self._boards)
        yield counters("tidegate_welcomes", "Hellos taken.", "role", self._welcomes)
        yield histogram("tidegate_loop_stall_seconds", "Longest hold of the event loop that a tick saw.", self._stalls)
        yield gauge("tidegate_loop_stall_max_seconds", "The longest hold ever seen.", self._stall_max)
        yield histogram("tidegate_tick_seconds", "One tick, pauses between slices included.", self._ticks)
        yield from self._others()
