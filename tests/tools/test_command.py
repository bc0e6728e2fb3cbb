"""Outside commands: their output, their failures, and which of two programs of one name is taken."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tools import command
from tools.command import SetupError


def test_what_a_command_prints_is_its_value() -> None:
    """Standard output comes back as text."""
    assert command.run(sys.executable, "-c", "print('out')") == "out\n"


def test_a_failing_command_is_named_with_its_last_words() -> None:
    """The error holds the exit code and the end of what the command wrote."""
    with pytest.raises(SetupError, match=r"(?s)ended with code 3.*line 29"):
        command.run(sys.executable, "-c", "import sys\nfor n in range(30): print('line', n)\nsys.exit(3)")


def test_a_missing_command_is_named() -> None:
    """A program that is not installed is an error of the set-up, not a traceback."""
    with pytest.raises(SetupError, match="no-such-program"):
        command.run("no-such-program")


def test_the_checkouts_own_programs_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program in the environment hides one of the same name on the machine, for `find` and for `run`."""
    for folder, word in (("machine", "machine's"), ("venv/bin", "our own")):
        program = tmp_path / folder / "node"
        program.parent.mkdir(parents=True)
        program.write_text(f'#!/bin/sh\necho "{word}"\n', "utf-8")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "machine"))
    monkeypatch.setattr(command, "VENV", tmp_path / "venv")
    assert command.find("nodejs", "node") == str(tmp_path / "venv" / "bin" / "node")
    assert command.run("node") == "our own\n"
