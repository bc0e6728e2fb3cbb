"""`memory_cap`: a process that holds more than it may takes nothing on, says so, and goes on when it may hold more."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import uvloop
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from tests.e2e.figures import metric
from tests.e2e.fleet import progress, under_load
from tests.e2e.gateway_process import WRITE_KEY, GatewayProcess
from tests.e2e.patience import eventually
from tests.e2e.producer import EVENTS, KPIS, Producer, check_counts


def test_above_the_cap_nothing_is_taken_and_nothing_is_lost(tmp_path: Path) -> None:
    """With less than Python itself takes: level 3, 503 for posts, no credit beyond a welcome's; viewing goes on."""
    kpis = tmp_path / "kpis.toml"
    kpis.write_text(KPIS)
    gateway = GatewayProcess(tmp_path / "data", kpis=kpis, snapshot_s=1)
    producers = [Producer(f"p{n}") for n in range(2)]
    under_load(gateway, producers, lambda: progress(producers, 5))

    async def held(small: GatewayProcess) -> int:
        """A producer that uses up the credit of its welcome; how many batches that were."""
        async with (
            asyncio.timeout(60),
            connect(small.ws_url, subprotocols=[Subprotocol("tidegate.v1")], compression=None, proxy=None) as socket,
        ):
            claim = {"id": "held", "epoch": 1, "next_seq": 1}
            hello = {"type": "hello", "v": 1, "role": "producer", "token": WRITE_KEY, "producer": claim}
            await socket.send(json.dumps(hello))
            welcome = json.loads(await socket.recv())
            most: int = welcome["credit"]["max_seq"]
            for seq in range(1, most + 1):
                await socket.send(Producer("held").frame(seq))
            while (ack := json.loads(await socket.recv())).get("seq") != most:
                pass
            assert (ack["level"], ack["credit"]) == (3, welcome["credit"])
            assert ack["wait_ms"] > 0
            return most

    with GatewayProcess(tmp_path / "data", kpis=kpis, memory_cap=16) as small:
        eventually(lambda: metric(small, "tidegate_level"), lambda level: level == 3)
        status, answer = small.post(b'{"token":"w_test","events":[{"event":"x"}]}')
        assert (status, answer) == (503, {"error": "busy"})
        memory = small.status()["memory"]
        assert memory["cap"] == 16 << 20 < memory["rss"]
        check_counts(small, producers)
        taken = uvloop.run(held(small))
    with GatewayProcess(tmp_path / "data", kpis=kpis) as roomy:
        assert roomy.status()["ledger"]["accepted"] == EVENTS * (taken + sum(producer.sent for producer in producers))
        assert roomy.post(b'{"token":"w_test","events":[{"event":"x"}]}')[0] == 200
