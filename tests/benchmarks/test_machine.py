"""Process clocks, memory, pinning and the facts of the machine."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from benchmarks.machine import cpu_seconds, describe, memory, pin, versions

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
    """Ten megabytes written to show as ten megabytes, give or take the allocator."""
    before = memory(os.getpid())
    held = bytearray(os.urandom(1)) * (10 << 20)
    after = memory(os.getpid())
    assert 9 << 20 < after.private - before.private < 12 << 20
    assert after.rss >= after.pss >= after.private >= len(held)


def test_a_core_that_is_not_there_cannot_be_had() -> None:
    """Pinning says so instead of failing, and leaves the process where it was."""
    before = os.sched_getaffinity(0)
    assert pin(100_000) is False
    assert os.sched_getaffinity(0) == before
    assert pin(min(before)) is True
    os.sched_setaffinity(0, before)


def test_the_facts_of_the_machine_are_all_there() -> None:
    """A result without its machine is no result."""
    before = os.sched_getaffinity(0)
    facts = describe()
    assert all(facts[name] for name in ("cpu", "cores", "kernel", "python", "disk", "threads_per_core"))
    assert os.sched_getaffinity(0) == before


def test_a_package_that_is_not_installed_is_absent() -> None:
    """A version is never made up."""
    found = versions("numpy", "no-such-package-of-ours")
    assert found["numpy"][0].isdigit()
    assert found["no-such-package-of-ours"] == "absent"
