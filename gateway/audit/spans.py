"""Which windows an event lies in, as SQL: arithmetic where windows are even, a table where days follow a clock."""

from __future__ import annotations

from analytics.window import UTC, SessionWindow, Window
from analytics.zone import midnights
from gateway.audit.visits import NOWHERE

__all__ = ["Spans", "floored", "in_order"]


def floored(sql: str, width: int) -> str:
    """The multiple of `width` at or before a time, also before 1970."""
    return f"({sql} - (({sql} % {width}) + {width}) % {width})"


class Spans:
    """The windows of one KPI, which take corrections for `grace` ms."""

    def __init__(self, window: Window, grace: int) -> None:
        self.window = window
        self.grace = grace
        self.sessions = isinstance(window, SessionWindow)

    @property
    def local(self) -> bool:
        """Whether they follow the days of a zone, and so need the table `spans`."""
        return self.window.zone != UTC

    def table(self, first: int, last: int) -> list[tuple[int, int]]:
        """[start, end) of each window that holds a time from `first` to `last`, for the table `spans`."""
        window = self.window
        days = midnights(window.zone)
        size, found = window.size // 86_400_000, list[tuple[int, int]]()
        for at in range(0, len(days) - size, size if window.cumulative else window.hop // 86_400_000):
            start, stop = days[at], days[at + size]
            if stop <= first or start > last:
                continue
            if window.cumulative:
                found += [(start, min(end, stop)) for end in range(start + window.hop, stop + window.hop, window.hop)]
            else:
                found.append((start, stop))
        return found

    def gone(self) -> str:
        """A condition: the event came when the last window that holds its time was closed, so nothing took it."""
        return f"{self._last_end()} + {self.grace} <= mark"

    def _last_end(self) -> str:
        window = self.window
        if self.sessions:
            return f"t + {window.size}"
        if self.local:
            return "(SELECT max(spans.we) FROM spans WHERE spans.ws <= t AND t < spans.we)"
        return f"{floored('t', window.size if window.cumulative else window.hop)} + {window.size}"

    def spread(self, source: str, keys: str, *, on_time: bool = False) -> str:
        """A query: the rows of `source` - a time `t`, its number `n`, and `mark` - once for each window they lie in.

        Each has the window's `ws` and `we`, and whether it came `late`, when that was closed; `on_time` leaves those
        out. `keys` are the columns whose combinations sessions are apart by.
        """
        if self.sessions:
            return self._visits(source, keys, on_time=on_time)
        spread = f"SELECT *, we + {self.grace} <= mark AS late FROM ({self._even(source)})"
        return f"SELECT * FROM ({spread}) WHERE NOT late" if on_time else spread

    def _even(self, source: str) -> str:
        window = self.window
        if self.local:
            return f"SELECT e.*, spans.ws, spans.we FROM {source} e JOIN spans ON e.t >= spans.ws AND e.t < spans.we"
        if window.cumulative:
            start, steps = floored("e.t", window.size), window.size // window.hop
            return (
                f"SELECT *, ws + step * {window.hop} AS we FROM (SELECT e.*, {start} AS ws FROM {source} e),"
                f" range(1, {steps + 1}) r(step) WHERE ws + step * {window.hop} > t"
            )
        several = -(-window.size // window.hop)
        start = f"{floored('e.t', window.hop)} - nth * {window.hop}"
        return (
            f"SELECT *, ws + {window.size} AS we FROM (SELECT e.*, {start} AS ws FROM {source} e,"
            f" range(0, {several}) r(nth)) WHERE ws + {window.size} > t"
        )

    def _visits(self, source: str, keys: str, *, on_time: bool) -> str:
        """Sessions, of which `cut` says in the table `visits` how they were live, and what came too late for them."""
        gap = self.window.size
        live = f"SELECT e.*, v.visit, v.late FROM {source} e JOIN visits v ON e.n = v.n"
        if on_time:
            visits = f"SELECT * FROM ({live}) WHERE visit <> {NOWHERE}"
        else:
            visits = in_order(f"(SELECT * EXCLUDE (visit) FROM ({live}))", keys, gap)
        return (
            f"SELECT *, min(t) OVER visited AS ws, max(t) OVER visited + {gap} AS we"
            f" FROM ({visits}) WINDOW visited AS (PARTITION BY {keys}, visit)"
        )

    def own(self, start: int, end: int) -> bool:
        """Whether a row is of these windows and not of the coarser ones that older rows are kept as."""
        window = self.window
        if self.sessions:
            return True
        if self.local:
            return (start, end) in self.table(start, end - 1)
        if window.cumulative:
            return start % window.size == 0 and (end - start) % window.hop == 0 and end - start <= window.size
        return start % window.hop == 0 and end - start == window.size


def in_order(source: str, keys: str, gap: int) -> str:
    """A query: the rows of `source` with `visit`, which counts the sessions of each combination of `keys`."""
    order = f"(PARTITION BY {keys} ORDER BY t, n)"
    fresh = f"SELECT *, CASE WHEN t - lag(t) OVER {order} <= {gap} THEN 0 ELSE 1 END AS fresh FROM {source}"
    return f"SELECT *, sum(fresh) OVER {order} AS visit FROM ({fresh})"
