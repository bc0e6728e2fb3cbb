"""What windows have for a moment only: the copy of a table that grows, or rows on their way out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from analytics import outlet
from analytics.measures import MEASURES

if TYPE_CHECKING:
    from analytics.plan import GridPlan, KpiPlan

__all__ = ["PIECE", "handed_bytes", "passing_bytes"]

PIECE: Final = 1_024
"""Sessions whose rows are made together."""


def handed_bytes(plan: GridPlan, kpi: KpiPlan) -> int:
    """Bytes of a row of a KPI on its way out, what it is made of included."""
    return outlet.ROW_BYTES + (1 + outlet.PARSED) * plan.value_bytes(kpi)


def passing_bytes(plan: GridPlan) -> int:
    """Bytes at worst of the largest of these; rows are made when what their measures had for a moment is gone.

    Of rows there are, together, as many as may wait, and those of one window more.
    """
    slots, keys = plan.cells
    handing = outlet.MOST + min(keys, plan.together) * max(handed_bytes(plan, kpi) for kpi in plan.kpis)
    return max(handing, *(MEASURES[a.measure].passing(slots, keys, a.parameter) for a in plan.states.values()))
