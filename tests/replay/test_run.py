"""`tidegate replay` as a person sees it: rows, one line beside them, an exit code."""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from gateway.store import EventLog
from gateway.store.schema import FILE
from tests.core.test_logged import NOW, _at, _row
from tests.house.tree import ROOT

VECTORS = ROOT / "tests" / "vectors" / "replay"
KPI = '[[kpi]]\nname = "views"\nvalue = "count(*)"\nwindow = "tumbling 1s"\ndelay = "0s"\n'

NUMBERS = ("sum(x)", "top(x, 1)", "uniq(x)")


def replay(*arguments: str, text: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run the command; `text` is its input."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TIDEGATE_")}
    command = [sys.executable, "-m", "gateway", "replay", *arguments]
    return subprocess.run(command, input=text, capture_output=True, timeout=60, env=clean, check=False)


@pytest.fixture
def kpis(tmp_path: Path) -> str:
    file = tmp_path / "kpis.toml"
    file.write_text(KPI)
    return str(file)


def _events(*times: int) -> bytes:
    return b"".join(b'{"event":"e","timestamp":%d}\n' % time for time in times)


@pytest.mark.parametrize("source", ["file", "gzip", "pipe"])
def test_rows_go_out_and_a_summary_goes_beside(tmp_path: Path, source: str) -> None:
    """The same from a file, a gzip file and a pipe."""
    file, name, text = VECTORS / "mixed.ndjson", "-", b""
    if source == "pipe":
        text = file.read_bytes()
    elif source == "gzip":
        name = str(tmp_path / "mixed.ndjson.gz")
        Path(name).write_bytes(gzip.compress(file.read_bytes()))
    else:
        name = str(file)
    done = replay(name, "--kpis", str(VECTORS / "mixed.toml"), text=text)
    assert done.returncode == 0
    assert done.stdout == (VECTORS / "mixed.rows.ndjson").read_bytes()
    assert done.stderr == b"tidegate: 8 events read; 2 duplicates; late: none; bounds: clashes 1\n"


def test_a_truncated_recording_stops_with_65_and_its_rows(tmp_path: Path, kpis: str) -> None:
    """One line names the file, the line and the reason, and what goes on in spite of it."""
    file = tmp_path / "cut.ndjson"
    file.write_bytes(_events(0, 1_000, 2_000)[:-9])
    done = replay(str(file), "--kpis", kpis)
    assert done.returncode == 65
    assert [json.loads(line)["start"] for line in done.stdout.splitlines()] == [0]
    assert done.stderr.decode() == (
        f"tidegate: {file}: line 3: not JSON: Input data was truncated; stopped behind 2 events (--skip-bad goes on)\n"
    )
    done = replay(str(file), "--kpis", kpis, "--skip-bad")
    assert done.returncode == 0
    assert [json.loads(line)["start"] for line in done.stdout.splitlines()] == [0, 1_000]
    assert b"1 bad lines skipped, the first in line 3: not JSON" in done.stderr


def test_a_truncated_gzip_file_stops_with_65_and_its_rows(tmp_path: Path, kpis: str) -> None:
    """All that can be unpacked is counted, and the line says in which line of it the data ended."""
    file = tmp_path / "cut.ndjson.gz"
    file.write_bytes(gzip.compress(_events(0, 1_000, 2_000))[:-8])
    done = replay(str(file), "--kpis", kpis)
    assert done.returncode == 65
    assert [json.loads(line)["start"] for line in done.stdout.splitlines()] == [0, 1_000]
    assert done.stderr.decode() == (
        f"tidegate: {file}: line 4: Compressed file ended before the end-of-stream marker was reached;"
        " stopped behind 3 events\n"
    )


def test_a_bad_kpi_and_a_missing_file_are_one_line_and_exit_2(tmp_path: Path, kpis: str) -> None:
    """Nothing is printed before they are found."""
    bad = tmp_path / "bad.toml"
    bad.write_text('[[kpi]]\nname = "broken"\nvalue = "count("\nwindow = "tumbling 1s"\n')
    for arguments, word in ((["-", "--kpis", str(bad)], b"broken"), (["missing", "--kpis", kpis], b"missing")):
        done = replay(*arguments, text=_events(0))
        assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (2, b"", 1)
        assert word in done.stderr


def test_a_reader_that_has_enough_is_no_error(tmp_path: Path, kpis: str) -> None:
    """As with `| head -1`: nothing is said and the code is 0, however much was to come."""
    file = tmp_path / "long.ndjson"
    file.write_bytes(_events(*range(0, 6_000_000, 100)))
    command = [sys.executable, "-m", "gateway", "replay", str(file), "--kpis", kpis]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["kpi"] == "views"
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 0


def test_a_span_and_open_windows_can_be_asked_for(kpis: str) -> None:
    """`--from` and `--to` take either form of time; `--partial` may say how often."""
    done = replay(
        "-", "--kpis", kpis, "--from", "1000", "--to", "1970-01-01T00:00:03Z", text=_events(0, 1_000, 2_000, 3_000)
    )
    assert [json.loads(line)["start"] for line in done.stdout.splitlines()] == [1_000, 2_000]
    assert b"2 outside the span" in done.stderr
    done = replay("-", "--kpis", kpis, "--partial", "500ms", text=_events(0, 499, 500))
    assert [(row["kind"], row["value"]) for row in map(json.loads, done.stdout.splitlines())] == [
        ("partial", 2),
        ("final", 3),
    ]
    for flags in (["--from", "soon"], ["--partial", "soon"], ["--from", "2", "--to", "1"]):
        refused = replay("-", "--kpis", kpis, *flags)
        assert (refused.returncode, refused.stdout, refused.stderr.count(b"\n")) == (2, b"", 1)
    assert b"--from is after --to" in refused.stderr


def test_numbers_of_any_length_are_rows(tmp_path: Path) -> None:
    """JSON has integers that no row could be written with. They are read as live: as floats."""
    file = tmp_path / "kpis.toml"
    file.write_text("".join(KPI.replace("views", f"k{n}").replace("count(*)", v) for n, v in enumerate(NUMBERS)))
    text = b'{"event":"e","timestamp":0,"properties":{"x":%d}}\n' % 10**29
    done = replay("-", "--kpis", str(file), text=text)
    assert [json.loads(line)["value"] for line in done.stdout.splitlines()] == [1e29, {"items": [[1e29, 1]]}, 1]


def test_the_log_of_a_data_folder_is_replayed(tmp_path: Path, kpis: str) -> None:
    """While a gateway has it open. A damaged row stops it with 65, or is counted."""
    row = _row(("p", NOW, _at(0, 1, 0.1)))
    folder, written = tmp_path / "data", threading.Event()
    with EventLog.open(folder, retention_ms=1_000, max_bytes=1 << 30, keep_snapshots=2, quarantine_rows=10) as log:
        log.append(row, 3, NOW, lambda _: written.set())
        assert written.wait(60)
        done = replay("--data", str(folder), "--kpis", kpis)
    assert (done.returncode, done.stderr) == (0, b"tidegate: 3 events read; 0 duplicates; late: none\n")
    assert [(r["value"], r["kind"]) for r in map(json.loads, done.stdout.splitlines())] == [
        (1, "final"),
        (2, "correction"),
        (1, "final"),
    ]
    with sqlite3.connect(folder / FILE) as connection:
        connection.execute("UPDATE log SET payload = x'00'")
    connection.close()
    done = replay("--data", str(folder), "--kpis", kpis)
    assert (done.returncode, done.stdout) == (65, b"")
    assert b"the log is damaged at position 1 (crc)" in done.stderr
    done = replay("--data", str(folder), "--kpis", kpis, "--skip-bad")
    assert (done.returncode, done.stderr.count(b"1 rows of the log damaged")) == (0, 1)


def test_one_input_is_asked_for(tmp_path: Path, kpis: str) -> None:
    """None, both, or a folder without a log: one line and exit 2."""
    for arguments in ([], ["-", "--data", str(tmp_path)], ["--data", str(tmp_path)]):
        done = replay(*arguments, "--kpis", kpis)
        assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (2, b"", 1)
