"""A real gateway in a process of its own, on a free port and a temporary folder; killed by its own id."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.e2e.forkserver import Forked, ForkServer
from tests.e2e.heldport import HeldPort

__all__ = ["DEADLINE_S", "VIEW_KEY", "WRITE_KEY", "GatewayProcess", "answer_to", "workers_of"]

WRITE_KEY = "w_test"
VIEW_KEY = "v_test"
DEADLINE_S = 60.0
_ENVIRONMENT = {
    "TIDEGATE_WRITE_KEYS": WRITE_KEY,
    "TIDEGATE_VIEW_KEYS": VIEW_KEY,
    # aiohttp reads the certificates of all authorities when it is loaded, for the clients of which a gateway has none.
    "SSL_CERT_FILE": os.devnull,
}
_SERVERS = (ForkServer(_ENVIRONMENT), ForkServer(_ENVIRONMENT))
"""Each has its own seed of hashes: lives that follow each other must not agree by the order of a set."""


class GatewayProcess:
    """`tidegate COMMAND` with settings as flags. Use it as a context, or `start` and `kill` it again and again.

    Args:
        data: the data folder; it outlives the process.
        under: a command that becomes, or runs, the gateway's: its limits, a tracer. The id of the process stays ours.
        env: further variables of its environment.
        executed: by its command, as a user does it, and not forked from a process that has loaded the program. So is
            all that has a command before it, or variables that are read before the program is.
        settings: flags, by setting name.
        port: its own over all restarts, and nobody else's between them.
    """

    def __init__(
        self,
        data: Path,
        command: str = "serve",
        *,
        under: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        executed: bool = False,
        **settings: Any,
    ) -> None:
        self.data = data
        self._held = HeldPort()
        self.port = self._held.number
        self.lines: list[str] = []
        self.under = tuple(under)
        self._env = dict(env or {})
        self._command = command
        self._settings = settings
        self._executed = executed or bool(under) or not all(name.startswith("TIDEGATE_") for name in self._env)
        self._process: subprocess.Popen[bytes] | Forked | None = None
        self._starts = 0
        self._log = data.parent / f"{data.name}.log"

    @property
    def workers(self) -> int:
        """How many it has."""
        return workers_of(self._settings)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/v1/ws"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None

    def start(self) -> None:
        """Start and wait until it says where it listens. A process that says anything else is killed.

        Raises:
            AssertionError: its first line, and its log.
        """
        assert self._process is None
        flags = [f"--{name.replace('_', '-')}={value}" for name, value in self._settings.items()]
        arguments = [self._command, f"--port={self.port}", f"--data={self.data}", *flags]
        env = {**os.environ, **_ENVIRONMENT, **self._env}
        self._starts += 1
        with self._log.open("ab") as log:
            if self._executed or sys.platform != "linux":
                command = [*self.under, sys.executable, "-m", "gateway", *arguments]
                self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, env=env)
            else:
                self._process = _SERVERS[self._starts % 2].start(arguments, env, log)
        try:
            line = self._read_line()
            assert "listening on" in line, f"{line!r}\n{self.log()}"
            self.port = int(line.rsplit(":", 1)[1])
        except BaseException:
            self.kill()
            raise

    def _read_line(self) -> str:
        assert self._process is not None
        assert self._process.stdout is not None
        until = time.monotonic() + DEADLINE_S
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            if not selector.select(until - time.monotonic()):
                raise AssertionError(f"no line within {DEADLINE_S} s\n{self.log()}")
        line = self._process.stdout.readline().decode().rstrip()
        self.lines.append(line)
        return line

    def log(self) -> str:
        """What it wrote to stderr, over all its lives."""
        return self._log.read_text() if self._log.exists() else ""

    def events(self, name: str) -> list[dict[str, Any]]:
        """What it logged under a name, over all its lives."""
        lines = [json.loads(line) for line in self.log().splitlines() if line.startswith("{")]
        return [line for line in lines if line.get("event") == name]

    def kill(self) -> None:
        """SIGKILL."""
        self._end(signal.SIGKILL)

    def terminate(self) -> int:
        """SIGTERM; the exit code."""
        return self._end(signal.SIGTERM)

    def signal(self, number: int) -> None:
        """Any other signal."""
        os.kill(self.pid, number)

    def wait(self) -> int:
        """Wait for its end; the exit code."""
        assert self._process is not None
        code = self._process.wait(DEADLINE_S)
        self._close()
        return code

    def _end(self, number: int) -> int:
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process.pid, number)
        return self.wait()

    def _close(self) -> None:
        assert self._process is not None
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process = None

    def get(self, path: str, key: str | None = VIEW_KEY) -> tuple[int, bytes]:
        """Status and body of a GET."""
        request = urllib.request.Request(self.url + path)
        if key is not None:
            request.add_header("Authorization", f"Bearer {key}")
        return answer_to(request)

    def post(self, body: bytes, **headers: str) -> tuple[int, dict[str, Any]]:
        """Status and JSON of a POST to /v1/events."""
        request = urllib.request.Request(self.url + "/v1/events", body, {"Content-Type": "application/json", **headers})
        status, answer = answer_to(request)
        return status, json.loads(answer)

    def status(self) -> dict[str, Any]:
        """`/v1/status`."""
        code, body = self.get("/v1/status")
        assert code == 200, body
        result: dict[str, Any] = json.loads(body)
        return result

    def rows(self, kpi: str) -> list[dict[str, Any]]:
        """All rows of a KPI."""
        code, body = self.get(f"/v1/kpis/{kpi}")
        assert code == 200, body
        result: list[dict[str, Any]] = json.loads(body)["rows"]
        return result

    def __enter__(self) -> GatewayProcess:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self.kill()


def workers_of(settings: Mapping[str, Any]) -> int:
    """How many workers these settings give, or TIDEGATE_WORKERS for all gateways of a run."""
    return int(settings.get("workers", os.environ.get("TIDEGATE_WORKERS", "1")))


def answer_to(request: urllib.request.Request, tls: ssl.SSLContext | None = None) -> tuple[int, bytes]:
    """Status and body, whatever the status."""
    try:
        with urllib.request.urlopen(request, timeout=DEADLINE_S, context=tls) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()
