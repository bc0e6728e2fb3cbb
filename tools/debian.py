"""Programs that only the machine's own packages bring: installed with apt-get where that is allowed."""

from __future__ import annotations

import os
from functools import cache

from tools.command import SetupError, find, run, say

__all__ = ["allowed", "ensure", "install"]

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
