"""Who may import whom, and what the pure rooms must not touch (docs/architecture.md)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.house.tree import ROOT, imports, modules, plant

LEAVES = ("gateway.config", "gateway.errors", "gateway.version")

# Room -> what it may import of the house, besides itself. A module belongs to the longest room its name begins with.
ROOMS: dict[str, tuple[str, ...]] = {
    "analytics": (),
    "client_sdk": (),
    "gateway.errors": (),
    "gateway.version": (),
    "gateway.config": ("gateway.errors",),
    "gateway.wire": (*LEAVES, "analytics"),
    "gateway.core": (*LEAVES, "analytics", "gateway.wire"),
    "gateway.store": LEAVES,
    "gateway.server": (*LEAVES, "analytics", "gateway.wire", "gateway.core", "gateway.store"),
    # Processes beside the server's, and what stands for them in it.
    "gateway.workers": (*LEAVES, "analytics", "gateway.wire", "gateway.core", "gateway.server"),
    # Commands of their own, without a server.
    "gateway.replay": (*LEAVES, "analytics", "gateway.wire", "gateway.core", "gateway.store"),
    "gateway.audit": (*LEAVES, "analytics", "gateway.wire", "gateway.core", "gateway.store"),
    "gateway.quarantine": (*LEAVES, "analytics", "gateway.wire", "gateway.core", "gateway.store"),
    "gateway.doctor": (*LEAVES, "analytics", "gateway.wire", "gateway.core", "gateway.store"),
    "gateway.tail": (*LEAVES, "gateway.store", "client_sdk"),
    # The composition: the door, the command line, main, and the demo, whose visitors use the Python client.
    "gateway": (
        *LEAVES,
        "analytics",
        "gateway.wire",
        "gateway.core",
        "gateway.store",
        "gateway.server",
        "gateway.workers",
        "gateway.replay",
        "gateway.audit",
        "gateway.doctor",
        "gateway.quarantine",
        "gateway.tail",
        "client_sdk",
    ),
}

PURE = ("analytics", "gateway.wire", "gateway.core")

IMPURE = {
    "aiohttp",
    "asyncio",
    "http",
    "importlib",
    "io",
    "logging",
    "multiprocessing",
    "os",
    "pathlib",
    "random",
    "secrets",
    "select",
    "selectors",
    "shutil",
    "signal",
    "socket",
    "sqlite3",
    "ssl",
    "structlog",
    "subprocess",
    "sys",
    "tempfile",
    "threading",
    "time",
    "urllib",
    "uvloop",
    "websockets",
}

# A KPI file, or the built-in one, is read where its errors can name it; the rules of a zone come from a package.
READS_FILES: dict[str, set[str]] = {"analytics.spec": {"importlib", "pathlib"}, "analytics.zone": {"importlib"}}

# The names of the engine's own package are loaded at their first use.
LOADS_ITSELF: dict[str, set[str]] = {"analytics": {"importlib"}}

_CLOCKS = {"now", "utcnow", "today"}


def crossings(root: Path) -> list[str]:
    """Imports from a room that the importing room may not see."""
    found = []
    for name, file in modules(root, "gateway", "analytics", "client_sdk"):
        own = room(name)
        for target, line in imports(name, file):
            other = room(target)
            if other and other != own and other not in ROOMS[own]:
                found.append(f"{name}:{line} ({own}) imports {target}")
    return found


def room(name: str) -> str:
    """The room of a module, or "" for one that is not ours."""
    return max((known for known in ROOMS if name == known or name.startswith(f"{known}.")), key=len, default="")


def impurities(root: Path) -> list[str]:
    """Imports and calls in the pure rooms that reach for the clock, chance, the disk, the net or the log."""
    found = []
    for name, file in modules(root, "gateway", "analytics"):
        if not room(name).startswith(PURE):
            continue
        forbidden = IMPURE - READS_FILES.get(name, set()) - LOADS_ITSELF.get(name, set())
        for target, line in imports(name, file):
            top = target.split(".")[0]
            if top in forbidden or target.startswith("numpy.random"):
                found.append(f"{name}:{line} imports {target}")
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id="open" | "print" | "input" as called)) if name not in READS_FILES:
                    found.append(f"{name}:{node.lineno} calls {called}()")
                case ast.Call(func=ast.Attribute(value=ast.Name(id="datetime" | "date"), attr=called)) if (
                    called in _CLOCKS
                ):
                    found.append(f"{name}:{node.lineno} reads the clock with {called}()")
                case ast.Attribute(value=ast.Name(id="np" | "numpy"), attr="random"):
                    found.append(f"{name}:{node.lineno} uses numpy.random")
    return found


def test_no_room_imports_upward() -> None:
    """Every import of this tree goes the way that architecture.md draws."""
    assert crossings(ROOT) == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("analytics/engine.py", "from gateway.wire import Codec"),
        ("analytics/engine.py", "from gateway.errors import TidegateError"),
        ("gateway/wire/codec.py", "import gateway.core.credit"),
        ("gateway/wire/codec.py", "from ..core import credit"),
        ("gateway/core/credit.py", "def f() -> None:\n    from gateway.server import door"),
        ("gateway/core/credit.py", "from gateway.store import EventLog"),
        ("gateway/store/log.py", "from gateway.wire.codec import Codec"),
        ("gateway/server/http.py", "from gateway.main import serve"),
        ("gateway/server/http.py", "from gateway import serve"),
        ("gateway/server/http.py", "from gateway.replay.run import run_replay"),
        ("gateway/replay/run.py", "from gateway.server.ticker import Ticker"),
        ("gateway/server/front.py", "from gateway.workers.staff import Staff"),
        ("gateway/workers/station.py", "from gateway.store import EventLog"),
        ("gateway/workers/staff.py", "from gateway.main import Server"),
        ("gateway/audit/run.py", "from gateway.replay.progress import Progress"),
        ("gateway/config.py", "from gateway.core.credit import Credit"),
        ("client_sdk/python/core.py", "from gateway.wire import Codec"),
        ("client_sdk/python/core.py", "import analytics"),
    ],
)
def test_an_import_against_the_arrows_is_found(tmp_path: Path, path: str, text: str) -> None:
    """One planted import that goes upward or sideways is one violation."""
    assert len(crossings(plant(tmp_path, {path: text}))) == 1


def test_imports_along_the_arrows_are_left_alone(tmp_path: Path) -> None:
    """Downward imports, leaves and foreign packages are no violations."""
    tree = {
        "gateway/server/http.py": "import aiohttp\nfrom gateway.core import credit\nfrom gateway import errors",
        "gateway/core/credit.py": "from gateway.wire.messages import Credit\nfrom . import bucket\nimport numpy",
        "gateway/demo.py": "from client_sdk.python import Client",
    }
    assert crossings(plant(tmp_path, tree)) == []


def test_pure_rooms_touch_nothing_outside() -> None:
    """analytics, gateway.wire and gateway.core of this tree are functions of their arguments."""
    assert impurities(ROOT) == []


@pytest.mark.parametrize(
    "text",
    [
        *(f"import {name}" for name in sorted(IMPURE)),
        "from time import monotonic",
        "import os.path",
        "from pathlib import Path",
        "def f():\n    import random",
        "from datetime import datetime\nnow = datetime.now()",
        "text = open('x').read()",
        "import numpy as np\nx = np.random.default_rng()",
        "from numpy.random import default_rng",
    ],
)
@pytest.mark.parametrize("path", ["analytics/panes.py", "gateway/wire/codec.py", "gateway/core/credit.py"])
def test_an_impurity_is_found(tmp_path: Path, path: str, text: str) -> None:
    """One planted use of the clock, chance, the disk or the net in a pure room is one violation."""
    assert len(impurities(plant(tmp_path, {path: text}))) == 1


def test_io_rooms_may_touch_the_world(tmp_path: Path) -> None:
    """The same imports are fine in the server and the store, and analytics.spec and .zone may read files."""
    tree = {
        "gateway/server/ticker.py": "import asyncio, time",
        "gateway/store/log.py": "import sqlite3",
        "analytics/spec.py": "from pathlib import Path",
        "analytics/zone.py": "from importlib import resources",
    }
    assert impurities(plant(tmp_path, tree)) == []
