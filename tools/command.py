"""One outside command: found on the tests' own PATH, run quietly, its last words shown when it fails."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

__all__ = ["ROOT", "VENV", "SetupError", "environment", "find", "run", "say"]

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"


class SetupError(Exception):
    """Something the verb needs is missing; the message is one line that says what and what would help."""


def say(line: str) -> None:
    """Announce one step of the set-up; nothing that takes time or is left out goes unsaid."""
    sys.stderr.write(f"setup: {line}\n")
    sys.stderr.flush()


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of every command: the checkout's own programs are found before the machine's."""
    path = os.pathsep.join([str(VENV / "bin"), os.environ.get("PATH", os.defpath)])
    return {**os.environ, "PATH": path, **(extra or {})}


def find(*names: str) -> str | None:
    """The full path of the first of `names` that is installed, or None."""
    path = environment()["PATH"]
    return next((found for found in (shutil.which(name, path=path) for name in names) if found), None)


def run(*argv: str, cwd: Path = ROOT, extra: Mapping[str, str] | None = None) -> str:
    """What the command wrote to standard output.

    Raises:
        SetupError: it is not installed or ended with another code than 0; holds the end of what it wrote.
    """
    try:
        done = subprocess.run(  # noqa: S603 - fixed commands, no shell
            argv,
            cwd=cwd,
            env=environment(extra),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise SetupError(f"{argv[0]}: {error.strerror}") from None
    if done.returncode != 0:
        words = (done.stderr.strip() or done.stdout.strip()).splitlines()[-12:]
        raise SetupError("\n  ".join([f"`{' '.join(argv)}` ended with code {done.returncode}", *words]))
    return done.stdout
