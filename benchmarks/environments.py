"""An environment of its own for each engine that we compare with: made once, with uv, in a cache outside the checkout.

Peers pin versions of libraries that our own environment must not have, and some need a Python of their own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

__all__ = [
    "BYTEWAX", "CHDB", "DUCKDB", "FLINK", "MATPLOTLIB", "PATHWAY", "QUIX", "RIVER", "Environment", "UnavailableError",
    "prepare",
]  # fmt: skip

_INSTALL_S = 900.0


class UnavailableError(Exception):
    """A peer cannot be run on this machine. The message is the reason, for the report."""


class Environment(NamedTuple):
    """What a peer needs."""

    name: str
    packages: tuple[str, ...]
    # Version of Python; uv finds it, or fetches it.
    python: str = "3.11"
    # Programs that must be on the PATH.
    programs: tuple[str, ...] = ()


BYTEWAX = Environment("bytewax", ("bytewax==0.21.1", "orjson==3.13.0"))
PATHWAY = Environment("pathway", ("pathway==0.33.0",))
QUIX = Environment("quix", ("quixstreams==3.28.1", "orjson==3.13.0"))
DUCKDB = Environment("duckdb", ("duckdb==2.0.1",))
CHDB = Environment("chdb", ("chdb==4.4.0",))
RIVER = Environment("river", ("river==0.26.1", "orjson==3.13.0"))
MATPLOTLIB = Environment("matplotlib", ("matplotlib>=3.10,<4",))
FLINK = Environment("flink", ("apache-flink==2.3.0", "setuptools<80"), programs=("java",))


def prepare(environment: Environment, cache: Path | None = None) -> Path:
    """The interpreter of the environment, which is made if it is not in the cache; that takes minutes for the largest.

    Raises:
        UnavailableError: a program is missing, or the packages could not be installed.
    """
    for program in environment.programs:
        if shutil.which(program) is None:
            raise UnavailableError(f"{environment.name} needs {program}, which is not installed")
    folder = (cache or _cache()) / environment.name
    python, mark = folder / "bin" / "python", folder / "installed"
    wanted = "\n".join((environment.python, *environment.packages))
    if mark.exists() and mark.read_text("utf-8") == wanted and python.exists():
        return python
    shutil.rmtree(folder, ignore_errors=True)
    _uv(environment, "venv", "--quiet", "--python", environment.python, str(folder))
    _uv(environment, "pip", "install", "--quiet", "--python", str(python), *environment.packages)
    mark.write_text(wanted, "utf-8")
    return python


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "tidegate-benchmarks"


def _uv(environment: Environment, *arguments: str) -> None:
    try:
        done = subprocess.run(
            [sys.executable, "-m", "uv", *arguments], capture_output=True, text=True, timeout=_INSTALL_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnavailableError(f"{environment.name} could not be installed: {error}") from error
    if done.returncode:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        reason = " ".join(lines[-3:])[:300] or f"uv ended with {done.returncode}"
        raise UnavailableError(f"{environment.name} could not be installed: {reason}")
