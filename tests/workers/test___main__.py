"""The process of a worker, by itself."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys

import msgspec

from gateway.config import Config
from gateway.wire.parcel import LINK, Kind, Parcels, head
from gateway.workers.setup import Setup

DEADLINE_S = 60.0


def start() -> tuple[subprocess.Popen[bytes], socket.socket]:
    ours, theirs = socket.socketpair()
    with theirs:
        argv = [sys.executable, "-m", "gateway.workers", str(theirs.fileno())]
        process = subprocess.Popen(argv, pass_fds=(theirs.fileno(),), stderr=subprocess.PIPE)
    return process, ours


def hear(link: socket.socket, parcels: Parcels, kind: Kind) -> None:
    """Read until there is a parcel of this kind."""
    link.settimeout(DEADLINE_S)
    while all(parcel.kind != kind for parcel in parcels.feed(link.recv(65_536))):
        pass


def test_it_ends_with_its_link_and_with_nothing_else() -> None:
    """Signals to the whole group are for the analytics process to obey; when that is gone, there is no work."""
    process, link = start()
    with process, link:
        setup = msgspec.json.encode(Setup(LINK, Config(workers=2), [], 80))
        link.sendall(head(Kind.SETUP, 0, len(setup)) + setup)
        parcels = Parcels()
        hear(link, parcels, Kind.READY)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            process.send_signal(number)
        hear(link, parcels, Kind.PULSE)
        hear(link, parcels, Kind.PULSE)
        link.close()
        assert process.wait(DEADLINE_S) == 0


def test_nonsense_ends_it_with_a_line() -> None:
    """In the log of the gateway."""
    process, link = start()
    with process, link:
        link.sendall(head(Kind.SETUP, 0, 2) + b"{}")
        assert process.wait(DEADLINE_S) == 0
        assert process.stderr is not None
        assert b"link_malformed" in process.stderr.read()
