"""The demo as a person starts it: links, a shop with its key, visitors who are counted, and a clean end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

DEADLINE_S = 60.0


def children_of(pid: int) -> list[int]:
    """Processes that this one has started."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in listed.split()]


def get(url: str, key: str = "") -> bytes:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"})
    with urllib.request.urlopen(request, timeout=DEADLINE_S) as response:
        body: bytes = response.read()
        return body


def test_the_demo_moves_and_ends_cleanly(tmp_path: Path) -> None:
    """Its visitors' events are counted; after the stop neither process is left, nor the temporary folder."""
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway", "demo", "--port=0", "--visitors=40", "--drain-ms=50"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        # Workers would be children as well.
        env={**os.environ, "TMPDIR": str(tmp_path), "TIDEGATE_WORKERS": "1"},
    )
    assert process.stdout is not None
    try:
        lines = [process.stdout.readline().decode() for _ in range(4)]
        url = lines[0].split()[-1]
        key = lines[1].strip().rpartition("#key=")[2]
        assert json.loads(get(f"{url}/demo/config.json"))["key"].startswith("w_")
        assert b"shop.js" in get(f"{url}/demo/product/1")
        assert b'"checkout"' in get(f"{url}/v1/kpis", key)
        assert b'"shop"' in get(f"{url}/v1/boards", key)
        until = time.monotonic() + DEADLINE_S
        while json.loads(get(f"{url}/v1/status", key))["ledger"]["accepted"] < 50:
            assert time.monotonic() < until
            time.sleep(0.05)
        (crowd,) = children_of(process.pid)
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE_S) == 0
        assert not Path(f"/proc/{crowd}").exists()
        assert list(tmp_path.glob("tidegate-demo-*")) == []
    finally:
        process.stdout.close()
        if process.poll() is None:
            process.kill()
            process.wait()
