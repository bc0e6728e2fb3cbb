"""Process clocks, memory, pinning and the facts of the machine."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from mmap import MAP_ANONYMOUS, MAP_PRIVATE, mmap

from benchmarks.machine import cpu_seconds, memory

_BURN = (
    "import sys, time\nwhile time.process_time() < 0.2: pass\nprint(time.process_time(), flush=True)\nsys.stdin.read()"
)


def test_the_clock_of_another_process_is_its_own_cpu_time() -> None:
    """What a child says it used is what is read of it from outside, and waiting adds nothing."""
    with subprocess.Popen([sys.executable, "-c", _BURN], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        said = float(child.stdout.readline())
        assert said <= cpu_seconds([child.pid]) < said + 0.15
        assert cpu_seconds([child.pid, child.pid]) > 2 * said
        child.kill()


def test_the_own_clock_is_the_process_clock() -> None:
    """Both count user and system time of all threads."""
    before = time.process_time()
    assert before <= cpu_seconds([os.getpid()]) <= time.process_time() + 0.05


def test_memory_that_is_touched_is_private() -> None:
    """Ten megabytes written to show as ten megabytes, on fresh pages and not on ones that were freed before."""
    size = 10 << 20
    with mmap(-1, size, flags=MAP_PRIVATE | MAP_ANONYMOUS) as held:
        before = memory(os.getpid())
        held.write(b"x" * size)
        after = memory(os.getpid())
    assert 9 << 20 < after.private - before.private < 24 << 20
    assert after.rss >= after.pss >= after.private >= size
