"""`python -m gateway.workers FD`: a worker; the analytics process starts it, with one end of a socket pair."""

from __future__ import annotations

import gc
import os
import signal
import sys

__all__ = ["main"]


def main(argument: str) -> None:
    """Work, and end at once: sockets that are still open are the kernel's to close."""
    # Who stops the service stops the analytics process, which drains and then ends us; a signal to the whole group
    # must not come before that.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    # As in `gateway.__main__`: what a start loads has no garbage to be looked for.
    gc.set_threshold(100_000, 50, 50)
    # Only now, since it loads all that a worker needs.
    from gateway.workers.worker import work

    work(int(argument))
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
