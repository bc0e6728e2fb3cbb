"""Tasks of a page's main thread, out of a trace."""

from __future__ import annotations

from typing import Any

from benchmarks.page import tasks


def span(name: str, ts: int, dur: int, tdur: int, tid: int = 1) -> dict[str, Any]:
    """A complete event of a trace, times in microseconds."""
    return {"name": name, "ph": "X", "pid": 7, "tid": tid, "ts": ts, "dur": dur, "tdur": tdur}


def test_top_level_tasks_of_the_busiest_thread_are_taken_by_thread_time() -> None:
    """Tasks within a task, spans that are no tasks and those of other threads do not count."""
    trace = [
        span("ThreadControllerImpl::RunTask", 0, 3_000, 2_000),
        span("ThreadControllerImpl::RunTask", 500, 1_000, 900),
        span("FunctionCall", 600, 100, 100),
        span("FunctionCall", 4_100, 100, 100),
        span("ThreadControllerImpl::RunTask", 4_000, 500, 400),
        span("ThreadControllerImpl::RunTask", 0, 90_000, 90_000, tid=2),
        span("FunctionCall", 1, 10, 10, tid=2),
        {"name": "thread_name", "ph": "M", "pid": 7, "tid": 1},
    ]
    assert tasks(trace) == [2.0, 0.4]


def test_a_task_takes_no_longer_than_it_lasts() -> None:
    """Where the clock of the thread has jumped within a task its duration counts."""
    trace = [span("ThreadControllerImpl::RunTask", 0, 140, 2_200), span("FunctionCall", 10, 70, 70)]
    assert tasks(trace) == [0.14]


def test_a_trace_without_scripts_has_no_tasks() -> None:
    """Where nothing was called there is no main thread to look at."""
    assert tasks([span("ThreadControllerImpl::RunTask", 0, 10, 10)]) == []
