"""The two lock files: every package at one version, with the hashes of its files and no address.

`requirements.lock` is what Tidegate runs on, `requirements-dev.lock` what its tests add. `python -m tools.lock`
resolves both anew from pyproject.toml (in the virtual environment, since it needs uv). uv's own lock file is not kept:
it names the registry's hosts more than a thousand times.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Container
from pathlib import Path

from tools.command import ROOT, SetupError, run, say

__all__ = ["DEVELOPMENT", "RUNTIME", "blocks", "only", "without", "write"]

RUNTIME = ROOT / "requirements.lock"
DEVELOPMENT = ROOT / "requirements-dev.lock"

_NAME = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==")
_HEADERS = {
    RUNTIME: "# What Tidegate runs on. Made by `make lock` from pyproject.toml; install with --require-hashes.\n",
    DEVELOPMENT: "# What its tests, checks and benchmarks add. Made by `make lock`; install with --require-hashes.\n",
}


def blocks(text: str) -> dict[str, str]:
    """Package name -> its lines in the lock file: version, marker and hashes."""
    found: dict[str, str] = {}
    name = ""
    for line in text.splitlines(keepends=True):
        if match := _NAME.match(line):
            name = match[1].lower()
        if name and not line.lstrip().startswith("#"):
            found[name] = found.get(name, "") + line
    return found


def only(file: Path, names: Container[str]) -> str:
    """The part of a lock file that holds `names`."""
    return "".join(block for name, block in blocks(file.read_text("utf-8")).items() if name in names)


def without(file: Path, names: Container[str]) -> str:
    """A lock file less `names`."""
    return "".join(block for name, block in blocks(file.read_text("utf-8")).items() if name not in names)


def write() -> None:
    """Resolve pyproject.toml and write both files.

    Raises:
        SetupError: uv is not installed, nothing fits, or a line holds an address.
    """
    run("uv", "lock", "--upgrade")
    export = ("uv", "export", "--locked", "--no-emit-project", "--no-header", "--format", "requirements.txt")
    for file, which in ((RUNTIME, ("--no-dev",)), (DEVELOPMENT, ("--only-group", "dev"))):
        text = run(*export, *which)
        if "://" in text:
            raise SetupError(f"{file.name} would hold an address: a package comes from a URL instead of a registry")
        file.write_text(_HEADERS[file] + text, "utf-8")
        say(f"{file.name}: {len(blocks(text))} packages")
    (ROOT / "uv.lock").unlink()


if __name__ == "__main__":
    try:
        write()
    except SetupError as error:
        say(f"FAILED: {error}")
        sys.exit(1)
