"""The engine: batches in, changed rows out. No clock, no I/O; `now` is what the caller says it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from analytics.backlog import Waiting
from analytics.backlogs import Backlogs
from analytics.batch import Batch
from analytics.description import budgets, describe
from analytics.dictionary import Dictionary, Encoded
from analytics.exact import grid_of
from analytics.frame import Frame
from analytics.grid import END_OF_TIME, Grid
from analytics.leap import in_pieces, reaching
from analytics.outlet import Outlet
from analytics.plan import Plan, make_plan
from analytics.restoration import Freezing, freezing, generations, load_grid, taken
from analytics.row import Changes, Row, Verdict
from analytics.schema import Schema, Use
from analytics.sessions.grid import SessionGrid
from analytics.snapshot import Snapshot
from analytics.spec import KpiSpec
from analytics.time import BEGINNING, Clock, Rise
from analytics.windowing import Windowing, changes_of, verdicts_of

__all__ = ["DEFAULT_BUDGET", "Engine"]

DEFAULT_BUDGET: Final = 512 << 20
MAX_BATCH: Final = 1 << 16


class Engine:
    """Runs a KPI set over events.

    >>> spec = KpiSpec(name="views", value="count(*)", window="tumbling 1s", delay="0s", grace="0s")
    >>> engine = Engine([spec])
    >>> events = [{"event": "view", "timestamp": t} for t in (100, 200, 1200)]
    >>> engine.ingest(Batch.from_events(events), now=0)
    []
    >>> [(row.start, row.value, row.kind) for row in engine.advance(now=0).rows]
    [(0, 2, 'final'), (1000, 1, 'partial')]
    """

    def __init__(
        self,
        specs: Sequence[KpiSpec],
        *,
        memory_budget: int = DEFAULT_BUDGET,
        exact: bool = False,
        generation: int = 0,
    ) -> None:
        """Raises KpiError when a definition cannot run or the set may need more than `memory_budget` bytes.

        `exact`: each late event brings its own corrections, rows come in the order of the events behind them; otherwise
        a window is corrected at most once per `advance`. `generation`: of an engine whose state is to join that of
        another, see `next_generation`."""
        self._set_up(make_plan(specs, {spec.name: generation for spec in specs}, memory_budget), exact)

    def _set_up(self, plan: Plan, exact: bool = False) -> None:
        self._plan = plan
        self.specs = plan.specs
        self._clock = Clock()
        self._dictionaries = {name: Dictionary() for name in plan.coded}
        self._grids: list[Windowing] = [grid_of(grid, exact) for grid in plan.grids]
        self._outlet = Outlet.of([grid.load for grid in self._grids])
        # Those for which no batch waits, and the batches that wait for others.
        self._prompt = self._grids if exact else []
        panes = [grid for grid in self._grids if isinstance(grid, Grid)]
        sessions = [[grid] for grid in self._grids if isinstance(grid, SessionGrid)]
        self._backlogs = Backlogs([] if exact else [panes, *sessions])
        # Events that came in so far, counted or not.
        self._number = 0
        # KPI name -> its grid and its number there, in the order of the set.
        self._kpis: dict[str, tuple[Windowing, int]] = {}
        for grid in self._grids:
            self._kpis |= {kpi.spec.name: (grid, i) for i, kpi in enumerate(grid.plan.kpis)}
        self._kpis = {spec.name: self._kpis[spec.name] for spec in plan.specs}
        self._counts = {"events": 0, "late": 0, "late_some": 0, "clashes": 0}

    @property
    def schema(self) -> Schema:
        """The columns that some KPI reads."""
        return self._plan.schema

    @property
    def coders(self) -> dict[str, Dictionary]:
        """Dictionaries of the columns that are read as texts only: a caller may encode these itself, early.

        Such a batch has `Encoded` columns, and the caller says when the dictionaries may be trimmed.
        """
        return {name: d for name, d in self._dictionaries.items() if self.schema.properties.get(name) is Use.TEXT}

    def trim(self) -> bool:
        """Empty the dictionaries that are over their caps. True: columns encoded before are of no use any more."""
        if any(dictionary.full for dictionary in self._dictionaries.values()):
            self._count()
        before = [dictionary.generation for dictionary in self._dictionaries.values()]
        for dictionary in self._dictionaries.values():
            dictionary.trim()
        return before != [dictionary.generation for dictionary in self._dictionaries.values()]

    def ingest(self, batch: Batch, now: int, moments: Sequence[int] | None = None) -> list[Verdict]:
        """Count a batch. Returns a verdict for each event that no KPI (`drop`) or not every KPI (`warn`) could take.

        `moments` is for several batches joined into one of at most `MAX_BATCH`: the `now` of each of its sources. What
        comes out is what they give one by one.
        """
        if batch.n > MAX_BATCH:  # arrays and dictionaries are sized for what a gateway gathers
            return [
                verdict._replace(index=i * MAX_BATCH + verdict.index)
                for i, part in enumerate(batch.parts(MAX_BATCH))
                for verdict in self.ingest(part, now)
            ]
        return self._take(batch, self._observe(batch, now, moments))

    def ingesting(self, batch: Batch, now: int, moments: Sequence[int] | None = None) -> Iterator[Changes]:
        """`ingest` and `settled` of an `exact` engine in pieces of about `outlet.MOST` bytes, however far time leaps:
        the same rows in the same order."""
        for part in batch.parts(MAX_BATCH) if batch.n > MAX_BATCH else (batch,):
            was = self._clock.base
            yield from in_pieces(part, was, self._observe(part, now, moments), self._grids, self._outlet, self._take)

    def _observe(self, batch: Batch, now: int, moments: Sequence[int] | None) -> Rise:
        if not any(isinstance(column, Encoded) for column in batch.columns.values()):
            self.trim()
        if self._backlogs.full:
            self._count()
        rise = self._clock.observe(batch.sources, batch.timestamp, batch.holds, batch.skip, now, moments)
        rise.first = self._number
        self._number += batch.n
        return rise

    def _take(self, batch: Batch, rise: Rise) -> list[Verdict]:
        live = None if batch.skip is None or not batch.skip.any() else ~batch.skip
        counted = batch.n if live is None else int(live.sum())
        if not counted:
            self._count()
            self._advance_grids(rise.after)
            return []
        self._counts["events"] += counted
        frame = Frame(batch, self._dictionaries)
        times = batch.timestamp if live is None else batch.timestamp[live]
        span = int(times.min()), int(times.max())
        taken = [grid.ingest(frame, live, rise, span) for grid in self._prompt]
        taken += self._backlogs.take(Waiting(frame, live, rise, span))
        self._counts["clashes"] += frame.clashes
        verdicts = verdicts_of(taken, batch.n, live)
        for verdict in verdicts:
            self._counts["late" if verdict.outcome == "drop" else "late_some"] += 1
        return verdicts

    def _count(self) -> None:
        """Before the state is read, or time passes."""
        self._counts["clashes"] += self._backlogs.count()

    def _advance_grids(self, base: int) -> None:
        self._backlogs.moved()
        for grid in self._grids:
            grid.advance_to(base)

    def advance(self, now: int) -> Changes:
        """Rows that changed since the last call: cheap when nothing did."""
        self._count()
        self._clock.expire(now)
        self._advance_grids(self._clock.base)
        return self._published(self._grids)

    def advancing(self, now: int) -> Iterator[Changes]:
        """`advance` in steps, some for each set of windows that are kept together; batches may come in between them."""
        for grid in self._grids:
            for steps in 2 * (self._backlogs.counting, grid.settling):  # once more for what comes in meanwhile
                for _ in steps():
                    yield Changes()
            self._count()
            self._clock.expire(now)
            self._backlogs.moved()
            grid.advance_to(self._clock.base)
            yield self._published([grid])

    def relieving(self) -> Iterator[None]:
        """Count, and take up in the measures, what waits and is much: in steps between which batches may come in."""
        yield from self._backlogs.counting(much=True)
        for grid in self._grids:
            yield from grid.settling(much=True)

    def settled(self) -> Changes:
        """Rows that cannot wait, since the last call: finals and, in an `exact` engine, corrections."""
        self._count()
        return changes_of(self._grids)

    def finish(self) -> Changes:
        """There will be no more events: every window becomes final. What comes later is late."""
        self._count()
        self._advance_grids(END_OF_TIME)
        return self._published(self._grids)

    def finishing(self) -> Iterator[Changes]:
        """`finish` of an `exact` engine in pieces of about `outlet.MOST` bytes: the same rows in the same order."""
        yield from reaching(self._grids, self._outlet, END_OF_TIME, self._number)
        yield self.finish()

    def spill(self, take: Callable[[Changes], None]) -> None:
        """Rows for which there is no room until the next `advance`, which brings their watermarks, go to `take` from
        the midst of whatever makes them: it must not call the engine. Not for an `exact` one."""
        self._outlet.relieve = lambda: take(changes_of(self._grids, due=False))

    def _published(self, grids: Sequence[Windowing]) -> Changes:
        for grid in grids:
            grid.publish(self._clock.maximum)
        return changes_of(grids)

    def rows(self, kpi: str, start_ms: int, end_ms: int) -> list[Row]:
        """Latest rows of the windows that overlap [start_ms, end_ms), ordered by start and dims.

        The KPI's own windows as long as they are kept, before that 10 s and 60 s ones; open windows as they were at the
        last `advance`. Raises KeyError for an unknown KPI."""
        return list(self.each_row(kpi, start_ms, end_ms))

    def each_row(self, kpi: str, start_ms: int, end_ms: int) -> Iterator[Row]:
        """The rows of `rows`, made as they are asked for, about 1 us each.

        They may be asked for over time, with `ingest` and `advance` in between: which windows there are is settled with
        the first, and what a row says is as it was then or at some time since."""
        self._count()
        grid, number = self._kpis[kpi]
        yield from grid.rows(number, start_ms, end_ms)

    def finest_rows(self, kpi: str, start_ms: int, end_ms: int) -> Iterator[Row]:
        """As `each_row`, of the KPI's own windows only."""
        self._count()
        grid, number = self._kpis[kpi]
        read = grid.finest if isinstance(grid, Grid) else grid.rows
        yield from read(number, start_ms, end_ms)

    def watermark(self, kpi: str | None = None) -> int | None:
        """Up to where a KPI, or every KPI, is complete; None before the first event."""
        self._count()
        if kpi is not None:
            return self._kpis[kpi][0].watermark
        marks = [grid.watermark for grid in self._grids]
        known = [mark for mark in marks if mark is not None]
        return min(known) if known and len(known) == len(marks) else None

    def throttle(self, source: str, on: bool, now: int) -> None:
        """The gateway holds a source back, or no longer: its idle clock stands still meanwhile."""
        self._clock.throttle(source, on, now)

    def release(self, now: int) -> None:
        """Restart the idle clock of every source that is throttled, as after a restart. O(sources)."""
        self._clock.release(now)

    def stats(self) -> dict[str, Any]:
        """Counters and sizes, for metrics and the status page."""
        self._count()
        result: dict[str, Any] = dict(self._counts)
        result["late_by_kpi"] = {name: grid.late for name, (grid, _) in self._kpis.items()}
        result["keys"] = {name: grid.sizes()["keys"] for name, (grid, _) in self._kpis.items()}
        result["overflow"] = {name: bool(grid.sizes()["overflow"]) for name, (grid, _) in self._kpis.items()}
        result["memory_bytes"] = self.memory_bytes()
        result["sources"] = len(self._clock)
        result["sources_evicted"] = self._clock.evicted
        result["dictionary_evictions"] = sum(d.evicted for d in self._dictionaries.values())
        result |= {f"open_{k}": sum(grid.sizes()[k] for grid in self._grids) for k in ("panes", "sessions")}
        result["max_event_time"] = None if self._clock.maximum == BEGINNING else self._clock.maximum
        return result | {"watermark": self.watermark()} | self.notes()

    def notes(self) -> dict[str, int]:
        """What the bounds of windows and measures cost so far, by name."""
        result = Counter({"closed_early": sum(grid.closed_early for grid in self._grids)})
        for grid in self._grids:
            result.update(grid.notes())
        return dict(result)

    @property
    def next_generation(self) -> int:
        """A number that none of its windows has: for an engine of KPIs that are to join it."""
        return 1 + max((grid.plan.generation for grid in self._grids), default=0)

    def memory_bytes(self) -> int:
        """Bytes this set may need at worst, as computed from its plan."""
        return self._plan.budget

    def budgets(self) -> dict[str, dict[str, int]]:
        """The same by KPI: bytes of its `own` and `shared` in its grid, and `max_keys`."""
        return budgets(self._plan)

    def describe(self) -> str:
        """The plan in words."""
        return describe(self._plan)

    def freezing(self) -> Freezing:
        """A copy of all state, about 0.3 us for each window that is kept, and what is open: in steps, one for each set
        of windows that are kept together. No batch may come in between them; time may pass, rows be handed out."""
        self._count()
        return freezing(self._grids, self._clock, self._counts)

    def snapshot(self) -> Snapshot:
        """All state, which nothing changes any more."""
        return taken(self.freezing())()

    @classmethod
    def restore(cls, specs: Sequence[KpiSpec], snapshot: Snapshot, *, memory_budget: int = DEFAULT_BUDGET) -> Engine:
        """An engine that goes on where the snapshot was taken. KPIs that changed or are new start empty.

        Raises:
            KpiError: as the constructor does.
        """
        engine = cls.__new__(cls)
        engine._set_up(make_plan(specs, generations(specs, snapshot), memory_budget))
        engine._clock.load(snapshot.meta["clock"])
        engine._counts |= snapshot.meta["counts"]
        for grid in engine._grids:
            load_grid(grid, snapshot)
        return engine
