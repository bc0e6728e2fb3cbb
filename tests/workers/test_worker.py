"""What a worker's process loads."""

from __future__ import annotations

import socket
import subprocess
import sys

import msgspec

from gateway.config import Config
from gateway.core.packing import Schema
from gateway.wire.parcel import LINK, Kind, head
from gateway.workers.setup import Setup

ENGINE_OF_ITS_OWN = {"analytics", "analytics.arrays", "analytics.dictionary"}
ANOTHERS = {"aiohttp", "maxminddb", "sqlglot", "sqlite3", "gateway.store", "gateway.main"}


def loaded() -> set[str]:
    """The modules of a process that was set up, was told what to decode, and has ended."""
    ours, theirs = socket.socketpair()
    with theirs:
        argv = [sys.executable, "-X", "importtime", "-m", "gateway.workers", str(theirs.fileno())]
        process = subprocess.Popen(argv, pass_fds=(theirs.fileno(),), stderr=subprocess.PIPE, text=True)
    with process, ours:
        setup = msgspec.json.encode(Setup(LINK, Config(workers=2), [], 80))
        schema = msgspec.json.encode(Schema(1, ("price",), ("event", "distinct_id"), ("event", "price")))
        for kind, body in ((Kind.SETUP, setup), (Kind.SCHEMA, schema), (Kind.STOP, b"")):
            ours.sendall(head(kind, 0, len(body)) + body)
        _, told = process.communicate()
        assert process.returncode == 0, told
    return {line.rsplit("|", 1)[1].strip() for line in told.splitlines() if line.startswith("import time:")}


def test_it_loads_what_reads_and_nothing_that_counts() -> None:
    """No engine, no SQL, no store, no HTTP routes: a third of the time and a quarter of the memory of a start."""
    found = loaded()
    assert "gateway.core.packing" in found
    assert {name for name in found if name.split(".")[0] == "analytics"} == ENGINE_OF_ITS_OWN
    assert found & ANOTHERS == set()
