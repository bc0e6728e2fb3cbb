"""The command line, as a person or a supervisor sees it: one line, and an exit code."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from analytics import KpiError
from gateway import cli
from gateway.config import Config
from gateway.errors import ConfigError, DataFolderLockedError, StorageError, TidegateError
from gateway.store import DiskFullError, EventLog, StoreBusyError
from gateway.version import VERSION
from tests.store.tracing import run

GOOD = '[[kpi]]\nname = "views"\nvalue = "count(*)"\nwindow = "tumbling 1s"\n'


def tidegate(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a command that is expected to end by itself."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TIDEGATE_")}
    return subprocess.run(
        [sys.executable, "-m", "gateway", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**clean, **environ},
        check=False,
    )


def test_check_prints_the_plan(tmp_path: Path) -> None:
    """Of the built-in set, and of a file."""
    built_in = tidegate("check")
    assert (built_in.returncode, built_in.stderr) == (0, "")
    assert "active_users" in built_in.stdout
    file = tmp_path / "kpis.toml"
    file.write_text(GOOD)
    own = tidegate("check", "--kpis", str(file))
    assert (own.returncode, "views" in own.stdout, "active_users" in own.stdout) == (0, True, False)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are listed by Linux only")
def test_a_command_has_no_threads_for_matrices() -> None:
    """Nobody has any, and each further processor would turn in vain for a while."""
    script = (
        "import os; from gateway.__main__ import main; code = main(); print(len(os.listdir('/proc/self/task')), code)"
    )
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TIDEGATE_", "OPENBLAS_"))}
    done = subprocess.run(
        [sys.executable, "-c", script, "check"], capture_output=True, text=True, timeout=60, env=clean, check=False
    )
    assert done.stdout.splitlines()[-1] == "1 0"


def test_check_looks_at_the_boards_too(tmp_path: Path) -> None:
    """A file that cannot be shown ends it, and a start, with the setting, the file, the place and the reason."""
    file = tmp_path / "boards.toml"
    file.write_text('[[board]]\nname = "main"\n[[board.tile]]\nkpi = "a"\nview = "pie"\n')
    for command in ("check", "serve"):
        done = tidegate(command, "--boards", str(file), "--data", str(tmp_path / "data"), "--port", "0")
        assert (done.returncode, done.stdout) == (2, "")
        assert f"boards: {file}: line 5, column 8: board 'main': tile 1: unknown view 'pie'" in done.stderr
        assert done.stderr.count("\n") == 1
    file.write_text('[[board]]\nname = "main"\n[[board.tile]]\nkpi = "revenue"\n[[board.tile]]\nkpi = "revenu"\n')
    done = tidegate("check", "--boards", str(file))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "board 'main': tile 2: no KPI 'revenu' is in the set"
    assert "'revenue'" not in done.stdout


@pytest.mark.parametrize(
    ("definition", "words"),
    [
        ('value = "count("', ["views"]),
        ('value = "nonsense(x)"', ["views", "nonsense"]),
        ('value = "count(*)"\nwindow = "tumbling 0s"', ["views"]),
    ],
)
@pytest.mark.parametrize("command", ["check", "serve"])
def test_a_bad_kpi_is_one_line_and_exit_2(tmp_path: Path, command: str, definition: str, words: list[str]) -> None:
    """The line holds the KPI's name and the reason."""
    file = tmp_path / "kpis.toml"
    window = "" if "window" in definition else 'window = "tumbling 1s"\n'
    file.write_text(f'[[kpi]]\nname = "views"\n{window}{definition}\n')
    done = tidegate(command, "--kpis", str(file), "--port", "0", "--data", str(tmp_path / "data"))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert all(word in done.stderr for word in words)


def refused(done: subprocess.CompletedProcess[str], *words: str, code: int = 2) -> None:
    """It ended with this code and said one line with these words, and nothing else."""
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (code, "", 1), done
    assert done.stderr.startswith("tidegate: ")
    assert [word for word in words if word not in done.stderr] == []


@pytest.mark.parametrize(
    ("flags", "setting"),
    [
        (["--port", "99999"], "port"),
        (["--tls-cert", "x.pem"], "tls_key"),
        (["--kpis", "missing.toml"], "kpis"),
        (["--kpis", "two\nlines"], "kpis"),
        (["--config", "missing.toml"], "config"),
        (["--config", "two\nlines"], "config"),
        (["--config", ""], "config"),
        (["--log-retention", "soon"], "log_retention"),
        (["--host", "a..b"], "host"),
        (["--host", "x" * 64], "host"),
        (["--host", "no.such.invalid"], "host"),
        (["--host", "203.0.113.7"], "host"),
        (["--host", "\udcff"], "host"),
        (["--host", ""], "host"),
    ],
)
def test_a_wrong_setting_is_one_line_and_exit_2(tmp_path: Path, flags: list[str], setting: str) -> None:
    """The line begins with the setting's name; nothing else is said, and no data folder is made."""
    refused(tidegate("serve", "--port", "0", "--data", str(tmp_path / "data"), *flags), f"tidegate: {setting}: ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ([], "COMMAND"),
        (["brew"], "brew"),
        (["serve", "--colour", "red"], "--colour"),
        (["serve", "--port"], "--port"),
        (["serve", "two\nlines"], "lines"),
        (["check", "--visitors", "5"], "--visitors"),
        (["demo", "--visitors", "-5"], "--visitors"),
        (["demo", "--visitors", "many"], "--visitors"),
        (["demo", "--visitors", "9" * 5_000], "--visitors"),
        (["demo", "--visitors", "\u0663"], "--visitors"),
    ],
)
def test_arguments_that_cannot_be_read_are_one_line_and_exit_2(arguments: list[str], word: str) -> None:
    """The line names the argument and the help that lists them, without printing it."""
    refused(tidegate(*arguments), word, "--help")


@pytest.mark.parametrize("command", ["serve", "demo"])
def test_a_port_in_use_is_one_line_and_exit_2(tmp_path: Path, command: str) -> None:
    """Found before the data folder is touched: no keys are made that nobody would be shown."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused(tidegate(command, "--port", str(port), "--data", str(tmp_path / "data")), "tidegate: port: ", str(port))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("path", "calls"),
    [
        ("data", "mkdir"),
        ("data/lock", "openat"),
        ("data/events.db", "openat"),
        ("data/events.db", "pwrite64"),
        ("data/keys.toml.new", "write"),
    ],
)
def test_a_start_on_a_full_disk_is_one_line_and_exit_74(tmp_path: Path, path: str, calls: str) -> None:
    """Whatever it is that finds no room: the folder, the lock, the database, the keys."""
    command = [sys.executable, "-m", "gateway", "serve", "--port", "0", "--data", str(tmp_path / "data")]
    inject = ["-P", str(tmp_path / path), "-e", f"trace={calls}", "-e", f"inject={calls}:error=ENOSPC"]
    done = run(command, *inject)
    text = subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())
    refused(text, "tidegate: storage: ", str(tmp_path / path).removesuffix("/lock").removesuffix(".new"), code=74)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("host", "two\nlines"), 2),
        (DataFolderLockedError("data: taken"), 2),
        (KpiError("views", "why"), 2),
        (StorageError("gone"), 74),
        (DiskFullError("full"), 74),
        (StoreBusyError("held"), 74),
        (TidegateError("else"), 74),
    ],
)
def test_each_of_our_errors_has_its_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception, code: int
) -> None:
    """What a setting or a KPI file can mend is 2, all else is the disk's, and none is a traceback."""

    def fail(_config: Config) -> int:
        raise error

    monkeypatch.setattr("gateway.main.serve", fail)
    assert cli.main(["serve"]) == code
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)


def test_a_data_folder_that_is_none_is_exit_2(tmp_path: Path) -> None:
    """A file in its place."""
    (tmp_path / "data").write_text("not a folder")
    done = tidegate("serve", "--port", "0", "--data", str(tmp_path / "data"))
    assert (done.returncode, "data" in done.stderr, done.stderr.count("\n")) == (2, True, 1)


def test_the_environment_sets_what_flags_do_not(tmp_path: Path) -> None:
    """A wrong value there is named too."""
    refused(tidegate("serve", "--data", str(tmp_path / "data"), TIDEGATE_TICK_MS="fast"), "tick_ms")
    refused(tidegate("check", TIDEGATE_PORT="--5"), "port")


def test_the_release_is_said() -> None:
    """As other tools do."""
    done = tidegate("--version")
    assert (done.returncode, done.stdout) == (0, f"tidegate {VERSION}\n")


def test_help_names_every_setting() -> None:
    """With its default."""
    done = tidegate("serve", "--help")
    assert done.returncode == 0
    assert "--max-connections-per-ip" in done.stdout
    assert "262144" in done.stdout


def test_doctor_takes_a_folder(tmp_path: Path) -> None:
    """One that is whole is 0; what is no data folder is a wrong argument."""
    with EventLog.open(tmp_path, retention_ms=1, max_bytes=1, keep_snapshots=2, quarantine_rows=1):
        pass
    done = tidegate("doctor", str(tmp_path), "--format", "json")
    assert (done.returncode, json.loads(done.stdout)["whole"]) == (0, True)
    refused(tidegate("doctor", str(tmp_path / "nowhere")), "data: ", "nowhere")
