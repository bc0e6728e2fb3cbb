"""The child on a disk too small for what it wants to write, until the first refusal gives it room.

A file system of its own (tmpfs, in a mount namespace of its own) where the kernel lets us have one, as root or not;
elsewhere a limit on the pages of the database, which SQLite refuses with the same error as a disk without room.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tests.store.tracing import ROOT, child

__all__ = ["Run", "namespace", "run_limited", "run_small"]

SIZE = 3 << 20
BALLAST = SIZE - (500 << 10)
QUOTA_PAGES = 24
_SCRIPT = """
mount -t tmpfs -o size="$1" tmpfs "$2" || exit 99
shift; disk="$1"; shift; copy="$1"; shift
"$@"; code=$?
cp -r "$disk/data" "$copy"
exit $code
"""


class Run(NamedTuple):
    """How the child ended, what it said, what it was refused for, and where its folder is now."""

    code: int
    said: list[str]
    refusals: set[str]
    folder: Path


@cache
def namespace() -> tuple[str, ...]:
    """What runs a command in a mount namespace of its own; empty where the kernel gives us none."""
    if shutil.which("unshare") is not None:
        for command in (("unshare", "-m"), ("unshare", "-rm")):
            test = [*command, "sh", "-c", "mount -t tmpfs -o size=1m tmpfs /mnt"]
            if subprocess.run(test, capture_output=True, check=False).returncode == 0:
                return command
    return ()


def run_small(place: Path, rows: int, *flags: str) -> Run:
    """Run the child with `rows` and `flags` on a small disk under `place`; `run_limited` where there can be none."""
    if not namespace():
        return run_limited(place, rows, *flags)
    disk, copy = place / "disk", place / "copy"
    disk.mkdir()
    command = child(str(disk / "data"), str(rows), "small", f"ballast={BALLAST}", *flags)
    return _run([*namespace(), "sh", "-c", _SCRIPT, "small-disk", str(SIZE), str(disk), str(copy), *command], copy)


def run_limited(place: Path, rows: int, *flags: str) -> Run:
    """Run the child with `rows` and `flags` on a database of few pages under `place`."""
    folder = place / "data"
    return _run(child(str(folder), str(rows), "small", f"quota={QUOTA_PAGES}", *flags), folder)


def _run(command: list[str], folder: Path) -> Run:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("COV_", "PYTEST_"))}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, timeout=90, check=False)
    refusals = {line.rpartition(": ")[2] for line in done.stderr.decode().splitlines()}
    return Run(done.returncode, done.stdout.decode("ascii").splitlines(), refusals, folder)
