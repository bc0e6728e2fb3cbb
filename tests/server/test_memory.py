"""Resident memory is that of this process, and large blocks leave it when they are freed."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

from gateway.server.memory import resident_bytes


def test_memory_that_is_touched_shows() -> None:
    """Holding 64 MB more raises the figure by most of it."""
    before = resident_bytes()
    held = b"x" * (64 << 20)
    assert resident_bytes() - before > 48 << 20
    assert len(held) == 64 << 20


HOLES = """
from gateway.server.memory import LARGE_BYTES, give_back, resident_bytes
if not give_back():
    raise SystemExit(77)
before = resident_bytes()
for _ in range(40):  # glibc's own threshold would rise with the first of them
    held = [bytearray(LARGE_BYTES), bytearray(100_000)]
    kept = bytearray(100_000)
blocks = [(bytearray(LARGE_BYTES), bytearray(100_000)) for _ in range(20)]
small = [pair[1] for pair in blocks]
del blocks, held
print((resident_bytes() - before) / LARGE_BYTES)
"""


def test_large_blocks_leave_no_holes() -> None:
    """Twenty blocks of a snapshot's size with small ones between them: when they are freed the memory is given back."""
    done = subprocess.run(
        [sys.executable, "-c", HOLES],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": "."},
    )
    if platform.libc_ver()[0] != "glibc":  # there it is not set, and says so
        assert done.returncode == 77, done.stderr
        return
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 4


FLOOD = """
from gateway.server.memory import resident_bytes, trim
blocks = [bytearray(100_000) for _ in range(1_200)]  # below what the C library maps by itself
kept = blocks[::10]
before = resident_bytes()
blocks.clear()
left = resident_bytes()
if not trim():
    raise SystemExit(77 if left > before - 60_000_000 else 0)
raise SystemExit(resident_bytes() > before - 60_000_000)
"""


def test_holes_that_a_flood_leaves_are_given_back() -> None:
    """Between blocks that stay: most of 120 MB is no longer resident. In a process of its own, whose heap is known."""
    done = subprocess.run([sys.executable, "-c", FLOOD], check=False)
    assert done.returncode == 0 or (done.returncode == 77 and platform.libc_ver()[0] != "glibc")
