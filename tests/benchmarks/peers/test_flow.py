"""The frame of the compared engines: what is timed, and the clock of a process with children."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.peers.flow import Flow, cpu_seconds, descendants, lines_of, main


def test_a_flow_is_warmed_up_then_timed_and_its_rows_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rows are those of the whole file; the versions asked for are told."""
    (tmp_path / "warm").write_bytes(b"a\n")
    (tmp_path / "file").write_bytes(b"b\na\n")
    seen: list[list[bytes]] = []

    def run(lines: list[bytes]) -> list[list[str]]:
        seen.append(lines)
        return [[line.decode()] for line in lines]

    job = {"flow": "x", "file": str(tmp_path / "file"), "warm": str(tmp_path / "warm"), "rows": str(tmp_path / "rows")}
    monkeypatch.setattr(sys, "argv", ["flow", json.dumps(job)])
    main({"x": Flow(lines_of, run)}, "orjson")
    timing = json.loads(capsys.readouterr().out)
    assert seen == [[b"a"], [b"b", b"a"]]
    assert json.loads((tmp_path / "rows").read_bytes()) == [["a"], ["b"]]
    assert timing["wall_s"] > 0
    assert timing["versions"].keys() == {"orjson"}


def test_the_clock_covers_children() -> None:
    """What a JVM below a peer uses counts."""
    code = "import sys\nfor _ in range(3_000_000): pass\nprint('done', flush=True)\nsys.stdin.read()"
    before = cpu_seconds()
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"done\n"
        assert child.pid in descendants(child.pid)
        assert cpu_seconds() - before > 0.01
