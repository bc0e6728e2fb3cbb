"""The gateway that the tests start: what does not come up as it should leaves nothing behind."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.e2e.gateway_process import GatewayProcess


@pytest.mark.parametrize("line", ["something else", "listening on nothing"])
def test_a_process_with_another_first_line_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    """The error is raised when the child has been killed and waited for; the gateway can be started again."""
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\necho {line}\nexec sleep 1000\n")
    program.chmod(0o700)
    monkeypatch.setattr("sys.executable", str(program))
    gateway = GatewayProcess(tmp_path / "data")
    with pytest.raises((AssertionError, IndexError, ValueError)):
        gateway.start()
    assert not gateway.running
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
    monkeypatch.undo()
    with gateway:
        assert gateway.get("/healthz")[0] == 200
