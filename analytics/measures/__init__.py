"""One measure, one file. `MEASURES` is the registry: a name in it can be used in a KPI's `value`.

A measure holds its state for all (pane, key) cells of a grid in arrays, takes whole batches, merges panes into windows
and gives its state away as plain arrays. What it is called with:

* `nothing`: each selected event counts; `number`: a number; `hash`: a value of any kind, known by its 64-bit hash;
  `visits`: who it was, when, and which of the aggregate's conditions the event meets.
"""

from __future__ import annotations

from typing import Final

from analytics.measures.count import Count
from analytics.measures.distinct import Distinct
from analytics.measures.extremes import Max, Min
from analytics.measures.funnel import Funnel
from analytics.measures.measure import Measure
from analytics.measures.quantile import Quantile
from analytics.measures.retention import Retention
from analytics.measures.sessions import Sessions
from analytics.measures.sum import Sum
from analytics.measures.topk import Top

__all__ = ["MEASURES", "Measure"]

MEASURES: Final[dict[str, type[Measure]]] = {
    "count": Count,
    "sum": Sum,
    "min": Min,
    "max": Max,
    "uniq": Distinct,
    "top": Top,
    "quantile": Quantile,
    "sessions": Sessions,
    "funnel": Funnel,
    "retention": Retention,
}
