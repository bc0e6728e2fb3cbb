"""The Python client in each encoding, against a gateway that is killed: every event is delivered, and counts once."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

from client_sdk.python import AsyncClient, State
from tests.e2e.gateway_process import WRITE_KEY, GatewayProcess
from tests.e2e.kpifile import write_kpis

SIDES = (("json", 1), ("msgpack", 1), ("protobuf", 1), ("protobuf", 2))
"""Encodings, and how many processes have the sockets."""
KPIS: dict[str, dict[str, Any]] = {
    "all": {"value": "count(*)"},
    "value": {"value": "sum(value)", "by": ["country"]},
    "people": {"value": "uniq(distinct_id)"},
    "plans": {"value": "max(price)", "by": ["plan", "trial"]},
}
EVENTS = 300


def capture(client: AsyncClient, numbers: range, moment: int) -> None:
    """Events that are the same whoever sends them: values of every type, some of them repeated, some nowhere else."""
    for n in numbers:
        client.capture(
            ("view", "buy", "leave")[n % 3],
            {
                "country": ("DE", "FR", None)[n % 3],
                "value": n if n % 2 else n + 0.25,
                "plan": f"plan-{n % 5}",
                "trial": n % 4 == 0,
                "price": (n * 7) % 50,
                "nested": {"n": [n, None, "x"]},
                "large": 2**53 + n,
                "name": f"ä{n}",
            },
            distinct_id=f"u{n % 11}",
            timestamp=moment + n,
            uuid=f"01934d0e-7b00-7000-8000-{n:012x}",
        )


def rows(gateway: GatewayProcess) -> dict[str, Any]:
    return {name: gateway.rows(name) for name in KPIS}


async def send(gateway: GatewayProcess, encoding: str, spool: Path, moment: int) -> None:
    """All events: some before a kill, some with the gateway away, some by another client with the same spool."""
    options: dict[str, Any] = {"encoding": encoding, "http_fallback": False, "spool": spool, "producer_id": "p"}
    async with AsyncClient(gateway.url, WRITE_KEY, **options) as client:
        capture(client, range(100), moment)
        await client.flush(60)
        capture(client, range(100, 200), moment)
        await asyncio.to_thread(gateway.kill)
        capture(client, range(150, 200), moment)  # the same ids again
        await asyncio.to_thread(gateway.start)
        await client.flush(60)
        assert client.ledger().balanced
    async with AsyncClient(gateway.url, WRITE_KEY, **options) as client:
        capture(client, range(200, EVENTS), moment)
        await client.flush(60)
        assert client.state is State.OPEN


def test_state_is_the_same_whatever_is_spoken(tmp_path: Path) -> None:
    """Rows and what was accepted; what was not acked when the gateway was killed is sent again."""
    found: list[dict[str, Any]] = []
    moment = time.time_ns() // 1_000_000 // 3_600_000 * 3_600_000
    for encoding, workers in SIDES:
        folder = tmp_path / f"{encoding}-{workers}"
        folder.mkdir()
        kpis = write_kpis(folder / "kpis.toml", KPIS)
        with GatewayProcess(folder / "data", kpis=kpis, snapshot_s=1, workers=workers, drain_ms=100) as gateway:
            asyncio.run(send(gateway, encoding, folder / "spool", moment))
            status = gateway.status()
            assert status["ledger"]["accepted"] == EVENTS
            assert status["ledger"]["rejected"] == status["ledger"]["warned"] == 0
            found.append(rows(gateway))
    assert [rows == found[0] for rows in found] == [True] * len(SIDES)
    assert [row["value"] for row in found[0]["all"]] == [EVENTS]
