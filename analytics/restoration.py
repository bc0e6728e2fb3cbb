"""State of a grid to and from a snapshot, and which KPIs of a new set can keep theirs."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from analytics.arrays import Column, Floats, Ints
from analytics.cumulative import CumulativeGrid
from analytics.grid import Grid
from analytics.history import Record, Values
from analytics.packed import from_snapshot, in_snapshot
from analytics.publisher import Block, tier_number
from analytics.sessions.grid import SessionGrid
from analytics.sessions.state import freeze_sessions, load_sessions
from analytics.snapshot import Snapshot, under
from analytics.spec import KpiSpec
from analytics.time import BEGINNING, Clock
from analytics.window import UTC
from analytics.windowing import Windowing

__all__ = ["Freezing", "freezing", "generations", "identity", "joined", "known", "load_grid", "taken"]

T = TypeVar("T")

Freezing: TypeAlias = Generator[None, None, Callable[[], Snapshot]]
"""A copy of an engine's state that is made in steps; what it comes to makes a snapshot, in any thread."""

_Still: TypeAlias = tuple[int, int, Ints, Column, Floats | None, int | None, NDArray[np.int8], NDArray[np.int32]]
_still: Callable[[Record], _Still] = attrgetter("start", "end", "keys", "values", "errors", "others", "kinds", "revs")
"""A record as it is now."""


def identity(spec: KpiSpec) -> list[Any]:
    """What a KPI computes; title, owner and the like may change without losing its state."""
    where = spec.where or None
    same = [spec.name, spec.value, spec.window, where, list(spec.by), spec.delay, spec.grace, spec.max_keys]
    # As in snapshots from before there were zones.
    return same if spec.tz == UTC else [*same, spec.tz]


def generations(specs: Sequence[KpiSpec], snapshot: Snapshot) -> dict[str, int]:
    """KPI -> generation of its grid: the old one if it is unchanged, a new one if it must not share old state."""
    old = {json.dumps(i): grid["generation"] for grid in snapshot.meta["grids"] for i in grid["kpis"]}
    newest = max(old.values(), default=0)
    return {spec.name: old.get(json.dumps(identity(spec)), newest + 1) for spec in specs}


def known(specs: Sequence[KpiSpec], snapshot: Snapshot) -> list[KpiSpec]:
    """Those that find their state in the snapshot."""
    old = {json.dumps(i) for grid in snapshot.meta["grids"] for i in grid["kpis"]}
    return [spec for spec in specs if json.dumps(identity(spec)) in old]


def joined(snapshot: Snapshot, more: Snapshot) -> Snapshot:
    """The first snapshot with the windows of another in it. They must be of different KPIs and generations."""
    count = len(snapshot.meta["grids"])
    buffers = dict(snapshot.buffers)
    for name, array in more.buffers.items():
        number, _, rest = name.partition(":")
        buffers[f"{count + int(number)}:{rest}"] = array
    return Snapshot({**snapshot.meta, "grids": [*snapshot.meta["grids"], *more.meta["grids"]]}, buffers)


def freezing(grids: Sequence[Windowing], clock: Clock, counts: Mapping[str, int]) -> Freezing:
    """A copy of an engine's state, in steps; see `Engine.freezing`."""
    frozen = []
    for grid in grids:
        yield from grid.settling()
        frozen.append(freeze_grid(grid))
        yield
    # Behind the windows: the clock may be ahead of them, as it is between two calls, and never they of it.
    meta: dict[str, Any] = {"clock": clock.dump(), "counts": dict(counts)}

    def make() -> Snapshot:
        made = [grid() for grid in frozen]
        buffers = {f"{i}:{name}": array for i, (_, arrays) in enumerate(made) for name, array in arrays.items()}
        return Snapshot(meta | {"grids": [grid for grid, _ in made]}, buffers)

    return make


def taken(steps: Generator[None, None, T]) -> T:
    """What comes of these steps, all taken at once."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            made: T = end.value
            return made


def freeze_grid(grid: Windowing) -> Callable[[], tuple[dict[str, Any], dict[str, NDArray[Any]]]]:
    """A copy of the state of a grid; calling it makes JSON-able values and buffers of it, in any thread.

    The history, after a day nearly all of it, is copied by reference: arrays of a record are replaced, never written.
    """
    identities = [identity(kpi.spec) for kpi in grid.plan.kpis]
    same = {"key": grid.plan.key, "generation": grid.plan.generation, "kpis": identities}
    if isinstance(grid, SessionGrid):
        made = freeze_sessions(grid)
        return lambda: _named(made(), same)
    assert isinstance(grid, Grid)
    return _freeze_panes(grid, same)


def _named(
    state: tuple[dict[str, Any], dict[str, NDArray[Any]]], same: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    return state[0] | same, state[1]


def _freeze_panes(grid: Grid, same: dict[str, Any]) -> Callable[[], tuple[dict[str, Any], dict[str, NDArray[Any]]]]:
    cells, publisher = grid.cells, grid.publisher
    panes = list(cells.pool.ids)
    filling = [[tier, window] for tier, window in enumerate(publisher.filling) if window is not None]
    slots = [cells.pool.slot(pane) for pane in panes] + [grid.plan.panes + tier for tier, _ in filling]
    freeze = cells.freeze(np.array(slots, np.int64))
    books = [
        (kpi.spec.name, tier, _at_rest(book.records.values(), grid.closed_to))
        for i, kpi in enumerate(grid.plan.kpis)
        for tier, book in enumerate(publisher.books[i])
    ]
    # In the order in which they are handed out: that of change depends on how the events were cut into batches.
    name_of = [kpi.spec.name for kpi in grid.plan.kpis]
    pending = _freeze_blocks(grid, sorted(publisher.pending, key=lambda each: (each.record.end, name_of[each.kpi])))
    coarse = _freeze_blocks(grid, publisher.coarse)
    meta = {
        "final_to": grid.final_to,
        "closed_to": grid.closed_to,
        "floor": grid.floor,
        "late": grid.late,
        "closed_early": grid.closed_early,
        "keys": cells.keys.dump(),
        "panes": panes,
        "touched": sorted(cells.touched),
        "filling": filling,
        "published_to": publisher.published_to,
    }
    if isinstance(grid, CumulativeGrid):
        meta["late_for"] = sorted(grid.late_for.items())
    if grid.plan.hold is not None:
        meta["reached"] = grid.reached

    def make() -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        waiting, arrays = _dump_records([record for _, record in pending])
        parts = freeze() | {f"#pending/{name}": array for name, array in arrays.items()}
        complete, arrays = _dump_records([record for _, record in coarse])
        parts |= {f"#coarse/{name}": array for name, array in arrays.items()}
        kept = []
        for kpi, tier, records in books:
            listed, arrays = _dump_records([r if isinstance(r, tuple) else _still(r) for r in records])
            kept.append([kpi, tier, listed])
            parts |= {f"#book/{kpi}/{tier}/{name}": array for name, array in arrays.items()}
        blocks = {
            "pending": [[name for name, _ in pending], waiting],
            "coarse": [[name for name, _ in coarse], complete],
        }
        return meta | same | {"books": kept} | blocks, parts

    return make


def _at_rest(records: Iterable[Record], closed_to: int) -> list[Record | _Still]:
    """Records as they are now: those of closed windows, nearly all, do not change any more."""
    return [record if record.end <= closed_to else _still(record) for record in records]


def _freeze_blocks(grid: Grid, blocks: Sequence[Block]) -> list[tuple[str, _Still]]:
    return [(grid.plan.kpis[block.kpi].spec.name, _still(block.record)) for block in blocks]


def load_grid(grid: Windowing, snapshot: Snapshot) -> None:
    """Put the state of the grid with the same key back, as far as its KPIs are in this one."""
    found = next((i for i, old in enumerate(snapshot.meta["grids"]) if old["key"] == grid.plan.key), None)
    if found is None:
        return
    meta: Mapping[str, Any] = snapshot.meta["grids"][found]
    prefix = f"{found}:"
    buffers = under(snapshot.buffers, prefix)
    if isinstance(grid, SessionGrid):
        load_sessions(grid, meta, buffers)
        return
    assert isinstance(grid, Grid)
    grid.reached = meta.get("reached", BEGINNING)
    for name in ("final_to", "closed_to", "floor", "late", "closed_early"):
        setattr(grid, name, meta[name])
    if isinstance(grid, CumulativeGrid):
        grid.late_for = dict(meta["late_for"])
    cells, publisher = grid.cells, grid.publisher
    cells.keys.load(meta["keys"])
    slots = cells.restore_panes(meta["panes"])
    cells.touched = set(meta["touched"])
    publisher.published_to = meta["published_to"]
    for tier, window in meta["filling"]:
        publisher.filling[tier] = window
        cells.open_slot(grid.plan.panes + tier, tier_number(tier, window))
    coarse = [grid.plan.panes + tier for tier, _ in meta["filling"]]
    grid.settle()
    cells.load(np.concatenate([slots, np.array(coarse, np.int64)]), buffers)
    numbers = {kpi.spec.name: i for i, kpi in enumerate(grid.plan.kpis)}
    for name, tier, records in meta["books"]:
        if name in numbers:
            part = under(buffers, f"#book/{name}/{tier}/")
            for record in _load_records(records, part):
                publisher.books[numbers[name]][tier].put(record)
    publisher.pending = _load_blocks(meta["pending"], numbers, under(buffers, "#pending/"))
    if "coarse" in meta:  # not in snapshots from before there was a history
        publisher.coarse = _load_blocks(meta["coarse"], numbers, under(buffers, "#coarse/"))


def _load_blocks(listed: Sequence[Any], numbers: Mapping[str, int], buffers: Mapping[str, NDArray[Any]]) -> list[Block]:
    names, records = listed
    loaded = zip(names, _load_records(records, buffers), strict=True)
    return [Block(numbers[name], record) for name, record in loaded if name in numbers]


def _dump_records(records: Sequence[_Still]) -> tuple[list[list[Any]], dict[str, NDArray[Any]]]:
    """Per record its place, sizes and kind of values; the columns of all of them end to end."""
    meta = []
    columns: dict[str, list[NDArray[Any]]] = {"keys": [], "kinds": [], "revs": [], "errors": [], "<i8": [], "<f8": []}
    objects = []
    for start, end, keys, said, errors, others, kinds, revs in records:
        values = _plain(said)
        kind = values.dtype.str
        meta.append([start, end, len(keys), others, kind, errors is not None])
        columns["keys"].append(keys)
        columns["kinds"].append(kinds)
        columns["revs"].append(revs)
        if errors is not None:
            columns["errors"].append(errors)
        if kind in columns:
            columns[kind].append(values)
        else:
            objects.append(list(map(in_snapshot, values)))
    types = {"keys": "<i8", "kinds": "|i1", "revs": "<i4", "errors": "<f8", "<i8": "<i8", "<f8": "<f8"}
    buffers = {name: np.concatenate([np.zeros(0, types[name]), *parts]) for name, parts in columns.items()}
    text = json.dumps(objects, separators=(",", ":")).encode()
    return meta, buffers | {"objects": np.frombuffer(text, np.uint8)}


def _plain(values: Column) -> Column:
    """Numbers as numbers. They are objects where one of them was too large for a float once, which may be long ago."""
    if values.dtype == object and all(value is None or type(value) is float for value in values.tolist()):
        return values.astype(np.float64)
    return values


def _load_records(meta: Sequence[Sequence[Any]], buffers: Mapping[str, NDArray[Any]]) -> list[Record]:
    at = dict.fromkeys(buffers, 0)
    objects = iter(json.loads(buffers["objects"].tobytes()))

    def take(name: str, count: int) -> NDArray[Any]:
        at[name] += count
        return buffers[name][at[name] - count : at[name]].copy()

    records = []
    for start, end, count, others, kind, has_errors in meta:
        keys, kinds, revs = (take(name, count) for name in ("keys", "kinds", "revs"))
        errors = take("errors", count) if has_errors else None
        if kind in buffers:
            values = take(kind, count)
        else:
            values = np.empty(count, object)
            values[:] = list(map(from_snapshot, next(objects)))
        record = Record(start, end, Values(keys, values, errors, others), 0)
        record.kinds, record.revs = kinds, revs
        records.append(record)
    return records
