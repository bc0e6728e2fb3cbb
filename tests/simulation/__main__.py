"""Run many seeds, on all processors, and say what they saw."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.simulation.world import run

CHUNK = 200


def chunk(first: int, count: int) -> tuple[Counter[str], list[str], float]:
    """So many seeds in this process: what they saw, the failures, the seconds of processor time."""
    seen, failures, started = Counter[str](), list[str](), time.process_time()
    with tempfile.TemporaryDirectory() as place:
        for seed in range(first, first + count):
            try:
                seen += run(seed, Path(place))
            except AssertionError as error:
                failures.append(f"seed {seed}: {error}")
            except Exception as error:  # a promise of its own: nothing comes out that has no name
                failures.append(f"seed {seed}: {type(error).__name__}: {error}")
    return seen, failures, time.process_time() - started


def chunks(first: int, seeds: int) -> Iterator[tuple[int, int]]:
    """(first, count) of each."""
    for start in range(first, first + seeds, CHUNK):
        yield start, min(CHUNK, first + seeds - start)


def main() -> int:
    """0 when every promise held in every run."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("seeds", type=int)
    parser.add_argument("--from", dest="first", type=int, default=0, metavar="SEED")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    arguments = parser.parse_args()
    parts = list(chunks(arguments.first, arguments.seeds))
    seen, failed, seconds = Counter[str](), 0, 0.0
    with ProcessPoolExecutor(arguments.workers) as pool:
        for part, failures, spent in pool.map(chunk, *zip(*parts, strict=True)):
            seen, failed, seconds = seen + part, failed + len(failures), seconds + spent
            sys.stdout.write("".join(f"{failure}\n" for failure in failures))
            sys.stdout.flush()
    for name, number in sorted(seen.items()):
        sys.stdout.write(f"{name:24} {number}\n")
    sys.stdout.write(f"{arguments.seeds} seeds, {failed} failed, {seconds:.0f} s of processor time\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
