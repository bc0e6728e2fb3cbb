"""What other parts count, as Prometheus reads it."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any

from gateway.core.gate import AcceptGate
from gateway.core.holding import Holding
from gateway.core.overload import Shedding, Step
from gateway.core.producers import ProducerTable
from gateway.server.front import Tally
from gateway.server.metrics import Metrics
from gateway.server.observed import observed
from gateway.store import Damage
from tests.server.scrape import scraped


def parts() -> tuple[Any, AcceptGate, Any]:
    """A house, a gate and a door with known counts."""
    marks = {"a": 900_000, "b": None}
    engine = SimpleNamespace(
        specs=[SimpleNamespace(name=name) for name in marks], watermark=marks.get, memory_bytes=lambda: 4096
    )
    ledger = SimpleNamespace(
        accepted=10, duplicate=2, rejected=3, warned=1, batches=4, reasons=Counter({"uuid": 2, "bad_json": 3})
    )
    house = SimpleNamespace(
        fold=SimpleNamespace(ledger=ledger, engine=engine, filling=(1, 2), table=ProducerTable(1)),
        ingest=SimpleNamespace(
            sessions={1: None, 2: None},
            level=2,
            pending_bytes=77,
            waiting_since=998_500,
            shedding=Shedding(Step.SHED, 2),
            lag_ms=600,
        ),
        log=SimpleNamespace(
            kept=SimpleNamespace(written=20, dropped=1, trimmed=3, bytes=900),
            bad_snapshots=2,
            damage=[Damage(3, 5, "crc"), Damage(9, 9, "missing")],
        ),
        refused={"boards": None},
        misfits=SimpleNamespace(counts={"a": 13}),
        pool=SimpleNamespace(outstanding=5, size=9),
        hub=SimpleNamespace(
            viewers={1: None},
            evictions={"slow": 6},
            totals=lambda: {"deltas": 7, "snapshots": 8, "conflations": 9},
            outgoing=SimpleNamespace(bytes=66),
        ),
        disk=lambda: {"free": 70, "total": 99, "keep": 80, "full": True},
        clock=lambda: 1_000_000,
    )
    gate = AcceptGate(1, 1, 1)
    gate.admit("x", 0)
    gate.admit("y", 0)
    gate.fault("x", 0)
    holding = Holding[str](100)
    holding.hold("a", 60)
    holding.hold("b", 50)
    for name in ("p", "q"):
        house.fold.table.claim(name, 1, 1)
    closes = {1000: 1, 4103: 2, 3333: 1, 4999: 1}
    line = {"worker": 1, "listening": True, "connections": 5, "restarts": 2, "backlog": 3, "rss": 4, "lag_ms": 500}
    front = SimpleNamespace(
        tally=lambda: Tally(holding.bytes, holding.cuts, 11, 12, {403: 1}, closes),
        workers=lambda: [line],
        resident=lambda: 8_000,
    )
    return house, gate, front


def seen(house: Any, gate: AcceptGate, front: Any) -> dict[str, float]:
    """Sample -> value, as a Prometheus server would read it."""
    metrics = Metrics()
    metrics.watch(lambda: observed(house, gate, front))
    return scraped(metrics.exposition())


def test_counts_of_every_part_are_shown() -> None:
    """The counts of ledger, credit, viewers, gate and door are shown as they are."""
    house, gate, front = parts()
    found = seen(house, gate, front)
    expected = {
        "tidegate_events_total{verdict=accepted}": 10,
        "tidegate_events_total{verdict=duplicate}": 2,
        "tidegate_events_total{verdict=rejected}": 3,
        "tidegate_events_warned_total": 1,
        "tidegate_verdicts_total{reason=bad_json}": 3,
        "tidegate_batches_total": 4,
        "tidegate_producers": 2,
        "tidegate_viewers": 1,
        "tidegate_level": 2,
        "tidegate_file_refused{file=kpis}": 0,
        "tidegate_file_refused{file=boards}": 1,
        "tidegate_shedding": 3,
        "tidegate_loop_lag_seconds": 0.6,
        "tidegate_producers_known": 1,
        "tidegate_producers_forgotten_total": 1,
        "tidegate_outgoing_bytes": 66,
        "tidegate_faults_total": 1,
        "tidegate_held_bytes": 50,
        "tidegate_cuts_total": 1,
        "tidegate_pending_bytes": 77,
        "tidegate_credit_outstanding_bytes": 5,
        "tidegate_credit_pool_bytes": 9,
        "tidegate_kpi_memory_bytes": 4096,
        "tidegate_watermark_age_seconds{kpi=a}": 100,
        "tidegate_engine_lag_seconds": 1.5,
        "tidegate_rows_unencodable_total{kpi=a}": 13,
        "tidegate_snapshots_refused": 2,
        "tidegate_log_rows_lost": 4,
        "tidegate_disk_free_bytes": 70,
        "tidegate_disk_full": 1,
        "tidegate_history_rows_total": 20,
        "tidegate_history_rows_dropped_total": 1,
        "tidegate_history_rows_trimmed_total": 3,
        "tidegate_history_bytes": 900,
        "tidegate_kpis_filling": 2,
        "tidegate_deltas_total": 7,
        "tidegate_snapshots_total": 8,
        "tidegate_conflations_total": 9,
        "tidegate_evictions_total{reason=slow}": 6,
        "tidegate_sockets": 1,
        "tidegate_sockets_refused_total{cause=total}": 1,
        "tidegate_requests_refused_total{status=403}": 1,
        "tidegate_frames_total": 11,
        "tidegate_received_bytes_total": 12,
        "tidegate_closes_total{code=1000}": 1,
        "tidegate_closes_total{code=4103}": 2,
        "tidegate_memory_resident_bytes": 8_000,
        "tidegate_worker_up{worker=1}": 1,
        "tidegate_worker_connections{worker=1}": 5,
        "tidegate_worker_restarts_total{worker=1}": 2,
        "tidegate_worker_backlog_bytes{worker=1}": 3,
        "tidegate_worker_resident_bytes{worker=1}": 4,
        "tidegate_worker_lag_seconds{worker=1}": 0.5,
    }
    assert {name: found[name] for name in expected} == expected
    house.ingest.waiting_since = None
    assert seen(house, gate, front)["tidegate_engine_lag_seconds"] == 0
    house.fold.ledger.accepted = 99
    assert seen(house, gate, front)["tidegate_events_total{verdict=accepted}"] == 99


def test_a_kpi_without_watermark_has_no_age() -> None:
    """A KPI that has seen nothing is absent, rather than as old as the epoch."""
    assert "tidegate_watermark_age_seconds{kpi=b}" not in seen(*parts())


def test_codes_that_peers_make_up_are_one_series() -> None:
    """Close codes outside the table are counted together: a peer cannot grow the page."""
    found = seen(*parts())
    assert found["tidegate_closes_total{code=other}"] == 2
    assert "tidegate_closes_total{code=3333}" not in found
