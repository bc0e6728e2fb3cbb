"""What the machine is, and what a process on it has used: CPU clock, memory, pinning.

Linux only: process clocks and memory maps are read from the kernel.
"""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

__all__ = [
    "DRIVER_CORE",
    "SERVER_CORE",
    "Memory",
    "commit",
    "cpu_seconds",
    "describe",
    "memory",
    "pin",
    "raise_file_limit",
    "real_disk",
    "versions",
]

SERVER_CORE = 0
DRIVER_CORE = 1

_PAGE = "docs/performance.md"

_VOLATILE = frozenset({"tmpfs", "ramfs", "devtmpfs", "overlay"})


class Memory(NamedTuple):
    """Bytes of one process. `private` is what would be freed if it ended; `rss` counts shared pages in full."""

    rss: int
    pss: int
    private: int


def pin(core: int, pid: int = 0) -> bool:
    """Keep a process (0: this one) on one core; False when the machine has no such core to give."""
    try:
        os.sched_setaffinity(pid, {core})
    except OSError:
        return False
    return True


def raise_file_limit() -> None:
    """Let this process and its children open as many sockets as the system allows it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time that these processes have used so far, all threads, ended ones included.

    It reads the kernel's CPU clock of each process (`clock_getcpuclockid`), which is exact to the nanosecond, where
    `/proc/PID/stat` counts in ticks of 10 ms. Work that the kernel does for a process in softirq context on its
    core is included, as it is there.
    """
    return sum(time.clock_gettime((~pid << 3) | 2) for pid in pids)


def memory(pid: int) -> Memory:
    """Memory of a live process, from its `smaps_rollup`; takes milliseconds for a large process."""
    sizes: dict[str, int] = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()[1:]:
        name, _, rest = line.partition(":")
        sizes[name] = int(rest.split()[0]) * 1_024
    return Memory(sizes["Rss"], sizes["Pss"], sizes["Private_Clean"] + sizes["Private_Dirty"])


def real_disk() -> tuple[Path, str]:
    """A folder for temporary data that is backed by a disk, and the name of its file system."""
    for folder in (Path(tempfile.gettempdir()), Path.cwd()):
        kind = _file_system(folder.resolve())
        if kind not in _VOLATILE:
            return folder, kind
    return Path.cwd(), _file_system(Path.cwd())


def _file_system(folder: Path) -> str:
    best, kind = "", "unknown"
    for line in Path("/proc/self/mounts").read_text("utf-8").splitlines():
        _, point, name, *_ = line.split()
        inside = str(folder) == point or str(folder).startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, name
    return kind


def versions(*packages: str) -> dict[str, str]:
    """Installed version of each package; `absent` when there is none."""
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "absent"
    return found


def describe() -> dict[str, str | int | bool]:
    """The facts that a figure depends on: processor, cores, kernel, Python, file system, pinning."""
    info: dict[str, str] = {}
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
        name, _, value = line.partition(":")
        info.setdefault(name.strip(), value.strip())
    cores = os.cpu_count() or 1
    mhz = info.get("cpu MHz", "0")
    return {
        "cpu": info.get("model name", platform.machine()),
        "mhz": round(float(mhz)),
        "cores": cores,
        "threads_per_core": _threads_per_core(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "implementation": sys.implementation.name,
        "disk": real_disk()[1],
        "pinned": _can_pin(),
        "load_at_start": f"{os.getloadavg()[0]:.2f}",
    }


def _can_pin() -> bool:
    before = os.sched_getaffinity(0)
    both = pin(SERVER_CORE) and pin(DRIVER_CORE)
    os.sched_setaffinity(0, before)
    return both


def _threads_per_core() -> int:
    try:
        text = Path("/sys/devices/system/cpu/cpu0/topology/thread_siblings_list").read_text("ascii")
    except OSError:
        return 1
    total = 0
    for part in text.strip().split(","):
        first, _, last = part.partition("-")
        total += int(last or first) - int(first) + 1
    return total


def commit() -> str:
    """Short hash of the checked-out commit, with `+` when files differ from it; `unknown` outside a checkout.

    Results, and the page that shows them, are no difference.
    """
    here = Path(__file__).parent
    try:
        head = subprocess.run(
            ["git", "rev-parse", "--short=12", "HEAD"], cwd=here, capture_output=True, text=True, check=True
        ).stdout.strip()
        changed = subprocess.run(
            ["git", "status", "--porcelain", "--untracked-files=no", "--", "..", ":!results", f":!../{_PAGE}"],
            cwd=here, capture_output=True, text=True, check=True,
        ).stdout.strip()  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head + ("+" if changed else "")
