"""R10: memory of the server's process per idle connection, producers and viewers alike, against `websockets`."""

from __future__ import annotations

import socket
import time
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from benchmarks.machine import Memory, cpu_seconds, versions
from benchmarks.machine import memory as memory_of
from benchmarks.process import Running, gateway, python_server
from benchmarks.report import Goal, Report
from benchmarks.samples import Series
from benchmarks.viewers import KPI, subscribe
from benchmarks.wire import FrameReader, open_socket, read_message, say

__all__ = ["idle_producer", "per_connection", "rest", "run"]

KPIS = Path(__file__).parent / "fanout.toml"
STEPS = (1_000, 2_000)
_WARM = 50
_ROOM = {"max_connections_per_ip": "10000", "accept_rate": "10000", "heartbeat_ms": "600000"}
_QUIET_S = 1.0
_PATIENCE_S = 20.0

_METHOD = """
Idle connections are opened to a server that has already served 50 others, and its private memory (Private_Clean +
Private_Dirty of smaps_rollup: user space, no kernel buffers) is read at 1,000 and at 2,000 of them, each time after
it has been at rest. A sample is what 2,000 connections added, over their number, in KiB; every sample starts a fresh
server. A producer says hello, has one batch of one event acknowledged and stays; a viewer says hello,
subscribes to a KPI, gets its snapshot and stays. websockets: its asyncio server on uvloop, default settings but
compression off, each connection having had two messages answered. first, second: the same for each thousand by
itself; the allocator reuses in the second what the first left behind, so they differ.
"""

Opener = Callable[[Running], socket.socket]


def idle_producer(server: Running) -> socket.socket:
    """Open a connection that has had one batch acknowledged."""
    sock, reader = open_socket(server.port), FrameReader()
    say(sock, {
        "type": "hello", "v": 1, "role": "producer", "token": server.write_key,
        "producer": {"id": str(uuid.uuid4()), "epoch": 1, "next_seq": 1},
        "sdk": {"name": "benchmark", "version": "1"},
        "defaults": {"distinct_id": "u0", "session_id": "s0", "properties": {}},
    })  # fmt: skip
    read_message(sock, reader, "welcome")
    now = time.time_ns() // 1_000_000
    event = {"event": "cell", "timestamp": now, "properties": {"cell": "cell-0"}}
    say(sock, {"type": "batch", "seq": 1, "sent_at": now, "backlog": 0, "events": [event]})
    read_message(sock, reader, "ack")
    return sock


def _viewer(server: Running) -> socket.socket:
    sock = open_socket(server.port)
    subscribe(sock, FrameReader(), server.view_key, KPI, 4.0)
    return sock


def _plain(server: Running) -> socket.socket:
    sock, reader = open_socket(server.port), FrameReader()
    for _ in range(2):
        say(sock, {"type": "hello"})
        read_message(sock, reader, "welcome")
    return sock


def rest(pid: int) -> Memory:
    """Memory of the process once it has used next to no CPU for a second."""
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        before = cpu_seconds([pid])
        time.sleep(_QUIET_S)
        # A gateway at rest still ticks; a tenth of a core is anything but rest.
        if cpu_seconds([pid]) - before < 0.1 * _QUIET_S:
            break
    return memory_of(pid)


def per_connection(server: Running, opener: Opener) -> tuple[float, float, float]:
    """KiB of private memory per connection: over both steps, over the first, over the second."""
    held = [opener(server) for _ in range(_WARM)]
    try:
        seen = [rest(server.pid).private]
        for step in STEPS:
            held += [opener(server) for _ in range(step - len(held) + _WARM)]
            seen.append(rest(server.pid).private)
    finally:
        for sock in held:
            sock.close()
    first, second = STEPS
    added = (seen[2] - seen[0]) / second, (seen[1] - seen[0]) / first, (seen[2] - seen[1]) / (second - first)
    return added[0] / 1_024, added[1] / 1_024, added[2] / 1_024


def run(names: list[str], rounds: int = 5) -> Report:
    """Measure the sides named (none: all) in turns."""
    sides: dict[str, tuple[Callable[[], AbstractContextManager[Running]], Opener]] = {
        "producer": (lambda: gateway(KPIS, _ROOM), idle_producer),
        "viewer": (lambda: gateway(KPIS, _ROOM), _viewer),
        "websockets": (lambda: python_server("idle", "benchmarks.peers.idle"), _plain),
    }
    sides = {name: side for name, side in sides.items() if not names or name in names}
    report = Report(
        "memory",
        _METHOD,
        {"rounds": rounds, "connections": list(STEPS), "warm_connections": _WARM},
        versions("tidegate", "websockets", "uvloop", "orjson", "msgspec", "numpy"),
    )
    kib: dict[str, list[float]] = {name + step: [] for step in ("", "/first", "/second") for name in sides}
    for number in range(rounds):
        for name, (begin, opener) in sides.items():
            with begin() as server:
                each, first, second = per_connection(server, opener)
            kib[name].append(each)
            kib[name + "/first"].append(first)
            kib[name + "/second"].append(second)
            print(f"round {number + 1} {name}: {each:.2f} KiB per connection ({first:.2f}, {second:.2f})", flush=True)
    report.add(*(Series(name, "KiB per idle connection", tuple(values)) for name, values in kib.items()))
    report.goals += [Goal(f"R10 {name}", name, at_most=8.0) for name in ("producer", "viewer")]
    return report
