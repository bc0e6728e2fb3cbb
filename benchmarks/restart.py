"""R12: from nothing to a ready gateway with a million events in its log; and what a drain and a return take."""

from __future__ import annotations

import secrets
import selectors
import shutil
import socket
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from benchmarks.machine import cpu_seconds, real_disk, versions
from benchmarks.memory import idle_producer
from benchmarks.process import Running, python_server
from benchmarks.report import Goal, Report, UnequalError
from benchmarks.samples import Series
from benchmarks.traffic import BATCH_EVENTS, Happening, make_pool
from benchmarks.wire import ClosedError, FrameReader
from gateway.core.catchup import catch_up
from gateway.core.fold import Fold
from gateway.core.producer import Arrival
from gateway.core.producers import Producer
from gateway.core.record import encode_record
from gateway.kpis import load_kpis
from gateway.store import Committed, EventLog, Failed
from gateway.wire.columns import Columns
from gateway.wire.replies import Limits

__all__ = ["Drain", "Start", "come_and_go", "ready", "run", "write_log"]

KPIS = Path(__file__).parent / "board.toml"
EVENTS = 1_000_000
BEHIND = 0.05
CLIENTS = 1_000
RATE = 50_000
_PRODUCERS = 100
_BEGIN = 1_795_334_400_000
_AT_A_TIME = 16
_ROOM = {"max_connections_per_ip": "10000", "accept_rate": "10000", "heartbeat_ms": "600000"}

_METHOD = """
A log of a million events of the ingest benchmark's traffic, by 100 producers at 50,000 events a second of event time,
is written by the store itself; each sample is a start of the real gateway on a copy of that folder, with the board of
twelve KPIs and default settings, pinned to one core. `large rows`: 100 batches of 20 events in a row of the log, as
under load; `small rows`: one batch a row, as when little happens; neither has a snapshot. `snapshot`: large rows and
a snapshot, with 5 % of the events behind it. cpu: processor time of the process until /readyz says 200, from its
first instruction on, imports included, which take 0.4 s of it; wall: the time it took on this machine, whatever else
ran on it. The goals are judged by cpu. The ledger must then hold every event. drain: from SIGTERM to the end of the
process with 1,000 producers connected, the closes spread over `drain_ms` (3 s); spread: from the first close of those
to the last; back: from the next start's first instruction until as many have come, each with a batch acknowledged, 16
at a time, none of them waiting.
"""


class Start(NamedTuple):
    """What it took until it was ready, in seconds."""

    cpu: float
    wall: float


class Drain(NamedTuple):
    """Seconds of a drain, between its first close and its last, and until everyone was back."""

    drained: float
    spread: float
    back: float


def write_log(folder: Path, events: int, batches: int, snapshot: float | None = None) -> None:
    """A data folder with that many events in rows of so many batches.

    `snapshot`: the share of the rows that a snapshot has the effect of; None: there is none.
    """
    pool = make_pool(200, seed=1)
    payloads = list(_payloads(pool, events // BATCH_EVENTS, batches))
    failures: list[Failed] = []
    room = threading.Semaphore(64)

    def done(result: Committed | Failed) -> None:
        failures.extend([result] if isinstance(result, Failed) else [])
        room.release()

    with EventLog.open(folder, retention_ms=10**12, max_bytes=1 << 40, keep_snapshots=2, quarantine_rows=1_000) as log:
        for payload in payloads:
            room.acquire()
            log.append(payload, BATCH_EVENTS * batches, _BEGIN, done)
        for _ in range(64):
            room.acquire()
        if snapshot is not None:
            covered = int(len(payloads) * snapshot)
            fold = Fold(load_kpis(str(KPIS)), Limits(262_144, 500, 16), 65_536, 100_000, 1_000_000, 512 << 20)
            for _ in catch_up(fold, payloads[:covered]):
                fold.chronicle.hand_over()
            log.snapshot(covered, fold.snapshot(), _BEGIN, done)
            room.acquire()
    if failures:
        raise RuntimeError(f"the log could not be written: {failures[0].error}")


def _payloads(pool: list[list[Happening]], count: int, batches: int) -> Iterator[bytes]:
    producers = [Producer(f"producer-{number:032}", 1, 0) for number in range(_PRODUCERS)]
    for first in range(0, count, batches):
        group = []
        for number in range(first, min(first + batches, count)):
            now = _BEGIN + number * BATCH_EVENTS * 1_000 // RATE
            row = producers[number % _PRODUCERS]
            row.received_seq += 1
            text = _text(pool[number % len(pool)], row.received_seq, now)
            columns = Columns(0, 0, (), None, (), 0)
            group.append(Arrival(row, 1, row.received_seq, columns, None, text, now, 0, None, b"", None))
        yield encode_record(group)


def _text(batch: list[Happening], seq: int, now: int) -> bytes:
    events = [
        {
            "event": one.event,
            "timestamp": now - one.age,
            "distinct_id": one.user,
            "properties": {"country": one.country, "value": one.value, "$pathname": one.path},
        }
        for one in batch
    ]
    return orjson.dumps({"type": "batch", "seq": seq, "sent_at": now, "backlog": 0, "events": events})


@contextmanager
def _gateway(folder: Path, port: int, settings: dict[str, str]) -> Iterator[Running]:
    keys = {"TIDEGATE_WRITE_KEYS": f"wk_{secrets.token_hex(8)}", "TIDEGATE_VIEW_KEYS": f"vk_{secrets.token_hex(8)}"}
    env = keys | {f"TIDEGATE_{name.upper()}": value for name, value in settings.items()}
    argv = ("gateway", "serve", "--port", str(port), "--data", str(folder), "--kpis", str(KPIS))
    with python_server("gateway", *argv, env=env) as server:
        yield server._replace(write_key=keys["TIDEGATE_WRITE_KEYS"], view_key=keys["TIDEGATE_VIEW_KEYS"])


def ready(folder: Path, events: int) -> Start:
    """Start a gateway there and end it again.

    Raises:
        UnequalError: its ledger does not hold that many events.
    """
    began = time.monotonic()
    with _gateway(folder, 0, {"drain_ms": "100"}) as server:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/readyz", timeout=30) as answer:
            assert answer.status == 200
        took = Start(cpu_seconds([server.pid]), time.monotonic() - began)
        request = urllib.request.Request(f"http://127.0.0.1:{server.port}/v1/status")
        request.add_header("Authorization", f"Bearer {server.view_key}")
        with urllib.request.urlopen(request, timeout=30) as answer:
            ledger = orjson.loads(answer.read())["ledger"]
    if ledger["accepted"] != events:
        raise UnequalError(f"of {events} events the ledger holds {ledger}")
    return took


def come_and_go(folder: Path, clients: int) -> Drain:
    """Let so many producers come, stop the gateway under them, and let as many come to the next start."""
    closes: list[float] = []
    with ExitStack() as sockets:
        with _gateway(folder, 0, _ROOM) as server:
            there = _come(server, clients, sockets)
            watching = threading.Thread(target=_watch, args=(there, closes))
            watching.start()
            began = time.monotonic()
        # Leaving the block has sent SIGTERM and waited for the end.
        drained = time.monotonic() - began
        watching.join()
        began = time.monotonic()
        with _gateway(folder, server.port, _ROOM) as server:
            _come(server, clients, sockets)
            back = time.monotonic() - began
    return Drain(drained, max(closes) - min(closes), back)


def _come(server: Running, clients: int, sockets: ExitStack) -> list[socket.socket]:
    """Connect, some at a time; each has a batch acknowledged."""
    with ThreadPoolExecutor(_AT_A_TIME) as threads:
        return [sockets.enter_context(each) for each in threads.map(lambda _: idle_producer(server), range(clients))]


def _watch(there: list[socket.socket], closes: list[float]) -> None:
    """Note when each of them is closed by the server."""
    with selectors.DefaultSelector() as selector:
        for each in there:
            selector.register(each, selectors.EVENT_READ, FrameReader())
        while selector.get_map():
            for key, _ in selector.select():
                sock: Any = key.fileobj
                try:
                    data = sock.recv(65_536)
                    key.data.feed(data)
                except (ClosedError, OSError):
                    data = b""
                if not data:
                    closes.append(time.monotonic())
                    selector.unregister(sock)
                    sock.close()


def run(names: list[str], rounds: int = 5, events: int = EVENTS) -> Report:
    """Measure the sides named (none: all) in turns."""
    sides = {"large rows": (100, None), "small rows": (1, None), "snapshot": (100, 1 - BEHIND)}
    sides = {name: side for name, side in sides.items() if not names or name in names}
    report = Report(
        "restart",
        _METHOD,
        {"rounds": rounds, "events": events, "behind_the_snapshot": BEHIND, "clients": CLIENTS},
        versions("tidegate", "numpy", "msgspec", "orjson", "uvloop"),
    )
    starts: dict[str, list[Start]] = {name: [] for name in sides}
    drains: list[Drain] = []
    with tempfile.TemporaryDirectory(prefix="tidegate-bench-", dir=real_disk()[0]) as scratch:
        for name, (batches, snapshot) in sides.items():
            write_log(Path(scratch, name), events, batches, snapshot)
        for number in range(rounds):
            for name in sides:
                copy = Path(scratch, "copy")
                shutil.copytree(Path(scratch, name), copy)
                starts[name].append(ready(copy, events))
                shutil.rmtree(copy)
            if not names or "drain" in names:
                drains.append(come_and_go(Path(scratch, f"drain-{number}"), CLIENTS))
            said = [f"{name} {taken[-1].cpu:.2f} s of {taken[-1].wall:.2f} s" for name, taken in starts.items()]
            print(f"round {number + 1}: {', '.join(said)}; {drains[-1:]}", flush=True)
    for name, taken in starts.items():
        report.add(
            Series(f"{name}/cpu", "s", tuple(start.cpu for start in taken)),
            Series(f"{name}/wall", "s", tuple(start.wall for start in taken)),
        )
    for field in Drain._fields if drains else ():
        report.add(Series(field, "s", tuple(getattr(drain, field) for drain in drains)))
    report.goals += [
        Goal("R12 log", "large rows/cpu", at_most=4.0),
        Goal("R12 log, small rows", "small rows/cpu", at_most=4.0),
        Goal("R12 snapshot", "snapshot/cpu", at_most=1.0),
        Goal("drain", "drained", at_most=10.0),
        Goal("all back", "back", at_most=30.0),
    ]
    return report
