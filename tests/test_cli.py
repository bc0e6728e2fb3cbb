"""The command line, as a person or a supervisor sees it: one line, and an exit code."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

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


@pytest.mark.parametrize(
    ("flags", "setting"),
    [
        (["--port", "99999"], "port"),
        (["--tls-cert", "x.pem"], "tls_key"),
        (["--kpis", "missing.toml"], "kpis"),
        (["--config", "missing.toml"], "config"),
        (["--log-retention", "soon"], "log_retention"),
    ],
)
def test_a_wrong_setting_is_one_line_and_exit_2(tmp_path: Path, flags: list[str], setting: str) -> None:
    """The line holds the setting's name."""
    done = tidegate("serve", "--data", str(tmp_path / "data"), *flags)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert setting in done.stderr


def test_a_port_in_use_is_exit_2(tmp_path: Path) -> None:
    """Named like a setting."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = tidegate("serve", "--port", str(port), "--data", str(tmp_path / "data"))
    assert (done.returncode, "port" in done.stderr, str(port) in done.stderr) == (2, True, True)


def test_a_data_folder_that_is_none_is_exit_2(tmp_path: Path) -> None:
    """A file in its place."""
    (tmp_path / "data").write_text("not a folder")
    done = tidegate("serve", "--port", "0", "--data", str(tmp_path / "data"))
    assert (done.returncode, "data" in done.stderr, done.stderr.count("\n")) == (2, True, 1)


def test_the_environment_sets_what_flags_do_not(tmp_path: Path) -> None:
    """A wrong value there is named too."""
    done = tidegate("serve", "--data", str(tmp_path / "data"), TIDEGATE_TICK_MS="fast")
    assert (done.returncode, "tick_ms" in done.stderr) == (2, True)


def test_help_names_every_setting() -> None:
    """With its default."""
    done = tidegate("serve", "--help")
    assert done.returncode == 0
    assert "--max-connections-per-ip" in done.stdout
    assert "262144" in done.stdout
