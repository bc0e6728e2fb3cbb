"""`python -m benchmarks NAME`: run one benchmark, print its table, write its result file."""

from __future__ import annotations

import argparse
import importlib
import inspect
import sys

from benchmarks.machine import DRIVER_CORE, pin, raise_file_limit
from benchmarks.overview import renew_page, run_all
from benchmarks.report import Report

NAMES = (
    "ingest", "formats", "fanout", "latency", "memory", "growth", "restart", "demo", "engine", "upkeep", "ysb",
    "sessions", "nexmark", "page", "screen", "floods", "workers",
)  # fmt: skip


def main() -> int:
    """Run what the command line names; 0 when the goals are met or there are none, 1 when one is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=("all", *NAMES))
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="SIDE",
        help="this side (of all: benchmark) only; may be repeated",
    )
    parser.add_argument("--rounds", type=int, default=5, help="samples of each side (default 5)")
    parser.add_argument("--seconds", type=float, default=None, help="length of the measured part of a sample")
    parser.add_argument("--events", type=int, default=None, help="length of a recorded stream, for a quick check")
    parser.add_argument("--workers", type=int, default=None, help="processes for the sockets, where one can choose")
    parser.add_argument("--dry", action="store_true", help="print only, leave the result file as it is")
    args = parser.parse_args()
    if args.name == "all":
        return run_all(args.only or NAMES, args.rounds)
    raise_file_limit()
    pin(DRIVER_CORE)
    asked = {"measure_s": args.seconds, "events": args.events, "workers": args.workers}
    options = {name: value for name, value in asked.items() if value is not None}
    run = importlib.import_module(f"benchmarks.{args.name}").run
    if unknown := options.keys() - inspect.signature(run).parameters:
        parser.error(f"{args.name} has no {', '.join(sorted(unknown))}")
    report: Report = run(args.only, args.rounds, **options)
    print("\n" + report.table())
    if not args.dry:
        report.write()
        renew_page()
        print(f"written: benchmarks/results/{report.name}.json, and its goals in docs/performance.md")
    return int(any(goal["verdict"] != "met" for goal in report.to_json()["goals"].values()))


if __name__ == "__main__":
    sys.exit(main())
