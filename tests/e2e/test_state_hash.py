"""The hash of the state: what a start makes of the log is what was alive when it was written."""

from __future__ import annotations

import asyncio
import sqlite3
import urllib.request
from pathlib import Path
from typing import Any

from gateway.store import EventLog
from tests.e2e.figures import metric
from tests.e2e.fleet import progress, under_load
from tests.e2e.gateway_process import GatewayProcess
from tests.e2e.producer import KPIS, Producer, check_counts
from tests.store.answers import saved

MORE = """
[[kpi]]
name = "by_second"
value = "count(*)"
by = ["producer"]
window = "tumbling 1s"
delay = "0s"
grace = "5s"

[[kpi]]
name = "visits"
value = "count(*)"
window = "session 2s"
grace = "5s"
"""


def gateway_in(folder: Path, **settings: Any) -> GatewayProcess:
    kpis = folder / "kpis.toml"
    kpis.write_text(KPIS + MORE)
    return GatewayProcess(folder / "data", kpis=kpis, accept_rate=10_000, **settings)


def edit(folder: Path, *statements: str) -> None:
    """Change the database of a gateway that is not at work."""
    connection = sqlite3.connect(folder / "events.db")
    with connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def snapshotted(gateway: GatewayProcess) -> dict[str, Any]:
    """Post batches, each some time after the one before, until a snapshot is of the last of them."""
    while True:
        body = b'{"token":"w_test","events":[{"event":"y","distinct_id":"u"}]}'
        assert gateway.post(body)[0] == 200
        for _ in range(100):
            log: dict[str, Any] = gateway.status()["log"]
            if log["state"] is not None and log["state"]["position"] == log["position"]:
                return log


def test_a_killed_gateway_comes_back_to_the_hash_that_was_alive(tmp_path: Path) -> None:
    """From the log alone, and from the snapshot; the live one was taken between two groups, at the same position."""
    gateway = gateway_in(tmp_path, snapshot_s=1)
    producers = [Producer(f"p{n}") for n in range(3)]

    async def act() -> None:
        await progress(producers, 5)
        for producer in producers:
            producer.stopping = True
        log = await asyncio.to_thread(snapshotted, gateway)
        await asyncio.to_thread(gateway.kill)
        await asyncio.to_thread(gateway.start)
        edits = ("DELETE FROM snapshot", "DELETE FROM snapshot_piece")
        await asyncio.to_thread(gateway.kill)
        await asyncio.to_thread(edit, gateway.data, *edits)
        await asyncio.to_thread(gateway.start)
        first, by_snapshot, by_log = gateway.events("recovered")
        assert (first["position"], by_snapshot["events"]) == (0, 0)
        assert (by_log["snapshot"], by_snapshot["snapshot"]) == (0, log["position"])
        assert by_log["events"] > 0
        assert by_snapshot["state"] == by_log["state"] == log["state"]["hash"]

    under_load(gateway, producers, act, check=None)


def test_a_snapshot_of_another_state_never_gets_ready(tmp_path: Path) -> None:
    """Its bytes are as they were written, its hash is another: the one before it is taken, and everybody can see so."""
    gateway = gateway_in(tmp_path, snapshot_s=3_600, drain_ms=1)
    producers = [Producer(f"p{n}") for n in range(2)]

    async def act() -> None:
        for _ in range(2):
            await progress(producers, 2)
            assert await asyncio.to_thread(gateway.terminate) == 0
            await asyncio.to_thread(gateway.start)
        await progress(producers, 2)
        for producer in producers:
            producer.stopping = True
        while any(producer.acked < producer.sent for producer in producers):
            await asyncio.sleep(0.002)
        await asyncio.to_thread(gateway.kill)
        # The newest snapshot gets the pieces of the older one, but keeps its own hashes: all CRCs are made right again.
        await asyncio.to_thread(_mix, gateway.data)
        await asyncio.to_thread(gateway.start)
        with urllib.request.urlopen(gateway.url + "/readyz", timeout=60) as answer:
            assert answer.status == 200
        (refused,) = gateway.events("snapshot_refused")
        assert refused["level"] == "error"
        assert "the hash of its state is not the one stored with it" in refused["reason"]
        assert gateway.events("recovered")[-1]["snapshot"] < refused["position"]
        assert metric(gateway, "tidegate_snapshots_refused") == 1
        assert gateway.status()["log"]["snapshots_refused"] == 1
        check_counts(gateway, producers)

    under_load(gateway, producers, act, check=None)


def _mix(folder: Path) -> None:
    """Publish a third snapshot at the position of the newest: the ledger of the older one in the state of the newer."""
    keep = {"retention_ms": 10**12, "max_bytes": 1 << 40, "keep_snapshots": 3, "quarantine_rows": 10}
    with EventLog.open(folder, **keep) as log:  # type: ignore[arg-type]  # the numbers among its arguments
        newest = log.latest_snapshot()
        log.refuse_snapshot()
        older = log.latest_snapshot()
        assert newest is not None
        assert older is not None
        assert newest.position > older.position
    with EventLog.open(folder, **keep) as log:  # type: ignore[arg-type]  # the numbers among its arguments
        saved(log, newest.position, {**newest.blobs, "ledger": older.blobs["ledger"]})
    edit(folder, "DELETE FROM snapshot WHERE id = (SELECT id FROM snapshot ORDER BY id DESC LIMIT 1 OFFSET 1)")
