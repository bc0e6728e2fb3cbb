"""`tidegate demo`: a gateway with the shop, and visitors in a process of their own who use it over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import sys
import tempfile
from functools import partial
from pathlib import Path

import uvloop

from gateway.config import Config
from gateway.demo.fitting import fit_out
from gateway.main import Server
from gateway.server.logs import configure_logs
from gateway.server.memory import give_back

__all__ = ["run_demo"]

KEY_VARIABLE = "TIDEGATE_DEMO_KEY"
STOP_S = 5.0


def run_demo(config: Config, visitors: int) -> int:
    """Run until asked to stop; the exit code. On a temporary data folder, fitted out for the shop, unless one is set.

    Raises:
        ConfigError, KpiError, StorageError: it could not start.
    """
    configure_logs(config.log_level)
    give_back()
    if config.data != Config.data_default():
        return uvloop.run(_demo(config, visitors))
    with tempfile.TemporaryDirectory(prefix="tidegate-demo-") as folder:
        config = fit_out(dataclasses.replace(config, data=str(Path(folder) / "data")))
        return uvloop.run(_demo(config, visitors))


async def _demo(config: Config, visitors: int) -> int:
    server = Server(config, demo=True)
    await server.start()
    server.heed_signals()
    sys.stdout.write(
        f"tidegate listening on {server.url}\n"
        f"  dashboard  {server.url}/#key={server.view_keys[0]}\n"
        f"  shop       {server.url}/demo/\n"
        f"  visitors   {visitors}, simulated; stop with Ctrl-C\n"
    )
    sys.stdout.flush()
    crowd = await _start_visitors(server, visitors) if visitors else None
    # The visitors go first: what they have under way is still taken, and their account closes.
    return await server.run(before_stop=None if crowd is None else partial(_end, crowd))


async def _start_visitors(server: Server, visitors: int) -> asyncio.subprocess.Process:
    """A process of their own: their work must not be mistaken for the gateway's. The key is not in its arguments."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "gateway.demo",
        f"--url={server.url}",
        f"--visitors={visitors}",
        *([f"--trust={server.config.tls_cert}"] if server.config.tls_cert else []),
        env={**os.environ, KEY_VARIABLE: server.write_keys[0]},
        # A Ctrl-C goes to the gateway, which ends them: else both would stop at once and events would be lost.
        start_new_session=True,
    )


async def _end(crowd: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        crowd.terminate()
    try:
        await asyncio.wait_for(crowd.wait(), STOP_S)
    except TimeoutError:
        crowd.kill()
        await crowd.wait()
