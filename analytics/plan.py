"""From KPI definitions to what the engine runs: grids of (pane, key) cells, and who reads which.

KPIs that agree in window, delay, grace, `where`, `by` and `max_keys` share one grid: their keys, panes and lateness are
worked out once. Inside a grid equal aggregates share their state, so the denominator of a ratio costs nothing when
another KPI counts the same. Sub-expressions are shared over all grids by the frame.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final, NamedTuple

from analytics.aggregation import Aggregation, RetentionSetting
from analytics.arrays import Bools
from analytics.dictionary import Dictionary
from analytics.expression import Node
from analytics.frame import Frame
from analytics.geometry import Geometry
from analytics.history import ERROR_BYTES, RECORD_BYTES, ROW_BYTES
from analytics.hold import Hold
from analytics.keys import KEY_BYTES
from analytics.measures import MEASURES
from analytics.passing import PIECE, passing_bytes
from analytics.schema import Columns, Schema
from analytics.spec import DEFAULT_KEYS, Compiled, KpiError, KpiSpec, unique_names
from analytics.stretches import room
from analytics.time import MAX_SOURCES, SOURCE_BYTES
from analytics.window import SessionWindow, Window

__all__ = ["GridPlan", "KpiPlan", "Plan", "SessionPlan", "make_plan"]

SLACK: Final = 32
"""Panes beyond the horizon of a grid: for sources that run ahead of the slowest and for clamped future events."""
SMALL_GRID: Final = 32_768
"""Cells up to which a grid gets more slack, up to `MOST_SLACK` panes: it costs next to nothing there."""
MOST_SLACK: Final = 256
TIERS: Final = ((1_000, 300), (10_000, 360), (60_000, 1_440))
"""(ms, windows kept): how long which resolution can be asked for."""
MAX_BOOK: Final = 4 << 20
"""Bytes of closed windows kept of one KPI at one resolution; with many keys it is less than the number of windows."""
STEP_BYTES: Final = 16
"""Bytes of a row in which nothing happened since the step before: it shares its key."""
OTHERS_PAIRS: Final = 8_192
"""Exact overflow keys counted in one grid."""
SESSION_KEY_BYTES: Final = 800
"""Bytes of a key with an open session at worst, its dims and their texts of ordinary length included."""
SAID_BYTES: Final = 72
"""Bytes of what was said last of an open session, values that are no numbers apart."""
MOST_SESSIONS: Final = 32_768
"""Sessions of one grid that can be open at once, unless `max_keys` is set."""
CELL_BYTES: Final = 60
"""Bytes of an open session beside its aggregates and rows."""


class KpiPlan(NamedTuple):
    """A KPI and, for the columns `#0`, `#1`, .. of its value, the aggregates of its grid."""

    spec: KpiSpec
    value: Node
    aggregates: tuple[int, ...]


@dataclass(slots=True)
class GridPlan:
    """One grid. `generation` tells grids apart that differ only in when their KPIs were added."""

    window: Window
    delay: int
    grace: int
    where: Node | None
    by: tuple[str, ...]
    max_keys: int
    generation: int = 0
    # Keeps windows open beyond their end.
    hold: Hold | None = None
    kpis: list[KpiPlan] = field(default_factory=list)
    aggregates: list[Aggregation] = field(default_factory=list)
    # Its windows in numbers of panes.
    geometry: Geometry = field(init=False)
    # How many rows of a KPI are made together at most, however many keys there are.
    together: ClassVar[int] = 1 << 62

    def __post_init__(self) -> None:
        self.geometry = self.window.geometry()

    @property
    def key(self) -> str:
        """What makes it a grid of its own."""
        where = self.where.key if self.where else ""
        parts = (str(self.window), self.delay, self.grace, where, self.by, self.max_keys, self.generation)
        return repr(parts if self.hold is None else (*parts, self.hold.key))

    @property
    def width(self) -> int:
        """Cells of one pane."""
        return self.max_keys + 1 if self.by else 1

    @property
    def panes(self) -> int:
        """Panes that can be open at once; of a cumulative window those that closed are one, the first."""
        behind = 0 if self.window.cumulative else self.window.size
        if self.hold is not None:
            behind += self.hold.setting.periods * self.hold.setting.ms
        horizon = -(-(behind + self.delay + self.grace) // self.window.pane) + 2 + self.spare
        return horizon + max(SLACK, min(MOST_SLACK, SMALL_GRID // self.width))

    @property
    def stretches(self) -> int:
        """Slots in which panes of long windows are added up."""
        sliding = not (self.window.tumbling or self.window.cumulative)
        return room(self.panes) if sliding else 0

    @property
    def spare(self) -> int:
        """Of the panes, those that only closing others can open."""
        return int(self.window.cumulative)

    @property
    def states(self) -> dict[str, Aggregation]:
        """What has state, once each: aggregates that differ only in their view share it."""
        states: dict[str, Aggregation] = {}
        for aggregate in self.aggregates:
            states.setdefault(aggregate.state, aggregate)
        return states

    @property
    def tracked(self) -> bool:
        """Whether an event can change windows that end before it."""
        return any(MEASURES[aggregate.measure].tracks for aggregate in self.aggregates)

    @property
    def tiers(self) -> list[tuple[int, int]]:
        """(ms, windows kept) of the resolutions coarser than the grid's own."""
        return [tier for tier in TIERS if tier[0] > self.window.hop and tier[0] % self.window.hop == 0]

    @property
    def kept(self) -> int:
        """Windows kept at the grid's own resolution; those that are still open are kept in any case."""
        named = next((count for width, count in TIERS if self.window.hop <= width), TIERS[-1][1])
        return max(named, self.open_windows)

    @property
    def open_windows(self) -> int:
        """Windows that can be partial or within their grace at once."""
        return self.panes // self.geometry.hop + 2

    def value_bytes(self, kpi: KpiPlan) -> int:
        """Bytes of a value of a KPI, as text, beyond those of a number."""
        read = [self.aggregates[i] for i in kpi.aggregates]
        return max((MEASURES[a.measure].value_bytes(a.parameter) for a in read), default=0)

    def book_bytes(self, kpi: KpiPlan, windows: int, open_windows: int) -> int:
        """Bytes that so many windows of a KPI may take, of which some cannot be dropped yet."""
        read = [self.aggregates[i] for i in kpi.aggregates]
        row = ROW_BYTES + self.value_bytes(kpi)
        row += ERROR_BYTES * any(MEASURES[a.measure].estimates for a in read)
        return min(windows * (RECORD_BYTES + self.width * row), MAX_BOOK + open_windows * self.width * row)

    def books(self, kpi: KpiPlan) -> list[tuple[int, int, int]]:
        """(ms, windows, bytes) of each resolution of a KPI, its own first."""
        own = (self.window.hop, self.kept, self.book_bytes(kpi, self.kept, self.open_windows))
        return [own, *((ms, count, self.book_bytes(kpi, count, 1)) for ms, count in self.tiers)]

    def parts(self) -> Iterator[tuple[str, int]]:
        """What its bytes at worst are made of."""
        slots, _ = self.cells
        yield "panes and keys", (slots * 9 + self.stretches * 8) * self.width + self.width * KEY_BYTES
        if self.by:
            yield "overflow keys", MEASURES["uniq"].budget(slots, 1, OTHERS_PAIRS)
        for state, aggregate in self.states.items():
            measure = MEASURES[aggregate.measure]
            if not is_presence(aggregate):
                rows = slots + (self.stretches if measure.folds else 0)
                size = measure.budget(rows, self.width, aggregate.parameter)
                if not self.window.tumbling:
                    size += measure.window_budget(slots, self.width, aggregate.parameter)
                yield state, size
        if self.window.cumulative:
            # The watermark may jump to the end of the day: then all further steps are final at once.
            size = self.window.steps * (2 * RECORD_BYTES + self.width * STEP_BYTES)
            yield "steps at once", size * len(self.kpis)
        for kpi in self.kpis:
            yield f"history of {kpi.spec.name}", sum(size for _, _, size in self.books(kpi))

    def asked(self, frame: Frame, live: Bools | None) -> Bools | None:
        """Those of the events in `live` (None: all) that `where` lets through; None: all of them."""
        if self.where is None:
            return live
        return self.where.true(frame) if live is None else self.where.true(frame) & live

    @property
    def room(self) -> str:
        """What can be open at once, in words."""
        return f"{self.panes} panes"

    @property
    def cells(self) -> tuple[int, int]:
        """Slots and keys of its measures."""
        return self.panes + (len(self.tiers) if self.window.tumbling else 0), self.width

    @property
    def budget(self) -> int:
        """Bytes it may take at worst."""
        return sum(size for _, size in self.parts())


class SessionPlan(GridPlan):
    """The session windows of one gap. Each open session has one cell."""

    together = PIECE

    @property
    def sessions(self) -> int:
        """Sessions that can be open at once: `max_keys`, whose default is not meant for users."""
        return MOST_SESSIONS if self.max_keys == DEFAULT_KEYS else self.max_keys

    @property
    def room(self) -> str:
        """What can be open at once, in words."""
        return f"{self.sessions} sessions"

    @property
    def cells(self) -> tuple[int, int]:
        return 1, self.sessions

    def session_book(self, kpi: KpiPlan) -> int:  # noqa: ARG002  however large a row is, the bytes are what counts
        """Bytes that the closed sessions of a KPI may take."""
        return MAX_BOOK

    def parts(self) -> Iterator[tuple[str, int]]:
        """What its bytes at worst are made of."""
        yield "sessions and keys", self.sessions * (CELL_BYTES + SESSION_KEY_BYTES)
        for state, aggregate in self.states.items():
            if not is_presence(aggregate):
                yield state, MEASURES[aggregate.measure].budget(1, self.sessions, aggregate.parameter)
        for kpi in self.kpis:
            yield f"rows of {kpi.spec.name}", self.sessions * (SAID_BYTES + self.value_bytes(kpi)) + MAX_BOOK


def is_presence(aggregate: Aggregation) -> bool:
    """Whether it is `count(*)` without a filter, which the grid keeps anyway."""
    return aggregate.measure == "count" and aggregate.argument is None and aggregate.where is None


@dataclass(slots=True)
class Plan:
    """All grids, and which columns need which treatment."""

    specs: tuple[KpiSpec, ...]
    grids: list[GridPlan]
    # Columns that need a dictionary: their name, or the key of a computed expression.
    coded: dict[str, Node]
    schema: Schema

    @property
    def budget(self) -> int:
        """Bytes at worst."""
        fixed = len(self.coded) * Dictionary().budget + MAX_SOURCES * SOURCE_BYTES
        # One at a time has what it has for a moment only; rows are made when that is gone.
        passing = max(map(passing_bytes, self.grids), default=0)
        return fixed + passing + sum(grid.budget for grid in self.grids)


def make_plan(specs: Sequence[KpiSpec], generations: dict[str, int], budget: int) -> Plan:
    """Compile and arrange a KPI set; `generations` says which KPIs must not share a grid with others.

    Raises:
        KpiError: a definition cannot run, or the set may need more memory than `budget`.
    """
    unique_names(specs)
    grids: dict[str, GridPlan] = {}
    for spec in specs:
        compiled = spec.compile()
        fresh = _grid(compiled, spec, generations.get(spec.name, 0))
        _join(grids.setdefault(fresh.key, fresh), spec, compiled)
    columns = Columns()
    for grid in grids.values():
        columns.by(grid.by)
        columns.condition(grid.where)
        for aggregate in grid.aggregates:
            columns.aggregate(aggregate)
    plan = Plan(tuple(specs), list(grids.values()), columns.coded, Schema(columns.uses))
    if plan.budget > budget:
        largest = max(plan.grids, key=lambda grid: grid.budget)
        reason = (
            f"the set may need {megabytes(plan.budget)}, more than the budget of {megabytes(budget)}; "
            f"the grid of this KPI needs {megabytes(largest.budget)}: fewer max_keys, a shorter grace or window help"
        )
        raise KpiError(largest.kpis[0].spec.name, reason, slug="memory")
    return plan


def _grid(compiled: Compiled, spec: KpiSpec, generation: int) -> GridPlan:
    max_keys = spec.max_keys if compiled.by else 1
    kind = SessionPlan if isinstance(compiled.window, SessionWindow) else GridPlan
    settings = [a.parameter for a in compiled.definition.aggregates if isinstance(a.parameter, RetentionSetting)]
    hold = Hold(settings[0]) if settings else None
    return kind(
        compiled.window, compiled.delay, compiled.grace, compiled.where, compiled.by, max_keys, generation, hold
    )


def _join(grid: GridPlan, spec: KpiSpec, compiled: Compiled) -> None:
    keys = [aggregate.key for aggregate in grid.aggregates]
    for aggregate in compiled.definition.aggregates:
        if aggregate.key not in keys:
            keys.append(aggregate.key)
            grid.aggregates.append(aggregate)
    indices = tuple(keys.index(aggregate.key) for aggregate in compiled.definition.aggregates)
    grid.kpis.append(KpiPlan(spec, compiled.definition.value, indices))


def megabytes(size: int) -> str:
    """Bytes in words."""
    return f"{size / (1 << 20):.1f} MB"
