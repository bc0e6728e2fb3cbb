"""What a replay says beside its rows."""

from __future__ import annotations

import io
from typing import Any

from analytics import Batch, Engine, KpiSpec
from gateway.core.recording import BadLine
from gateway.core.replay import Replay
from gateway.replay.progress import Progress

SPEC = KpiSpec(name="views", value="count(*)", window="tumbling 1s", delay="0s", grace="0s")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def _replay() -> Replay:
    replay = Replay(Engine([SPEC], exact=True))
    replay.counts.events = 3_000
    return replay


def test_a_terminal_sees_a_line_a_second() -> None:
    """It is written over, and gone before the summary."""
    stream, now = Terminal(), [0.0]
    progress = Progress(stream, lambda: now[0])
    replay = _replay()
    for now[0] in (0.5, 0.9, 1.2, 1.6):
        progress.step(replay.counts)
    assert stream.getvalue().count("\r") == 2
    assert "3,000 events, 6,000 a second" in stream.getvalue()
    progress.summary(replay)
    assert stream.getvalue().endswith("\r\x1b[Ktidegate: 3000 events read; 0 duplicates; late: none\n")


def test_a_log_gets_the_summary_only() -> None:
    """No terminal, no progress."""
    stream = io.StringIO()
    progress, replay = Progress(stream, lambda: 0.0), _replay()
    progress.step(replay.counts)
    progress.clear()
    assert stream.getvalue() == ""


def test_the_summary_names_what_the_bounds_cost() -> None:
    """And values that are no numbers where numbers are needed. Rows of such windows look like all others."""
    stream = io.StringIO()
    visits = KpiSpec("visits", "count(*)", "session 1m", max_keys=2)
    replay = Replay(Engine([visits, KpiSpec("spent", "sum(price)", "tumbling 1s")], exact=True))
    events: list[dict[str, Any]] = [{"event": "e", "timestamp": 0, "distinct_id": f"u{i}"} for i in range(5)]
    events[3]["properties"] = {"price": "9.50"}
    list(replay.take(Batch.from_events(events)))
    Progress(stream, lambda: 0.0).summary(replay)
    assert stream.getvalue().endswith("late: none; bounds: clashes 1, closed_early 3\n")


def test_the_summary_names_what_did_not_count() -> None:
    """Duplicates, late events by KPI, the span, and bad lines with the first of them."""
    stream, replay = io.StringIO(), _replay()
    times = [{"event": "e", "timestamp": t} for t in (5_000, 1, 2)]
    list(replay.take(Batch.from_events(times)))
    replay.counts.duplicates, replay.counts.outside, replay.counts.bad = 2, 7, 4
    replay.counts.first_bad = BadLine(12, "no timestamp")
    Progress(stream, lambda: 0.0).summary(replay)
    assert stream.getvalue() == (
        "tidegate: 3000 events read; 2 duplicates; late: views 2; 7 outside the span;"
        " 4 bad lines skipped, the first in line 12: no timestamp\n"
    )
