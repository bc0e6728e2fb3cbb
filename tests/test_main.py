"""A whole process: it starts, says where, keeps its keys, reloads, stops, and fails as promised."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gateway.config import Config
from gateway.main import Server, announce
from tests.e2e.gateway_process import DEADLINE_S, WRITE_KEY, GatewayProcess

KPI = '[[kpi]]\nname = "{name}"\nvalue = "count(*)"\nwindow = "tumbling 1h"\ngrace = "1h"\n'


def wait_for(condition: object) -> None:
    """Poll until something is true, within the deadline."""
    assert callable(condition)
    until = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def post(gateway: GatewayProcess, count: int = 1) -> None:
    body = {"token": WRITE_KEY, "events": [{"event": "x"}] * count}
    assert gateway.post(json.dumps(body).encode())[0] == 200


def test_a_stop_is_exit_0_and_loses_nothing(tmp_path: Path) -> None:
    """SIGTERM drains; the next start has everything."""
    with GatewayProcess(tmp_path / "data", drain_ms=50) as gateway:
        post(gateway, 3)
        assert gateway.terminate() == 0
        gateway.start()
        assert gateway.status()["ledger"]["accepted"] == 3


def test_a_second_process_on_the_folder_is_exit_2_at_once(tmp_path: Path) -> None:
    """One line; the first goes on."""
    with GatewayProcess(tmp_path / "data") as gateway:
        second = subprocess.run(
            [sys.executable, "-m", "gateway", "serve", "--port=0", f"--data={tmp_path / 'data'}"],
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )
        assert second.returncode == 2
        assert [line for line in second.stderr.splitlines() if not line.startswith("{")] != []
        post(gateway)


def test_a_reload_keeps_the_running_set_when_the_new_one_is_bad(tmp_path: Path) -> None:
    """SIGHUP: place and reason in the log, the old KPIs go on; a good file takes its place."""
    kpis = tmp_path / "kpis.toml"
    kpis.write_text(KPI.format(name="old"))
    with GatewayProcess(tmp_path / "data", kpis=kpis) as gateway:
        post(gateway, 2)
        kpis.write_text(KPI.format(name="broken").replace("count(*)", "nonsense("))
        gateway.signal(signal.SIGHUP)
        wait_for(lambda: "kpis_refused" in gateway.log())
        assert "broken" in gateway.log()
        assert sum(row["value"] for row in gateway.rows("old")) == 2
        kpis.write_text(KPI.format(name="old") + KPI.format(name="new"))
        gateway.signal(signal.SIGHUP)
        wait_for(lambda: "kpis_loaded" in gateway.log())
        post(gateway)
        assert sum(row["value"] for row in gateway.rows("old")) == 3
        wait_for(lambda: sum(row["value"] for row in gateway.rows("new")) == 3)


def test_a_changed_file_is_taken_without_a_signal(tmp_path: Path) -> None:
    """And a new KPI knows what came before it."""
    kpis = tmp_path / "kpis.toml"
    kpis.write_text(KPI.format(name="old"))
    with GatewayProcess(tmp_path / "data", kpis=kpis) as gateway:
        post(gateway, 2)
        kpis.write_text(KPI.format(name="old") + KPI.format(name="new"))
        wait_for(lambda: "kpis_filled" in gateway.log())
        assert sum(row["value"] for row in gateway.rows("new")) == 2


def test_first_start_makes_keys_and_prints_them_once(tmp_path: Path) -> None:
    """With a dashboard link that carries the view key in its fragment; the second start is silent about them."""
    command = [sys.executable, "-m", "gateway", "serve", "--port=0", f"--data={tmp_path / 'data'}", "--drain-ms=10"]
    outputs = []
    for _ in range(2):
        # Unbuffered, so that nothing of what follows the first line is read ahead and lost.
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0)
        assert process.stdout is not None
        first = process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=DEADLINE_S)
        assert process.returncode == 0
        outputs.append((first + rest).decode())
    assert "tidegate listening on http://127.0.0.1:" in outputs[0]
    assert "/#key=" in outputs[0]
    assert "write key" in outputs[0]
    assert "/#/start&key=" in outputs[0]
    assert "key" not in outputs[1]


@pytest.mark.parametrize(("host", "told"), [("127.0.0.1", True), ("0.0.0.0", False)])
def test_a_link_that_may_write_is_for_this_machine(capsys: pytest.CaptureFixture[str], host: str, told: bool) -> None:
    """Only there is it printed; the other lines are the same."""
    server = Server(Config(host=host))
    server.write_keys, server.view_keys, server.made_keys, server.url = ("w",), ("v",), True, "http://here"
    announce(server)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:4] == [
        "tidegate listening on http://here",
        "write key w",
        "view key v",
        "dashboard http://here/#key=v",
    ]
    assert lines[4:] == (["first event http://here/#/start&key=v&write=w"] if told else [])


def test_no_key_and_no_payload_is_in_the_log(tmp_path: Path) -> None:
    """Canaries in everything a client can say: none shows up."""
    with GatewayProcess(tmp_path / "data", log_level="debug", drain_ms=10) as gateway:
        canary = "CANARY-7f3a"
        body = {"token": WRITE_KEY, "events": [{"event": canary, "properties": {canary: canary}}, {"event": ""}]}
        gateway.post(json.dumps(body).encode())
        gateway.post(f'{{"token":"{canary}","events":[]}}'.encode())
        gateway.post(canary.encode())
        gateway.get(f"/v1/kpis/{canary}?from={canary}", key=canary)
        gateway.terminate()
        assert canary not in gateway.log()
        assert WRITE_KEY not in gateway.log()
