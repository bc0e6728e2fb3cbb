"""Try every sabotage in a copy of the tree, on all processors."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from tests.mutants.sabotage import Sabotage
from tests.mutants.sabotages import SABOTAGES

ROOT = Path(__file__).parents[2]
COPIED = ("gateway", "analytics", "client_sdk", "tests", "docs", "pyproject.toml")
LONGEST_S = 900


def copy(to: Path) -> Path:
    """The tree, without what the tools put beside it."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            leave = shutil.ignore_patterns("node_modules", "__pycache__", ".*")
            shutil.copytree(source, to / name, ignore=leave)
        else:
            shutil.copy(source, to / name)
    return to


def run(tree: Path, tests: Sequence[str]) -> tuple[int, str]:
    """The exit code of pytest (0 green, 1 red, anything else is neither), and what it said at the end."""
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", *tests]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, timeout=LONGEST_S, check=False)
    return done.returncode, done.stdout.decode()[-2_000:]


def try_one(sabotage: Sabotage, trees: SimpleQueue[Path]) -> int:
    """What pytest makes of a sabotage: its exit code."""
    tree = trees.get()
    file = tree / sabotage.file
    text = file.read_text("utf-8")
    try:
        file.write_text(text.replace(sabotage.line, sabotage.wrong), "utf-8")
        return run(tree, [sabotage.test])[0]
    finally:
        file.write_text(text, "utf-8")
        trees.put(tree)


def main() -> int:
    """0 when each was found out by its test, and the tests are green without them."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    arguments = parser.parse_args()
    chosen = [sabotage for sabotage in SABOTAGES if not arguments.names or sabotage.name in arguments.names]
    with tempfile.TemporaryDirectory() as place:
        trees: SimpleQueue[Path] = SimpleQueue()
        for number in range(arguments.workers):
            trees.put(copy(Path(place) / str(number)))
        whole = trees.get()
        code, said = run(whole, sorted({sabotage.test for sabotage in chosen}))
        if code:
            sys.stdout.write(f"{said}\nthe tests are red without any sabotage\n")
            return 1
        trees.put(whole)
        alive = 0
        with ThreadPoolExecutor(arguments.workers) as pool:
            codes = pool.map(lambda sabotage: try_one(sabotage, trees), chosen)
            for sabotage, code in zip(chosen, codes, strict=True):
                verdict = {0: "ALIVE", 1: "killed"}.get(code, f"NEITHER ({code})")
                alive += code != 1
                sys.stdout.write(f"{verdict:10} {sabotage.name:36} {sabotage.test}\n")
                sys.stdout.flush()
    sys.stdout.write(f"{len(chosen) - alive} of {len(chosen)} sabotages killed\n")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())
