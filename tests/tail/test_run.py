"""`tidegate tail` as a process, against a real gateway."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from client_sdk.python import Client
from tests.e2e.gateway_process import VIEW_KEY, WRITE_KEY, GatewayProcess
from tests.e2e.smalldisk import SmallDisk

DEADLINE_S = 60


class TailProcess:
    """A running tail; its lines come as they are printed."""

    def __init__(self, *arguments: str, key: str | None = VIEW_KEY) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("TIDEGATE_")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gateway", "tail", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=clean | ({"TIDEGATE_VIEW_KEYS": key} if key else {}),
        )

    @property
    def out(self) -> IO[str]:
        assert self.process.stdout is not None
        return self.process.stdout

    def until_noted(self, words: str) -> str:
        """The next note that holds these words."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if words in line:
                return line
        raise AssertionError(f"it ended without {words!r}")

    def end(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(DEADLINE_S)


@contextmanager
def tail(*arguments: str, key: str | None = VIEW_KEY) -> Iterator[TailProcess]:
    """A tail that is killed at the end if it still runs."""
    running = TailProcess(*arguments, key=key)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.communicate()


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[GatewayProcess]:
    with GatewayProcess(tmp_path / "data", drain_ms=50) as running:
        yield running


@pytest.fixture
def client(gateway: GatewayProcess) -> Iterator[Client]:
    with Client(gateway.url, WRITE_KEY) as connected:
        yield connected


def test_events_are_printed_as_they_come(gateway: GatewayProcess, client: Client) -> None:
    """A line each, of what was asked for; Ctrl-C ends it with 0."""
    with tail("--url", gateway.url, "--event", "buy", "--where", "country=DE") as running:
        running.until_noted("connected")
        for country in ("DE", "FR", "DE"):
            client.capture("buy", {"country": country}, distinct_id=f"u-{country}")
        client.capture("view", {"country": "DE"})
        client.flush(DEADLINE_S)
        for _ in range(2):
            line = running.out.readline()
            assert "  accepted   buy  u-DE  " in line
            assert 'country="DE"' in line
            assert "-> " in line
        assert running.end() == 0


def test_ndjson_has_all_of_an_event(gateway: GatewayProcess, client: Client) -> None:
    """And `--count` ends it by itself, so that a script can wait for one."""
    with tail("--url", gateway.url, "--json", "--count", "1", "--verdict", "duplicate") as running:
        running.until_noted("connected")
        for _ in range(2):
            client.capture("buy", {"n": 1}, uuid="01934d0e-7b00-7000-8000-0000000000aa")
        client.flush(DEADLINE_S)
        out, _ = running.process.communicate(timeout=DEADLINE_S)
        assert running.process.returncode == 0
        event = json.loads(out)
        assert (event["verdict"], event["reason"], event["properties"]["n"]) == ("duplicate", "uuid", 1)
        assert "uuid" in event["hint"]


def test_it_outlives_the_gateway(gateway: GatewayProcess, tmp_path: Path) -> None:
    """A gateway that was killed and comes back: the tail says so, finds it, and says that something may be missing."""
    with tail("--url", gateway.url, "--json") as running:
        running.until_noted("connected")
        with Client(gateway.url, WRITE_KEY, spool=tmp_path / "spool") as client:
            client.capture("first")
            client.flush(DEADLINE_S)
            assert json.loads(running.out.readline())["event"] == "first"
            gateway.kill()
            running.until_noted("trying again")
            client.capture("second")
            gateway.start()
            running.until_noted("missing here")
            client.flush(DEADLINE_S)
            client.capture("third")
            client.flush(DEADLINE_S)
            names = [json.loads(running.out.readline())["event"]]
            while names[-1] != "third":
                names.append(json.loads(running.out.readline())["event"])
        assert running.end(signal.SIGTERM) == 0


def test_the_key_of_a_folder_is_found(tmp_path: Path) -> None:
    """On the gateway's own machine no key has to be given."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TIDEGATE_")}
    serving = subprocess.Popen(
        [sys.executable, "-m", "gateway", "serve", "--port=0", f"--data={tmp_path / 'd'}"],
        stdout=subprocess.PIPE,
        text=True,
        env=clean,
    )
    try:
        assert serving.stdout is not None
        url = serving.stdout.readline().split()[-1]
        write = serving.stdout.readline().split()[-1]
        with tail("--url", url, "--data", str(tmp_path / "d"), "--json", "--count", "1", key=None) as running:
            running.until_noted("connected")
            with Client(url, write) as client:
                client.capture("hello")
                client.flush(DEADLINE_S)
            assert json.loads(running.out.readline())["event"] == "hello"
    finally:
        serving.kill()
        serving.communicate()


@pytest.mark.parametrize(
    ("arguments", "key", "words"),
    [
        ((), "wrong", "view_keys: "),
        ((), WRITE_KEY, "view_keys: "),
        (("--url", "ftp://x"), VIEW_KEY, "url: "),
        (("--data", "/nowhere"), None, "view_keys: "),
        (("--rate", "none"), VIEW_KEY, "--rate"),
        (("--where", "phone=1"), VIEW_KEY, "live_redact"),
    ],
)
def test_what_cannot_be_is_one_line_and_exit_2(
    tmp_path: Path, arguments: tuple[str, ...], key: str | None, words: str
) -> None:
    """A key that may not look, an address that is none, a value that nobody may see."""
    with GatewayProcess(tmp_path / "data", drain_ms=50, live_redact="phone") as gateway:
        with tail("--url", gateway.url, *arguments, key=key) as running:
            out, noted = running.process.communicate(timeout=DEADLINE_S)
        assert (running.process.returncode, out) == (2, "")
        assert words in noted.splitlines()[-1]


def test_a_reader_that_leaves_ends_it(gateway: GatewayProcess, client: Client) -> None:
    """As `tidegate tail | head -1` does: quietly, with 0."""
    with tail("--url", gateway.url) as running:
        running.until_noted("connected")
        client.capture("one")
        client.flush(DEADLINE_S)
        assert "one" in running.out.readline()
        running.out.close()
        while running.process.poll() is None:
            client.capture("more")
            client.flush(DEADLINE_S)
        assert running.process.returncode == 0
        assert running.process.stderr is not None
        assert "Traceback" not in running.process.stderr.read()
        running.process.stdout = None


def test_a_full_disk_is_noted(tmp_path: Path) -> None:
    """Else nothing comes and nobody says why; and it is noted that there is room again."""
    disk = SmallDisk(tmp_path / "disk")
    with disk.gateway(1) as gateway, tail("--url", gateway.url) as running:
        running.until_noted("connected")
        disk.fill(gateway)
        running.until_noted("the disk of the gateway is full")
        disk.empty(gateway)
        running.until_noted("has room again")
