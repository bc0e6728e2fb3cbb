"""The page about the Python client: its programs run as they stand there, but for the address and the keys."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from client_sdk.python import AsyncClient, Client
from tests.e2e.gateway_process import VIEW_KEY, WRITE_KEY, GatewayProcess
from tests.e2e.patience import eventually
from tests.house.tree import ROOT

PAGE = ROOT / "client_sdk/python/README.md"


def test_its_programs_run_and_print_what_they_say(tmp_path: Path) -> None:
    """In their order, against one gateway: two senders, one that tells why, and a viewer of what they sent."""
    programs = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    printed = []
    with GatewayProcess(tmp_path / "data", drain_ms=100) as gateway:
        for program in programs:
            if "subscribe(" in program:  # it stops at the first change, whatever is in it
                eventually(lambda: gateway.rows("active_users"), bool)
            own = program.replace("https://analytics.example.com", gateway.url)
            own = own.replace("YOUR_WRITE_KEY", WRITE_KEY).replace("YOUR_VIEW_KEY", VIEW_KEY)
            done = subprocess.run(
                [sys.executable, "-c", own], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
            )
            assert (done.returncode, done.stderr) == (0, ""), program
            printed.append(done.stdout)
        assert gateway.status()["ledger"]["accepted"] == 3
    ledger, silent, states, rows = printed
    assert "accepted=1" in ledger
    assert silent == ""
    entered = [line.split()[0] for line in states.splitlines()]
    assert (entered[0], "open" in entered, entered[-1]) == ("connecting", True, "closed")
    assert re.search(r"^\d{13} \{\} [12] ", rows, re.MULTILINE)


def test_its_tables_name_what_there_is() -> None:
    """Each call and option of the page is one of the client."""
    calls, options = re.findall(r"^\| (?:call|option) .*?(?=\n\n)", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    for line in calls.splitlines()[2:]:
        for name in re.findall(r"`(\w+)", line.split("|")[1]):
            assert hasattr(AsyncClient, name), name
            assert hasattr(Client, name) or name == "level", name
    known = AsyncClient.__init__.__annotations__
    for line in options.splitlines()[2:]:
        for name in re.findall(r"`(\w+)", line.split("|")[1]):
            assert name in known, name
