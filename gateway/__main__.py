"""`python -m gateway` is the same as `tidegate`."""

from __future__ import annotations

import gc
import os
import sys

__all__ = ["main"]


def main() -> int:
    """The command line, as a process of its own.

    What a start imports stays until the end, and has no garbage: the collector's looks at it, dozens while it is loaded
    and some more when it is taken down, are a quarter of what a start and a stop take. Nor does anything
    multiply matrices: for that numpy has a thread start on each further processor, which turns in vain for 50 ms.
    """
    gc.set_threshold(100_000, 50, 50)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Only now, since it loads most of the program.
    from gateway.cli import main as run

    try:
        return run()
    finally:
        gc.freeze()


if __name__ == "__main__":
    sys.exit(main())
