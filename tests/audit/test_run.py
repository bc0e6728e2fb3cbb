"""`tidegate audit` as a person sees it: windows, one line beside them, an exit code."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from analytics import KpiSpec
from gateway.audit.run import Options, run_audit
from gateway.errors import ConfigError
from gateway.store.schema import FILE
from tests.audit.examples import groups, specs
from tests.audit.recorded import INTAKE, NOW, record
from tests.e2e.gateway_process import VIEW_KEY, WRITE_KEY, GatewayProcess
from tests.house.tree import ROOT

KPI = '[[kpi]]\nname = "views"\nvalue = "count(*)"\nwindow = "tumbling 1s"\ndelay = "0s"\ngrace = "0s"\n'
VIEWS = KpiSpec("views", "count(*)", "tumbling 1s", delay="0s", grace="0s")


def at(*seconds: float) -> list[dict[str, Any]]:
    return [{"event": "e", "timestamp": NOW + int(s * 1_000)} for s in seconds]


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TIDEGATE_")} | environment
    line = [sys.executable, "-m", "gateway", "audit", *arguments]
    return subprocess.run(line, capture_output=True, timeout=60, env=clean, check=False, cwd=ROOT)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The data folder of the example."""
    folder = tmp_path_factory.mktemp("shop")
    record(folder, specs(), groups(1), snapshot_after=8)
    return str(folder)


@pytest.fixture
def kpis(tmp_path: Path) -> str:
    file = tmp_path / "kpis.toml"
    file.write_text(KPI)
    return str(file)


@pytest.mark.parametrize("spec", specs(), ids=lambda spec: f"{spec.value} {spec.window} {spec.by}")
def test_what_came_in_time_is_the_same_in_both(
    spec: KpiSpec, shop: str, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Every aggregate, operator and kind of window, out of order, over a snapshot, some keys beyond `max_keys`."""
    assert run_audit([spec], Options(spec.name, shop, INTAKE, form="json", on_time=True)) == 0
    out, said = capfdbinary.readouterr()
    assert len(out.splitlines()) >= 1
    assert b"0 differ" in said


def test_late_events_are_the_difference(tmp_path: Path, kpis: str) -> None:
    """Counted by the audit and not live: the window is marked, and the exit code is 1; `--on-time` leaves them out."""
    record(tmp_path / "data", [VIEWS], [(NOW, "p", at(0, 0.5, 1, 2.5)), (NOW, "p", at(0.7, 3))], snapshot_after=1)
    asked = ("views", "--data", str(tmp_path / "data"), "--kpis", kpis)
    done = command(*asked, "--format", "json")
    windows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(w["start"] - NOW, w["live"], w["audited"], w["difference"], w["late"], w["agrees"]) for w in windows] == [
        (0, 2, 3, -1, 1, False),
        (1_000, 1, 1, 0, 0, True),
        (2_000, 1, 1, 0, 0, True),
        (3_000, 1, 1, 0, 0, True),
    ]
    assert done.returncode == 1
    assert done.stderr == b"tidegate: views: 4 windows compared; 1 differ; 1 touched by late events\n"
    done = command(*asked, "--on-time")
    assert (done.returncode, done.stderr) == (0, b"tidegate: views: 4 windows compared; 0 differ\n")
    assert done.stdout.splitlines()[1].split() == [
        b"2026-11-22T08:00:00.000",
        b"2026-11-22T08:00:01.000",
        *b"- 2 2 0 -".split(),
    ]


def test_a_span_and_the_log_of_another_definition(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """Windows that overlap the span; without a snapshot of this definition the live side is that of the whole log."""
    record(tmp_path, [VIEWS], [(NOW, "p", at(*range(10)))], snapshot_after=1)
    other = KpiSpec("views", "count(*) + 1", "tumbling 1s", delay="0s")
    options = Options("views", str(tmp_path), INTAKE, NOW + 2_500, NOW + 4_000, form="json")
    assert run_audit([other], options) == 0
    out, said = capfdbinary.readouterr()
    assert [json.loads(line)["start"] - NOW for line in out.splitlines()] == [2_000, 3_000]
    assert b"another definition" in said


def test_a_wrong_snapshot_is_found(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """Live values that are not those of the log are what an audit is for."""
    record(tmp_path, [VIEWS], [(NOW, "p", at(0, 0.2)), (NOW, "p", at(0.4))], snapshot_after=2)
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute("DELETE FROM log WHERE position = 2")
    connection.close()
    assert run_audit([VIEWS], Options("views", str(tmp_path), INTAKE)) == 1
    out, _ = capfdbinary.readouterr()
    assert out.splitlines()[1].split()[-5:] == b"3 2 1 - differs".split()


def test_what_retention_took_is_not_compared(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """Windows from before the oldest row of the log are left out, and the line says where it begins."""
    record(tmp_path, [VIEWS], [(NOW, "p", at(0, 1)), (NOW + 900_000, "p", at(900, 901))], snapshot_after=2)
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute("DELETE FROM log WHERE position = 1")
        connection.execute("UPDATE mark SET value = 1 WHERE name = 'trimmed'")
    connection.close()
    assert run_audit([VIEWS], Options("views", str(tmp_path), INTAKE)) == 0
    said = capfdbinary.readouterr().err
    assert b"0 windows compared; 0 differ; 4 older than what is kept; the log begins at position 2" in said


def test_what_cannot_be_audited_is_one_line_and_exit_2(tmp_path: Path, kpis: str) -> None:
    """No such KPI, no log, no DuckDB: and how to get it."""
    done = command("clicks", "--data", str(tmp_path), "--kpis", kpis)
    assert (done.returncode, done.stderr) == (2, b"tidegate: audit: there is no KPI 'clicks' in the set\n")
    done = command("views", "--data", str(tmp_path), "--kpis", kpis)
    assert (done.returncode, done.stderr.count(b"\n"), done.stdout) == (2, 1, b"")
    (tmp_path / "duckdb.py").write_text("raise ImportError")
    done = command("views", "--data", str(tmp_path), "--kpis", kpis, PYTHONPATH=str(tmp_path))
    assert done.returncode == 2
    assert done.stderr == b"tidegate: audit: DuckDB is missing; pip install 'tidegate[audit]' brings it\n"


def test_a_running_gateway_is_asked(tmp_path: Path, kpis: str) -> None:
    """With the view key of its folder: what it published of windows that are final is what the log says."""
    with GatewayProcess(tmp_path / "data", kpis=kpis) as gateway:
        now = int(time.time() * 1_000)
        events = [{"event": "e", "timestamp": now - 10_000 * n} for n in (4, 3, 2, 1)]
        gateway.post(json.dumps({"token": WRITE_KEY, "seq": 1, "events": events}).encode())
        asked = ("views", "--data", str(tmp_path / "data"), "--kpis", kpis, "--url", gateway.url)
        done = command(*asked, TIDEGATE_VIEW_KEYS=VIEW_KEY)
        assert (done.returncode, done.stderr) == (0, b"tidegate: views: 3 windows compared; 0 differ; 1 open\n")
        done = command(*asked)
        assert (done.returncode, done.stderr.count(b"view_keys")) == (2, 1)


def test_an_unknown_kpi_is_named() -> None:
    """Before anything is read."""
    with pytest.raises(ConfigError, match="there is no KPI 'clicks'"):
        run_audit([VIEWS], Options("clicks", "nowhere", INTAKE))
