"""`python -m tests.fuzz`: each target under atheris for some seconds, in a process of its own.

What was found to reach new lines is kept in `.fuzz/TARGET` and is where the next run begins. Bytes that bring a target
down are kept beside it, and named.
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".fuzz"
INSTRUMENTED = ["gateway", "analytics", "client_sdk"]
SLOWEST_S = 20
"""For one input: what takes longer hangs."""
MOST_MB = 2_048
_STAT = re.compile(r"stat::(\w+):\s+(\d+)")
_CRASH = re.compile(r"Test unit written to (\S+)")


def inside(name: str, seconds: int) -> None:
    """Run one target; libFuzzer ends the process."""
    import atheris

    with atheris.instrument_imports(include=INSTRUMENTED):
        from tests.fuzz.catalogue import TARGETS
    target = next(target for target in TARGETS if target.name == name)
    folder = FOLDER / name
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    words = folder / "words.txt"
    lines = ["".join(f"\\x{byte:02x}" for byte in token) for token in target.tokens or (b"\x00",)]
    words.write_text("".join(f'"{line}"\n' for line in lines))
    flags = [
        *(f"-max_total_time={seconds}", f"-timeout={SLOWEST_S}", f"-rss_limit_mb={MOST_MB}", "-max_len=8192"),
        *(f"-dict={words}", f"-artifact_prefix={folder}/", "-print_final_stats=1", "-verbosity=1"),
    ]
    atheris.Setup([sys.argv[0], *flags, str(corpus)], target.run)
    atheris.Fuzz()


def outside(name: str, seconds: int) -> bool:
    """Run one target in a process and say what came of it; whether it held."""
    command = [sys.executable, "-W", "error", "-m", "tests.fuzz", name, "--inside", "--seconds", str(seconds)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    said = done.stderr.decode("utf-8", "replace") + done.stdout.decode("utf-8", "replace")
    stats = {key: int(number) for key, number in _STAT.findall(said)}
    inputs, peak = stats.get("number_of_executed_units", 0), stats.get("peak_rss_mb", 0)
    held = done.returncode == 0 and inputs > 0
    sys.stdout.write(f"{name:12} {'held' if held else 'FAILED':7} {inputs:9} inputs, {peak} MB at most\n")
    if not held:
        sys.stdout.write(said[-6_000:] + "".join(f"\nthe bytes are in {path}\n" for path in _CRASH.findall(said)))
    sys.stdout.flush()
    return held


def main() -> int:
    """0 when all targets held; 1 when one did not; 2 when there is no atheris."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("names", nargs="*", help="targets; all of them when none is named")
    parser.add_argument("--seconds", type=int, default=60, help="of each target")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if importlib.util.find_spec("atheris") is None:
        sys.stderr.write(
            "fuzz: no atheris for this Python and platform (wheels: Linux on x86-64, Python 3.11 to 3.14)\n"
        )
        return 2
    if arguments.inside:
        inside(arguments.names[0], arguments.seconds)
        return 0
    from tests.fuzz.catalogue import TARGETS

    known = [target.name for target in TARGETS]
    if unknown := set(arguments.names) - set(known):
        parser.error(f"there is no target {sorted(unknown)[0]!r}; there are {', '.join(known)}")
    failed = [name for name in arguments.names or known if not outside(name, arguments.seconds)]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
