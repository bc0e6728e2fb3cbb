"""Programs that only the machine's own packages bring: installed with apt-get where that is allowed."""

from __future__ import annotations

import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

from tools.command import VENV, SetupError, find, run, say

__all__ = ["allowed", "ensure", "install", "unpack"]

_QUIET = {"DEBIAN_FRONTEND": "noninteractive"}


@cache
def _update() -> None:
    """Ask for the lists of packages, once for all that are installed."""
    run("apt-get", "update", "-qq", extra=_QUIET)


def allowed() -> bool:
    """Whether this machine has apt-get and we may use it without being asked for a password."""
    return find("apt-get") is not None and os.geteuid() == 0


def install(package: str, why: str) -> None:
    """Install one Debian package.

    Raises:
        SetupError: apt-get refuses.
    """
    say(f"installing {package} with apt-get, for {why}")
    _update()
    run("apt-get", "install", "-y", "-qq", "--no-install-recommends", package, extra=_QUIET)


def ensure(package: str, why: str, program: str | None = "") -> None:
    """Install `package` unless its `program` (by default of the same name) is there; None: install in any case.

    Raises:
        SetupError: it is missing and this user may not install it.
    """
    if program is not None and find(program or package):
        return
    if not allowed():
        raise SetupError(f"{package} is missing, for {why}: install it, or run this once as root on Debian")
    install(package, why)


def unpack(program: str, why: str) -> None:
    """Put the server `program` of the package of its name into `.venv/bin`, unless it is there.

    It is not installed, since Debian starts the servers that it installs.

    Raises:
        SetupError: there is no apt-get, or it has no such package.
    """
    if find(program):
        return
    if find("apt-get") is None:
        raise SetupError(f"{program} is missing, for {why}: install it")
    say(f"unpacking {program} from its package, for {why}")
    if allowed():
        _update()
    with tempfile.TemporaryDirectory(prefix="tidegate-") as scratch:
        run("apt-get", "download", "-qq", program, cwd=Path(scratch))
        for package in Path(scratch).glob("*.deb"):
            run("dpkg-deb", "-x", str(package), scratch)
        found = Path(scratch, "usr", "sbin", program)
        if not found.is_file():
            raise SetupError(f"the package {program} has no usr/sbin/{program}")
        shutil.copy(found, VENV / "bin" / program)
