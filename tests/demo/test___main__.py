"""The visitors' process: the key comes in the environment, SIGTERM ends it with its account closed."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from tests.client_sdk.server import Server
from tests.client_sdk.test_async_client import run


async def visitors(*arguments: str, **environment: str) -> asyncio.subprocess.Process:
    """Start the process."""
    kept = {name: value for name, value in os.environ.items() if name != "TIDEGATE_DEMO_KEY"}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "gateway.demo",
        *arguments,
        env={**kept, **environment},
        stderr=asyncio.subprocess.PIPE,
    )


def test_they_come_and_leave() -> None:
    """Events arrive under the key; after SIGTERM the last line is a balanced account and the code is 0."""

    async def scenario() -> None:
        async with Server() as server:
            process = await visitors(f"--url={server.url}", "--visitors=30", TIDEGATE_DEMO_KEY="wk_demo")
            await server.until(lambda: len(server.model.counted) >= 10)
            process.send_signal(signal.SIGTERM)
            _, err = await process.communicate()
            assert process.returncode == 0
            sent = len(server.model.counted)
            last = err.decode().splitlines()[-1]
            assert f"{sent:,} sent = {sent:,} accepted" in last
            assert server.of_type("hello")[0]["token"] == "wk_demo"
            assert "wk_demo" not in err.decode()

    run(scenario())


def test_without_a_key_they_do_not_start() -> None:
    """Exit code 2, and one line that names the variable."""

    async def scenario() -> None:
        process = await visitors("--url=http://127.0.0.1:1")
        _, err = await process.communicate()
        assert process.returncode == 2
        assert err.decode() == "tidegate demo: TIDEGATE_DEMO_KEY holds no write key\n"

    run(scenario())
