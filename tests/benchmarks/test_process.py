"""Servers as child processes."""

from __future__ import annotations

import os

import pytest

from benchmarks.process import drive, python_server, start


def alive(pid: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_server_lives_as_long_as_its_block() -> None:
    """It is found by the address it prints and gone afterwards, also when the block fails."""
    seen = []

    def fail() -> None:
        with python_server("idle", "benchmarks.peers.idle") as server:
            seen.extend([server.port > 0, alive(server.pid), server.pid])
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        fail()
    assert seen[:2] == [True, True]
    assert not alive(seen[2])


def test_a_server_that_prints_no_address_is_reported_with_its_last_words() -> None:
    """The reason of a failed start is not lost."""
    with (
        pytest.raises(RuntimeError, match=r"no address.*No module named"),
        python_server("x", "benchmarks.no_such_peer"),
    ):
        pass


def test_a_command_that_ends_by_itself_is_reported() -> None:
    """A server that died under load is no result."""
    with pytest.raises(RuntimeError, match="ended by itself with code 3"), start("sh", ["sh", "-c", "exit 3"]) as pid:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


def test_a_driver_that_fails_is_reported_with_its_error() -> None:
    """Nothing is measured with half a plan."""
    with pytest.raises(RuntimeError, match="TypeError"):
        drive("benchmarks.load", {"port": 1})
