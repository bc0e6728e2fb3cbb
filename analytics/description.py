"""A plan in words, for `tidegate check`: what is kept, who shares it, the memory that each part and KPI may take."""

from __future__ import annotations

from collections.abc import Iterator

from analytics.aggregation import NUMBERS, Aggregation, FunnelSetting, RetentionSetting, SessionSetting
from analytics.expression import Column, Constant, Node
from analytics.plan import GridPlan, Plan, SessionPlan, megabytes
from analytics.window import duration_text

__all__ = ["budgets", "describe"]


def describe(plan: Plan) -> str:
    """One line a fact; those of a grid are indented below it."""
    lines = [f"{len(plan.specs)} KPIs in {len(plan.grids)} grids, at most {megabytes(plan.budget)}"]
    for grid in plan.grids:
        limit = "" if isinstance(grid, SessionPlan) else f" (at most {grid.max_keys})"
        by = f" by {', '.join(grid.by)}{limit}" if grid.by else ""
        where = f" where {grid.where.key}" if grid.where else ""
        times = f"delay {duration_text(grid.delay)}, grace {duration_text(grid.grace)}"
        lines.append(f"grid: {grid.window}{by}{where}, {times}, {grid.room}, {megabytes(grid.budget)}")
        for i, aggregate in enumerate(grid.aggregates):
            readers = [kpi.spec.name for kpi in grid.kpis if i in kpi.aggregates]
            view = "" if aggregate.view is None else f" -> {aggregate.view}"
            lines.append(f"  {_label(aggregate)}{view}  <- {', '.join(readers)}")
        labels = {aggregate.state: _label(aggregate) for aggregate in grid.aggregates}
        lines.extend(f"    {labels.get(name, name)}: {megabytes(size)}" for name, size in grid.parts())
    lines.extend(f"worked out once: {key}  <- {', '.join(readers)}" for key, readers in _shared(plan))
    lines.extend(_memory(plan))
    columns = ", ".join(f"{name} ({use.name or use})" for name, use in sorted(plan.schema.properties.items()))
    lines.append(f"columns read: {columns or 'none'}")
    return "\n".join(lines)


def _label(aggregate: Aggregation) -> str:
    """What keeps one state, as its author would write it."""
    argument, setting = aggregate.argument, aggregate.parameter
    inside = [argument.key] if argument else [node.key for node in aggregate.conditions]
    match setting:
        case FunnelSetting():
            if setting.exclude:
                inside[-1] = f"exclude => {inside[-1]}"
            inside += [f"within => '{duration_text(setting.within)}'"]
            inside += [f"mode => '{', '.join(setting.modes)}'"] if setting.modes else []
            inside += ["times => TRUE"] if setting.times else []
        case RetentionSetting():
            inside += [f"period => '{duration_text(setting.ms)}'", f"periods => {setting.periods}"]
        case SessionSetting():
            inside = [f"gap => '{duration_text(setting.gap)}'"]
        case _ if aggregate.measure == "top":
            inside += [str(setting)]
        case _ if aggregate.measure == "count":
            inside = [f"numbers of {inside[0]}" if setting == NUMBERS else inside[0]] if inside else ["*"]
    filtered = f" where {aggregate.where.key}" if aggregate.where else ""
    return f"{aggregate.measure}({', '.join(inside)}){filtered}"


def _shared(plan: Plan) -> Iterator[tuple[str, list[str]]]:
    """Sub-expressions that several KPIs ask for: a batch is evaluated once for all of them."""
    readers: dict[str, list[str]] = {}
    for grid in plan.grids:
        for kpi in grid.kpis:
            roots = [grid.where, *(node for i in kpi.aggregates for node in _nodes(grid.aggregates[i]))]
            parts = [part for root in roots if root is not None for part in root.walk()]
            for key in dict.fromkeys(part.key for part in parts if not isinstance(part, Column | Constant)):
                readers.setdefault(key, []).append(kpi.spec.name)
    return ((key, names) for key, names in readers.items() if len(names) > 1)


def _nodes(aggregate: Aggregation) -> list[Node]:
    found = [aggregate.where, aggregate.argument, *aggregate.conditions]
    return [node for node in found if node is not None]


def budgets(plan: Plan) -> dict[str, dict[str, int]]:
    """Of each KPI the bytes that only it may need, those it shares in its grid, and the keys it may have."""
    return {
        kpi: {
            "own": own,
            "shared": shared,
            "max_keys": grid.sessions if isinstance(grid, SessionPlan) else grid.max_keys,
        }
        for grid in plan.grids
        for kpi, own, shared in _split(grid)
    }


def _memory(plan: Plan) -> Iterator[str]:
    """Per KPI the bytes that only it needs, and those that it shares with others of its grid."""
    for grid in plan.grids:
        for kpi, own, shared in _split(grid):
            beside = f", {megabytes(shared)} shared in its grid" if shared else ""
            yield f"memory of {kpi}: {megabytes(own)}{beside}"


def _split(grid: GridPlan) -> Iterator[tuple[str, int, int]]:
    sizes = dict(grid.parts())
    names = [kpi.spec.name for kpi in grid.kpis]
    for kpi in grid.kpis:
        read = {grid.aggregates[i].state for i in kpi.aggregates}
        own = shared = 0
        for part, size in sizes.items():
            readers = [
                other.spec.name for other in grid.kpis if part in {grid.aggregates[i].state for i in other.aggregates}
            ]
            if part.endswith(f" of {kpi.spec.name}") or (part in read and len(readers) == 1) or len(names) == 1:
                own += size
            elif part in read or not (readers or any(part.endswith(f" of {name}") for name in names)):
                shared += size
        yield kpi.spec.name, own, shared
