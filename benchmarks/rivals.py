"""What we are compared with, by the names of the series in the result files: the table of peers on the page."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

__all__ = ["RIVALS", "Rival", "Standing", "standings"]


class Rival(NamedTuple):
    """One peer in one benchmark."""

    peer: str
    """As people call it."""
    task: str
    benchmark: str
    ours: str
    """The series of ours that does the same."""
    theirs: str


_INGEST = "ingest, the board of 12 KPIs"
_YSB = "Yahoo Streaming Benchmark"
_SESSIONS = "session windows"
_TWENTY = "20 aggregates"

RIVALS = (
    Rival("picows, no work at all", _INGEST, "ingest", "gateway", "bare"),
    Rival("Starlette and uvicorn, loops by hand, no disk", _INGEST, "ingest", "gateway", "loops"),
    Rival("aiohttp, loops by hand, no disk", _INGEST, "ingest", "gateway", "aiohttp"),
    Rival("`websockets.broadcast`", "1 KB to 2,000 viewers", "fanout", "gateway", "broadcast"),
    Rival("nats-server over WebSocket", "1 KB to 2,000 viewers", "fanout", "gateway", "nats"),
    Rival("Bytewax", _YSB, "ysb", "own", "bytewax"),
    Rival("Pathway", _YSB, "ysb", "own", "pathway"),
    Rival("Quix Streams, without its broker", _YSB, "ysb", "own", "quix"),
    Rival("PyFlink, Table API", _YSB, "ysb", "own", "flink"),
    Rival("DuckDB, the whole file at once", _YSB, "ysb", "own", "duckdb"),
    Rival("chDB, the whole file at once", _YSB, "ysb", "own", "chdb"),
    Rival("Bytewax", _SESSIONS, "sessions", "engine", "bytewax"),
    Rival("DuckDB, the whole file at once", _SESSIONS, "sessions", "replay", "duckdb"),
    Rival("chDB, the whole file at once", _SESSIONS, "sessions", "replay", "chdb"),
    Rival("River, event by event", f"{_TWENTY}, decoded beforehand", "engine", "engine", "river"),
    Rival("DuckDB, the whole file at once", f"{_TWENTY}, encoded", "engine", "decode+engine", "duckdb"),
    Rival("chDB, the whole file at once", f"{_TWENTY}, encoded", "engine", "decode+engine", "chdb"),
)


class Standing(NamedTuple):
    """A rival and how we stand to it: medians of each side, and the ratio round by round. Or why there are none."""

    rival: Rival
    ours: float = 0.0
    theirs: float = 0.0
    ratio: tuple[float, ...] = ()
    unit: str = ""
    absent: str = ""


def standings(results: Iterable[Mapping[str, Any]]) -> list[Standing]:
    """Each rival by what the result files say, in the order of `RIVALS`."""
    by_name = {result["benchmark"]: result for result in results}
    return [_standing(rival, by_name.get(rival.benchmark)) for rival in RIVALS]


def _standing(rival: Rival, result: Mapping[str, Any] | None) -> Standing:
    series = result["series"] if result else {}
    missing = [name for name in (rival.ours, rival.theirs) if name not in series]
    if result is None or missing:
        notes = result["notes"] if result else {}
        reasons = [notes[key] for name in missing for key in (f"absent:{name}", f"skipped:{name}") if key in notes]
        return Standing(rival, absent=" ".join(reasons) or "not in the last run")
    ours, theirs = series[rival.ours], series[rival.theirs]
    pairs = zip(ours["samples"], theirs["samples"], strict=False)
    ratio = tuple(a / b for a, b in pairs)
    medians = statistics.median(ours["samples"]), statistics.median(theirs["samples"])
    return Standing(rival, *medians, ratio, theirs["unit"])
