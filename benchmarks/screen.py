"""The dashboard with sixty tiles at four updates a second: how long its frames are, and its memory over an hour."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, WebSocketRoute, sync_playwright

from benchmarks.machine import versions
from benchmarks.process import Running, gateway
from benchmarks.report import Goal, Report
from benchmarks.samples import Series, percentile

__all__ = ["Stream", "definitions", "run"]

TILES = 60
HZ = 4
PERIOD_MS = 1_000 // HZ
FRAME_MS = 33.0
HOUR_S = 3_600
SETTLED_S = 1_200
LOOK_S = 300
COLLECTIONS = 3
SETTLE_MS = 200
GROWTH = 1.05

_METHOD = """
The dashboard as the gateway serves it, in headless Chromium (1,400 by 3,000 pixels, no GPU) on the cores that the
driver and the gateway run on too, with sixty KPIs on one board: a number, a trend of one-second windows, groups and a
list in turn. Its WebSocket is answered by the benchmark, which says a new value of each KPI four times a second, all
sixty in one frame, as the gateway does for KPIs that change at the same tick. frame: times between two animation frames
over the measured seconds; the one that 95 of 100 do not exceed, and the longest. heap: bytes that scripts hold after a
garbage collection (the least of three, a fifth of a second apart: on a busy machine updates are still under way), over
an hour whose clock is put forward a quarter of a second with each update (what is due by then, timers and animation
frames, runs once): after 20 minutes, when every history is full, and at its end.
"""

_FRAMES = """async (ms) => {
  const gaps = [];
  const began = performance.now();
  let before = began;
  await new Promise((done) => {
    const next = (now) => {
      gaps.push(now - before);
      before = now;
      if (now - began < ms) requestAnimationFrame(next);
      else done();
    };
    requestAnimationFrame(next);
  });
  return gaps.slice(1);
}"""


def definitions(count: int = TILES) -> str:
    """A KPI file with so many KPIs, of four kinds in turn."""
    kinds = (
        'value = "count(*)"\nwindow = "tumbling 10s"',
        'value = "count(*)"\nwindow = "tumbling 1s"',
        'value = "count(*)"\nby = ["group"]\nwindow = "tumbling 10s"',
        'value = "top(page, 8)"\nwindow = "tumbling 10s"',
    )
    return "\n".join(f'[[kpi]]\nname = "k{i}"\ntitle = "KPI {i}"\n{kinds[i % 4]}\n' for i in range(count))


class Stream:
    """The server's side of one viewer's socket, with rows that are made up."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._offset = 0

    def answer(self, text: str, now: int) -> str | None:
        """What is said to one frame of the page; None: nothing."""
        said = json.loads(text)
        replies: list[dict[str, Any]] = []
        for message in said if isinstance(said, list) else [said]:
            if message["type"] == "hello":
                limits = {"max_frame": 262_144, "max_events": 500, "max_depth": 16}
                welcome = {"type": "welcome", "session": "s", "node": "n", "server_epoch": "e", "epoch": "e"}
                replies.append({**welcome, "now": now, "heartbeat_ms": 25_000, "limits": limits})
            elif message["type"] == "subscribe" and "kpi" in message:
                self._ids[message["kpi"]] = message["id"]
                body = {"type": "snapshot", "id": message["id"], "epoch": "e", "offset": self._offset}
                replies.append({**body, "meta": {}, "watermark": now, "rows": []})
        return json.dumps(replies) if replies else None

    @property
    def subscribed(self) -> int:
        """KPIs that the page has asked for."""
        return len(self._ids)

    def step(self, now: int) -> str:
        """One update of every KPI that the page has asked for, as one frame."""
        self._offset += 1
        return json.dumps([self._delta(int(name[1:]), id_, now) for name, id_ in self._ids.items()])

    def _delta(self, nth: int, id_: int, now: int) -> dict[str, Any]:
        size = 1_000 if nth % 4 == 1 else 10_000
        start = now // size * size
        number = 1_000 + (self._offset * 37 + nth * 101) % 500
        row = {"start": start, "end": start + size, "kind": "partial", "rev": self._offset}
        rows: list[dict[str, Any]]
        if nth % 4 == 2:
            rows = [{**row, "dims": {"group": f"g{g}"}, "value": number + g * 10} for g in range(8)]
        elif nth % 4 == 3:
            items = [[f"/page/{i}", number - i * 50] for i in range(8)]
            rows = [{**row, "dims": {}, "value": {"items": items}}]
        else:
            rows = [{**row, "dims": {}, "value": number}]
        body = {"type": "delta", "id": id_, "prev": self._offset - 1, "offset": self._offset}
        return {**body, "watermark": start, "set": rows, "del": []}


class _Socket:
    """Answers the page's WebSocket."""

    def __init__(self, page: Page) -> None:
        self._stream = Stream()
        self._route: WebSocketRoute | None = None
        # What both sides take for the time, in epoch milliseconds.
        self.now = time.time_ns() // 1_000_000
        page.route_web_socket("**/v1/ws", self._open)

    def _open(self, route: WebSocketRoute) -> None:
        self._route = route
        self._stream = Stream()
        route.on_message(self._said)

    def _said(self, text: str | bytes) -> None:
        assert self._route is not None
        answer = self._stream.answer(text if isinstance(text, str) else text.decode(), self.now)
        if answer is not None:
            self._route.send(answer)

    @property
    def ready(self) -> bool:
        """The page has asked for every KPI."""
        return self._stream.subscribed == TILES

    def step(self) -> None:
        """Say one update of every KPI."""
        assert self._route is not None
        self._route.send(self._stream.step(self.now))


def run(names: list[str], rounds: int = 5, measure_s: float = 10.0) -> Report:
    """`frame`, in real time and round by round; then `heap`, one hour with a clock that is put forward."""
    report = Report(
        "screen",
        _METHOD,
        {"rounds": rounds, "seconds": measure_s, "tiles": TILES, "hz": HZ, "simulated_s": HOUR_S},
        versions("tidegate", "playwright"),
    )
    values: dict[str, list[float]] = {"frame/p95": [], "frame/longest": []}
    os.sched_setaffinity(0, range(os.cpu_count() or 1))  # a browser is many processes: on one core they queue
    with tempfile.TemporaryDirectory(prefix="tidegate-bench-") as folder, sync_playwright() as playwright:
        kpis = Path(folder) / "kpis.toml"
        kpis.write_text(definitions(), "utf-8")
        with gateway(kpis) as server:
            path = shutil.which("chromium") or shutil.which("chromium-browser")
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
            for number in range(rounds if "frame" in names or not names else 0):
                gaps = _frames(browser, server, measure_s)
                values["frame/p95"].append(percentile(gaps, 0.95))
                values["frame/longest"].append(max(gaps))
                print(f"round {number + 1}: {len(gaps)} frames, p95 {values['frame/p95'][-1]:.1f} ms", flush=True)
            sizes = _hour(browser, server) if "heap" in names or not names else None
            browser.close()
    report.add(*(Series(name, "ms", tuple(each)) for name, each in values.items() if each))
    if sizes is not None:
        settled, end = sizes
        report.add(Series("heap/settled", "MB", (settled / 1e6,)), Series("heap/hour", "MB", (end / 1e6,)))
        report.add(Series("heap/growth", "ratio", (end / settled,)))
    report.goals += [
        Goal("no long frame", "frame/p95", at_most=FRAME_MS),
        Goal("flat memory", "heap/growth", at_most=GROWTH),
    ]
    return report


@contextmanager
def _board(browser: Browser, server: Running, *, wound: bool) -> Iterator[tuple[Page, _Socket]]:
    context = browser.new_context(viewport={"width": 1_400, "height": 3_000})
    page = context.new_page()
    socket = _Socket(page)
    if wound:
        page.clock.install(time=socket.now / 1_000)
    page.goto(f"http://127.0.0.1:{server.port}/#/board/all&key={server.view_key}")
    for _ in range(600):
        if socket.ready:
            break
        page.clock.run_for(50) if wound else page.wait_for_timeout(50)
    else:
        raise RuntimeError("the page did not ask for every KPI")
    yield page, socket
    context.close()


def _frames(browser: Browser, server: Running, seconds: float) -> list[float]:
    """Times between animation frames in ms, while every tile gets an update each quarter of a second."""
    with _board(browser, server, wound=False) as (page, socket):
        _real(page, socket, 3.0)
        page.evaluate(f"() => {{ globalThis.gaps = ({_FRAMES})({seconds * 1_000}); }}")
        _real(page, socket, seconds)
        return [float(gap) for gap in page.evaluate("() => gaps")]


def _real(page: Page, socket: _Socket, seconds: float) -> None:
    due = time.monotonic()
    until = due + seconds
    while due < until:
        socket.now = time.time_ns() // 1_000_000
        socket.step()
        due += PERIOD_MS / 1_000
        page.wait_for_timeout(max(0.0, (due - time.monotonic()) * 1_000))


def _held(page: Page, session: CDPSession) -> int:
    """Bytes that are held for good: on a busy machine updates are still under way, up to a megabyte of them."""
    sizes = []
    for _ in range(COLLECTIONS):
        page.wait_for_timeout(SETTLE_MS)
        session.send("HeapProfiler.collectGarbage")
        sizes.append(int(session.send("Runtime.getHeapUsage")["usedSize"]))
    return min(sizes)


def _hour(browser: Browser, server: Running) -> tuple[int, int]:
    """Bytes of the heap after `SETTLED_S` and after `HOUR_S`."""
    sizes: dict[int, int] = {}
    with _board(browser, server, wound=True) as (page, socket):
        session = page.context.new_cdp_session(page)
        for step in range(1, HOUR_S * HZ + 1):
            socket.now += PERIOD_MS
            socket.step()
            page.clock.fast_forward(PERIOD_MS)
            if step % (LOOK_S * HZ) == 0:
                sizes[step // HZ] = _held(page, session)
                print(f"after {step // HZ} s: {sizes[step // HZ] / 1e6:.2f} MB", flush=True)
    return sizes[SETTLED_S], sizes[HOUR_S]
