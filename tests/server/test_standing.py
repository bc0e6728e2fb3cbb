"""What the gateway says of how it stands, asked of one that works."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gateway.main import Server
from gateway.server.standing import standing
from tests.server.serving import on_loop, serving, until, wire
from tests.server.talk import batch, producer, viewer


def test_stages_groups_and_budgets(tmp_path: Path) -> None:
    """After a batch and a delta every stage has been passed, and each connection is in one group."""

    async def run() -> None:
        async with serving(tmp_path, tick_ms=20) as server, wire(server) as looking, wire(server) as sending:
            await viewer(looking)
            await producer(sending)
            await looking.say({"type": "subscribe", "id": 1, "kpi": "events", "max_hz": 20})
            await looking.say({"type": "subscribe", "id": 2, "topic": "events"})
            await looking.hear("snapshot")
            await sending.say(batch(1, 3) | {"backlog": 2})
            await sending.hear("ack")

            def stages() -> dict[str, Any]:
                found: dict[str, Any] = standing(server.house, server.config)["stages"]
                return found

            await until(lambda: stages()["total"]["n"])
            found = stages()
            assert all(found[stage]["n"] >= 1 for stage in ("commit", "fold", "push", "total"))
            assert found["total"]["max"] >= found["push"]["max"]
            said = standing(server.house, server.config)
            assert {name: group["connections"] for name, group in said["producer_groups"].items()} == {
                "flowing": 1,
                "short": 0,
                "held": 0,
            }
            assert said["producer_groups"]["flowing"]["backlog"] == 2
            assert 0 < said["producer_groups"]["flowing"]["credit"] <= said["credit"]["outstanding"]
            groups = said["viewer_groups"]
            assert (groups["live"] + groups["stalled"], groups["subscriptions"], groups["tails"]) == (1, 2, 1)
            memory = said["memory"]
            assert set(memory["by_kpi"]) == {"events", "by_country"}
            assert memory["by_kpi"]["by_country"]["max_keys"] == 1_000
            assert sum(kpi["own"] for kpi in memory["by_kpi"].values()) <= memory["kpis"] <= memory["budget"]
            await looking.say({"type": "visibility", "visible": False})
            await until(lambda: standing(server.house, server.config)["viewer_groups"]["hidden"] == 1)

    on_loop(run)


def test_without_viewers_nothing_is_pushed(tmp_path: Path) -> None:
    """And what was counted long before the first one came is not taken for slow."""
    time = [1_795_334_400_000]

    def ticks(server: Server) -> float:
        (line,) = [one for one in server.house.metrics.exposition().splitlines() if b"tick_seconds_count" in one]
        return float(line.split()[-1])

    async def run() -> None:
        async with (
            serving(tmp_path, tick_ms=20, clock=lambda: time[0]) as server,
            wire(server) as sending,
            wire(server) as looking,
        ):
            await producer(sending)
            await sending.say(batch(1))
            await sending.hear("ack")
            time[0] += 60_000
            before = ticks(server)
            await until(lambda: ticks(server) > before + 2)
            assert standing(server.house, server.config)["stages"]["total"]["n"] == 0
            await viewer(looking)
            await sending.say(batch(2))
            await sending.hear("ack")
            await until(lambda: standing(server.house, server.config)["stages"]["total"]["n"])
            assert standing(server.house, server.config)["stages"]["total"]["max"] == 0

    on_loop(run)
