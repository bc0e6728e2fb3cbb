"""`python -m gateway` is the same as `tidegate`."""

from __future__ import annotations

import gc
import sys

__all__ = ["main"]


def main() -> int:
    """The command line, as a process of its own.

    What a start imports stays until the end, and has no garbage: the collector's looks at it, dozens while it is loaded
    and some more when it is taken down, are a quarter of what a start and a stop take.
    """
    gc.set_threshold(100_000, 50, 50)
    # Only now, since it loads most of the program.
    from gateway.cli import main as run

    try:
        return run()
    finally:
        gc.freeze()


if __name__ == "__main__":
    sys.exit(main())
