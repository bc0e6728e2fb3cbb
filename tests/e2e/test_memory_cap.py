"""`memory_cap`: a process that holds more than it may takes nothing on, says so, and goes on when it may hold more."""

from __future__ import annotations

from pathlib import Path

import pytest
import uvloop
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from tests.e2e.figures import metric
from tests.e2e.fleet import progress, under_load
from tests.e2e.gateway_process import GatewayProcess
from tests.e2e.patience import eventually
from tests.e2e.producer import EVENTS, KPIS, Producer, check_counts


def test_above_the_cap_nothing_is_taken_and_nothing_is_lost(tmp_path: Path) -> None:
    """With less than Python itself takes: level 3, 503 for posts and for new sockets; what was counted is shown."""
    kpis = tmp_path / "kpis.toml"
    kpis.write_text(KPIS)
    gateway = GatewayProcess(tmp_path / "data", kpis=kpis, snapshot_s=1)
    producers = [Producer(f"p{n}") for n in range(2)]
    under_load(gateway, producers, lambda: progress(producers, 5))

    async def knock(small: GatewayProcess) -> None:
        async with connect(small.ws_url, subprotocols=[Subprotocol("tidegate.v1")], compression=None, proxy=None):
            """Not reached: the handshake is answered with 503."""

    with GatewayProcess(tmp_path / "data", kpis=kpis, memory_cap=16) as small:
        eventually(lambda: metric(small, "tidegate_level"), lambda level: level == 3)
        status, answer = small.post(b'{"token":"w_test","events":[{"event":"x"}]}')
        assert (status, answer) == (503, {"error": "busy"})
        memory = small.status()["memory"]
        assert memory["cap"] == 16 << 20 < memory["rss"]
        check_counts(small, producers)
        with pytest.raises(InvalidStatus, match="503"):
            uvloop.run(knock(small))
    with GatewayProcess(tmp_path / "data", kpis=kpis) as roomy:
        assert roomy.status()["ledger"]["accepted"] == EVENTS * sum(producer.sent for producer in producers)
        assert roomy.post(b'{"token":"w_test","events":[{"event":"x"}]}')[0] == 200
