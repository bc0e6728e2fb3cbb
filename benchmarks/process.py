"""Servers and drivers as child processes: started on their core, found by the address they print, always ended."""

from __future__ import annotations

import os
import queue
import re
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from benchmarks.machine import SERVER_CORE, pin, real_disk

__all__ = ["Running", "drive", "gateway", "python_server", "start"]

_ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)")
_START_S = 60.0
_STOP_S = 15.0


class Running(NamedTuple):
    """A server that accepts connections."""

    name: str
    port: int
    pid: int
    write_key: str = "unused"
    view_key: str = "unused"


@contextmanager
def start(name: str, argv: Sequence[str], env: Mapping[str, str] | None = None) -> Iterator[int]:
    """Run a command pinned to the server's core for the length of the `with` block; gives its pid.

    Raises:
        RuntimeError: it ended within the block; the message holds the end of its standard error.
    """
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            argv, env={**os.environ, **(env or {})}, stdout=errors, stderr=errors, preexec_fn=lambda: pin(SERVER_CORE)
        )
        try:
            yield process.pid
            if process.poll() is not None:
                raise RuntimeError(f"{name} ended by itself with code {process.returncode}: {_tail(errors)}")
        finally:
            _end(process)


@contextmanager
def python_server(name: str, *argv: str, env: Mapping[str, str] | None = None) -> Iterator[Running]:
    """Run `python -m ARGV` pinned to the server's core; it must print the address it listens on.

    Raises:
        RuntimeError: no address within a minute, or it ended within the block; with the end of its standard error.
    """
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", *argv],
            env={**os.environ, **(env or {})},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            preexec_fn=lambda: pin(SERVER_CORE),
        )
        try:
            port = _read_port(process)
            if port is None:
                raise RuntimeError(f"{name} printed no address: {_tail(errors)}")
            yield Running(name, port, process.pid)
            if process.poll() is not None:
                raise RuntimeError(f"{name} ended by itself with code {process.returncode}: {_tail(errors)}")
        except BaseException as error:
            error.add_note(f"{name} said last: {_tail(errors)}")
            raise
        finally:
            _end(process)


@contextmanager
def gateway(kpis: Path, settings: Mapping[str, str] | None = None) -> Iterator[Running]:
    """The real gateway on a fresh data folder on a disk; `settings` are `TIDEGATE_<NAME>` variables by name."""
    keys = {"TIDEGATE_WRITE_KEYS": f"wk_{secrets.token_hex(8)}", "TIDEGATE_VIEW_KEYS": f"vk_{secrets.token_hex(8)}"}
    # A drain spreads the closes of live clients over seconds; here they are gone when it begins.
    chosen = {"drain_ms": "100", **(settings or {})}
    env = keys | {f"TIDEGATE_{name.upper()}": value for name, value in chosen.items()}
    with tempfile.TemporaryDirectory(prefix="tidegate-bench-", dir=real_disk()[0]) as data:
        argv = ("gateway", "serve", "--port", "0", "--data", data, "--kpis", str(kpis))
        with python_server("gateway", *argv, env=env) as server:
            yield server._replace(write_key=keys["TIDEGATE_WRITE_KEYS"], view_key=keys["TIDEGATE_VIEW_KEYS"])


def drive(module: str, plan: Mapping[str, Any], timeout: float = 120.0) -> dict[str, Any]:
    """Run a driver module with a plan, in its own process, and give what it printed.

    Raises:
        RuntimeError: it failed; the message holds its standard error.
    """
    done = subprocess.run(
        [sys.executable, "-m", module, orjson.dumps(plan).decode("ascii")],
        capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{module} failed: {done.stderr[-2_000:]}")
    return dict(orjson.loads(done.stdout))


def _read_port(process: subprocess.Popen[str]) -> int | None:
    """The port from the first line with an address. The rest of the output is read and dropped, so no pipe fills."""
    lines: queue.Queue[str | None] = queue.Queue()
    out = process.stdout
    assert out is not None

    def pump() -> None:
        for line in out:
            lines.put(line)
        lines.put(None)

    threading.Thread(target=pump, daemon=True).start()
    deadline = time.monotonic() + _START_S
    while (left := deadline - time.monotonic()) > 0:
        try:
            line = lines.get(timeout=left)
        except queue.Empty:
            return None
        if line is None:
            return None
        if match := _ADDRESS.search(line):
            return int(match[1])
    return None


def _tail(file: Any) -> str:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 1_500))
    return bytes(file.read()).decode("utf-8", "replace").strip()


def _end(process: subprocess.Popen[Any]) -> None:
    """Ask the process to end, then make it; nothing is left behind."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdout is not None:
        process.stdout.close()
