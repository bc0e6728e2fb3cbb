"""The gateway that the tests start: forked or executed it is the same, and one that does not come up leaves nothing."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.gateway_process import WRITE_KEY, GatewayProcess
from tests.e2e.patience import eventually

WAYS = pytest.mark.parametrize("executed", [False, True], ids=["forked", "executed"])


def _state(gateway: GatewayProcess) -> dict[str, Any]:
    """What the kernel says of it that a test could meet, but for its ids."""
    place = Path(f"/proc/{gateway.pid}")
    fields = dict(line.split(":", 1) for line in (place / "status").read_text().splitlines())
    # State, parent, process group, session and terminal follow the name, which may hold anything.
    ids = (place / "stat").read_text().rsplit(")", 1)[1].split()
    files = [os.readlink(file).split(":[")[0] for file in (place / "fd").iterdir()]
    return {
        "signals": [fields[name].strip() for name in ("SigBlk", "SigIgn", "SigCgt")],
        "group and session": ids[2:4],
        "limits": (place / "limits").read_text(),
        "umask": fields["Umask"],
        "folder": os.readlink(place / "cwd"),
        "program": os.readlink(place / "exe"),
        "files": sorted(file.replace(gateway.data.name, "data") for file in files),
    }


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


def test_a_forked_one_is_as_an_executed_one(tmp_path: Path) -> None:
    """Signals, limits, folder and open files: none of its server's or of another's that was started before."""
    with (
        GatewayProcess(tmp_path / "other"),
        GatewayProcess(tmp_path / "first") as forked,
        GatewayProcess(tmp_path / "second", executed=True) as executed,
    ):
        # What a thread of theirs has open for a moment is closed in the next one.
        eventually(lambda: (_state(forked), _state(executed)), lambda seen: seen[0] == seen[1])


def test_it_is_told_the_environment_of_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables and limits of the server are of the moment when it was started, and count for nothing."""
    with GatewayProcess(tmp_path / "before"):
        pass
    monkeypatch.setenv("TIDEGATE_VIEW_KEYS", "wrong")
    monkeypatch.setenv("TIDEGATE_MAX_EVENTS", "7")
    with GatewayProcess(tmp_path / "data", env={"TIDEGATE_VIEW_KEYS": "v_other"}) as gateway:
        assert gateway.get("/v1/status", "v_other")[0] == 200
        assert gateway.get("/v1/status", "wrong")[0] == 401
        body = json.dumps({"token": WRITE_KEY, "events": [{"event": "x"}] * 8})
        assert gateway.post(body.encode()) == (400, {"error": "too_many_events"})


@WAYS
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGUSR1])
def test_the_signal_that_ends_it_is_told(tmp_path: Path, executed: bool, number: int) -> None:
    """A negative exit code; its id is its own until it is waited for, and nobody's then."""
    with GatewayProcess(tmp_path / "data", executed=executed) as gateway:
        pid = gateway.pid
        gateway.signal(number)
        os.kill(pid, 0)
        assert gateway.wait() == -number
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@WAYS
def test_it_ends_by_itself(tmp_path: Path, executed: bool) -> None:
    """A drain is 0; a folder that another one holds is 2, with one line."""
    with GatewayProcess(tmp_path / "data", executed=executed, drain_ms=10) as gateway:
        second = GatewayProcess(gateway.data, executed=executed)
        with pytest.raises(AssertionError, match=f"tidegate: data: {gateway.data} is in use by process {gateway.pid}"):
            second.start()
        assert not second.running
        assert gateway.terminate() == 0


@WAYS
def test_it_stops_and_goes_on(tmp_path: Path, executed: bool) -> None:
    """SIGSTOP and SIGCONT reach it and none beside it."""
    with (
        GatewayProcess(tmp_path / "data", executed=executed) as gateway,
        GatewayProcess(tmp_path / "other", executed=executed) as other,
    ):
        gateway.signal(signal.SIGSTOP)
        eventually(Path(f"/proc/{gateway.pid}/status").read_text, lambda text: "T (stopped)" in text)
        assert other.get("/healthz")[0] == 200
        gateway.signal(signal.SIGCONT)
        assert gateway.get("/healthz")[0] == 200


def test_lives_that_follow_each_other_have_other_hashes(tmp_path: Path) -> None:
    """A set of texts has another order in the next life: it comes of another server."""
    gateway, servers = GatewayProcess(tmp_path / "data"), []
    for _ in range(2):
        with gateway:
            servers.append(_parent(_parent(gateway.pid)))
    assert servers[0] != servers[1]


@pytest.mark.parametrize("line", ["something else", "listening on nothing"])
def test_a_process_with_another_first_line_is_ended(tmp_path: Path, line: str) -> None:
    """The error is raised when the child has been killed and waited for; the gateway can be started again."""
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\necho {line}\nexec sleep 1000\n")
    program.chmod(0o700)
    gateway = GatewayProcess(tmp_path / "data", under=[str(program)])
    with pytest.raises((AssertionError, IndexError, ValueError)):
        gateway.start()
    assert not gateway.running
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
