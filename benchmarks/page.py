"""The browser SDK on the main thread of a page: how long its tasks are, on a processor slowed down four times."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, CDPSession, sync_playwright

from benchmarks.machine import versions
from benchmarks.process import Running, gateway
from benchmarks.report import Goal, Report
from benchmarks.samples import Series, percentile

__all__ = ["run", "tasks"]

EVENTS_PER_S = 200
SLOWED = 4
MOST_MS = 5.0
WARM_S = 2.0
MODULES = ("clicks", "dead", "errors", "forms", "outbound", "pageviews", "rage", "scroll", "stitch", "vitals")
# What is captured, and the modules that run meanwhile.
SIDES: dict[str, tuple[bool, Sequence[str]]] = {"with": (True, ()), "modules": (True, MODULES), "without": (False, ())}
_CATEGORIES = ["toplevel", "devtools.timeline"]
_KPIS = Path(__file__).with_name("fanout.toml")

_METHOD = """
A page in headless Chromium runs a timer that captures 200 events a second with six properties each, for two seconds
before anything is measured; `modules` is the same with all ten modules of the SDK at work, `without` the same timer
without the capture. The SDK is as the gateway serves it, queue in localStorage and WebSocket to that gateway. Every
task of the page's main thread is taken from a trace of the DevTools protocol by its thread time: the longest, those
that 99 of 100 and 999 of 1,000 do not exceed, and all together for each event, in milliseconds of a processor four
times as slow.

That processor is made in two ways. With the DevTools protocol's throttling, as in the browser's own panel: a thread
interrupts the main thread and lets it spin three times as long as has passed since the last interruption, up to 3 ms.
So whatever else holds up either thread is counted as the task's, in steps of 3 ms; on a machine with other work
`without` has such tasks too. And, as `x4`, without throttling, every time multiplied by four: what the tasks themselves
take.
"""

_PACE = """async ([perSecond, seconds, on]) => {
  const began = performance.now();
  let n = 0;
  await new Promise((done) => {
    const tick = () => {
      const passed = performance.now() - began;
      if (n < (passed * perSecond) / 1000) {
        n += 1;
        const kind = { category: "books", currency: "EUR" };
        const properties = { n, price: 9.5, sku: `sku-${n % 50}`, title: `No. ${n}`, ...kind };
        if (on) tidegate.capture("item_viewed", properties);
      }
      if (passed < seconds * 1000) setTimeout(tick, 500 / perSecond);
      else done();
    };
    tick();
  });
  return n;
}"""
_START = """async ([key, modules]) => {
  const { init, capture, flush, on } = await import("/sdk.js");
  const running = new Set();
  const broken = new Promise((_, reject) =>
    on("module", ({ name, error }) => error ? reject(error) : running.add(name)));
  init(key, { pageview: false, maxEvents: 100000, maxBytes: 4000000, modules });
  capture("first");
  const acked = await flush();
  while (running.size < modules.length) await Promise.race([broken, new Promise((done) => on("module", done))]);
  return acked;
}"""


def tasks(trace: Sequence[dict[str, Any]]) -> list[float]:
    """Thread time in ms of each top-level task on the main thread that called most functions of scripts.

    The clock of a thread jumps by some two milliseconds now and then, so a task never counts as more than it lasted.
    """
    calls = Counter((one["pid"], one["tid"]) for one in trace if one.get("name") == "FunctionCall")
    if not calls:
        return []
    [(thread, _)] = calls.most_common(1)
    found: list[float] = []
    until = -1.0
    spans = (one for one in trace if (one["pid"], one["tid"]) == thread and one.get("ph") == "X")
    for one in sorted(spans, key=lambda one: (one["ts"], -one["dur"])):
        if one["name"].endswith("RunTask") and one["ts"] >= until:  # those within another are part of it
            until = one["ts"] + one["dur"]
            found.append(min(one.get("tdur", 0), one["dur"]) / 1_000)
    return found


def run(names: list[str], rounds: int = 5, measure_s: float = 5.0) -> Report:
    """Measure all sides in turn, each in both ways."""
    report = Report(
        "page",
        _METHOD,
        {"rounds": rounds, "seconds": measure_s, "events_per_s": EVENTS_PER_S, "slowed": SLOWED},
        versions("tidegate", "playwright"),
    )
    sides = [side for side in SIDES if not names or side in names]
    values: dict[str, list[float]] = {}
    os.sched_setaffinity(0, range(os.cpu_count() or 1))  # a browser is many processes: on one core they queue
    with gateway(_KPIS) as server, sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        for number in range(rounds):
            for side in sides:
                for way, throttled in {side: True, f"{side} x4": False}.items():
                    events, times = _sample(browser, server, measure_s, *SIDES[side], throttled=throttled)
                    for name, value in {
                        "longest": max(times),
                        "p99": percentile(times, 0.99),
                        "p99.9": percentile(times, 0.999),
                        "per event": sum(times) / events,
                    }.items():
                        values.setdefault(f"{way}/{name}", []).append(value)
            print(f"round {number + 1}: " + ", ".join(f"{name} {each[-1]:.2f}" for name, each in values.items()))
        browser.close()
    report.add(*(Series(name, "ms", tuple(each)) for name, each in values.items()))
    report.goals.extend(
        Goal(f"no long task, {way}", f"{way}/longest", at_most=MOST_MS)
        for way in ("with", "with x4", "modules", "modules x4")
    )
    return report


def _sample(
    browser: Browser, server: Running, seconds: float, on: bool, modules: Sequence[str], *, throttled: bool
) -> tuple[int, list[float]]:
    """How many events were captured, or would have been, and the times of the tasks meanwhile.

    Raises:
        RuntimeError: not every event was acked.
    """
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{server.port}/sdk.js")  # a page of the gateway's origin, without scripts of its own
    if not page.evaluate(_START, [server.write_key, list(modules)]):
        raise RuntimeError("the first event was not acked")
    page_session = context.new_cdp_session(page)
    page_session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWED if throttled else 1})
    warm = int(page.evaluate(_PACE, [EVENTS_PER_S, WARM_S, on]))
    browser_session = browser.new_browser_cdp_session()
    trace: list[dict[str, Any]] = []
    _trace(browser_session, trace)
    events = int(page.evaluate(_PACE, [EVENTS_PER_S, seconds, on]))
    ended: list[object] = []
    browser_session.on("Tracing.tracingComplete", lambda data: ended.append(data))
    browser_session.send("Tracing.end")
    while not ended:
        page.wait_for_timeout(50)
    page_session.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    books = page.evaluate("async () => (await tidegate.flush()) && tidegate.ledger()")
    least = (warm + events if on else 0) + 1
    if not books or books["accepted"] < books["sent"] or books["sent"] < least:  # modules capture something, too
        raise RuntimeError(f"{books} of {least} events")
    context.close()
    return events, [time * (1 if throttled else SLOWED) for time in tasks(trace)]


def _trace(session: CDPSession, into: list[dict[str, Any]]) -> None:
    session.on("Tracing.dataCollected", lambda data: into.extend(data["value"]))
    config = {"includedCategories": _CATEGORIES}
    session.send("Tracing.start", {"transferMode": "ReportEvents", "traceConfig": config})
