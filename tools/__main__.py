"""`python3 -m tools run|lint|test|fuzz`: set up what that verb of the Makefile needs; a line for what takes time."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from tools import chromium, debian, node, sdk, uplot, venv
from tools.command import ROOT, SetupError, say

_TRACERS = {
    "strace": "the tests that watch the log being flushed before the ack, and make flushes fail",
    "faketime": "the test in which the clock of the machine jumps by a day",
}
"""Debian packages without which a few tests fail, and which."""
_SERVERS = {"nginx": "the tests behind a proxy"}
"""Servers of Debian's that only tests start."""


def prepare(verb: str) -> None:
    """Set up all that `verb` needs; a second call finds it there and costs well under a second.

    Raises:
        SetupError: something is missing and cannot be had on this machine.
    """
    if verb in ("lint", "fuzz"):
        venv.ensure(development=True)
        if verb == "fuzz":
            venv.add("atheris")
        return
    venv.create()  # first: it may need a package of Debian's, and two apt-get cannot run at once
    with ThreadPoolExecutor(1) as aside:
        if verb == "test":
            aside.submit(_from_debian)
        venv.ensure(development=verb == "test")
        node.ensure()
        uplot.ensure()
        sdk.ensure()
        if verb == "test":
            for folder in node.packages():
                node.install(folder)
    if verb == "test":
        chromium.ensure()
        for set_up, programs in ((debian.ensure, _TRACERS), (debian.unpack, _SERVERS)):
            for program, why in programs.items():
                try:
                    set_up(program, why)
                except SetupError as error:
                    say(f"{error}; they will fail, all others run")


def _from_debian() -> None:
    """Install what the machine's own packages bring, while those of Python and npm come: both mostly wait.

    What cannot be had is told afterwards, by whoever asks for it.
    """
    for package, why in {"chromium": "the browser tests", **_TRACERS}.items():
        with suppress(SetupError):
            debian.ensure(package, why)


def main() -> int:
    """Exit code 0, or 1 after one line that names what is missing."""
    verbs = ("run", "lint", "test", "fuzz")
    if len(sys.argv) != 2 or sys.argv[1] not in verbs:
        say(f"usage: python3 -m tools {'|'.join(verbs)}")
        return 2
    try:
        prepare(sys.argv[1])
    except SetupError as error:
        say(f"FAILED: {error}")
        say(f"(run again in {ROOT} once that is mended; what is done stays done)")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
