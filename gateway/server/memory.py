"""How much memory the process holds, and what it gives back."""

from __future__ import annotations

import ctypes
import resource
import sys
from pathlib import Path

__all__ = ["give_back", "resident_bytes", "trim"]

LARGE_BYTES = 1 << 20
"""More than a group of 4,096 ordinary events asks for at once, and less than the snapshot of a small set. At 2 MB the
demo has as many holes as without."""
TOP_BYTES = 2 << 20
"""What may lie free at the end of the heap: giving it back and asking for it anew for each group costs page faults."""

# Names of settings in glibc's malloc.h.
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3

_STATM = Path("/proc/self/statm")
_PAGE = resource.getpagesize()


def resident_bytes() -> int:
    """Resident set size. Where the kernel does not tell the present one, the peak. About 10 us."""
    try:
        return int(_STATM.read_bytes().split()[1]) * _PAGE
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


def give_back() -> bool:
    """Have blocks of `LARGE_BYTES` and more mapped by themselves, so that they leave with the snapshot they were for.

    Left alone, glibc takes the first such block that is freed for the usual case, cuts later ones from the heap, and
    the holes stay: 2 of the demo's 103 MB after 45 minutes, more with larger state. For the whole process; False where
    the C library is another.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is None:
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES)) and bool(mallopt(_M_TRIM_THRESHOLD, TOP_BYTES))


def trim() -> bool:
    """Give what lies free between what is used back to the kernel: after a flood, holes are all that is left of it.

    About 10 ms for 100 MB of holes. False where the C library cannot, or there was nothing to give.
    """
    malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    return malloc_trim is not None and bool(malloc_trim(0))
