"""Settings of every property test: 300 examples, the same each time; 10,000 new ones with HYPOTHESIS_PROFILE=nightly.

So `make test` is red only by a change of the code, and `make nightly` looks for what nobody has thought of.
"""

from __future__ import annotations

import functools
import gc
import os
from collections.abc import Iterator, Sequence
from itertools import groupby
from types import SimpleNamespace

import pytest
import sqlglot
from hypothesis import HealthCheck, settings

from analytics import KpiSpec, spec
from analytics.plan import Plan, make_plan
from tests.browser.chromium import KeptChromium

# The machines are shared: how long an example took says nothing about the code.
_QUIET = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}

settings.register_profile("test", max_examples=300, derandomize=True, **_QUIET)  # type: ignore[arg-type]  # mixed
settings.register_profile("nightly", max_examples=10_000, print_blob=True, **_QUIET)  # type: ignore[arg-type]
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "test"))

LONG = (
    "tests/e2e/test_kill.py",
    "tests/simulation/test_world.py",
    "tests/analytics/test_grid.py",
    "tests/analytics/sessions/test_grid.py",
    "tests/e2e/test_history_kill.py",
    "tests/e2e/test_shop.py",
    "tests/store/test_kill.py",
    "tests/analytics/test_backlog.py",
    "tests/demo/test_run.py",
    "tests/benchmarks/test_upkeep.py",
    "tests/benchmarks/test_restart.py",
    "tests/analytics/test_leap.py",
    "tests/e2e/test_workers.py",
    "tests/e2e/test_clock_jump.py",
    "tests/e2e/test_disk_trouble.py",
)
"""Where tests take many seconds each."""


def pytest_configure(config: pytest.Config) -> None:
    """Let sqlglot parse each text once.

    Property tests make engines of the same few definitions thousands of times, which was half of what they took.
    """
    del config
    pytest.MonkeyPatch().setattr(sqlglot, "parse", functools.lru_cache(maxsize=4_096)(sqlglot.parse))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Exempt what was collected, thousands of tests and their modules, from the garbage collector; it looks less often.

    Its looks were a tenth of what property tests took. And let texts of KPIs be compiled once, and sets of them be laid
    out once: what comes of it is never changed, and every restart of an engine in every example does it anew.
    """
    del session
    patch = pytest.MonkeyPatch()
    for name in ("definition", "condition"):
        patch.setattr(f"analytics.spec.{name}", functools.lru_cache(maxsize=1_024)(getattr(spec, name)))
    patch.setattr("analytics.engine.make_plan", _planned)
    patch.setattr("gateway.server.garbage.gc", _COLLECTOR)
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


_COLLECTOR = SimpleNamespace(
    collect=gc.collect,
    freeze=lambda: None,
    unfreeze=lambda: None,
    get_threshold=gc.get_threshold,
    set_threshold=gc.set_threshold,
)
"""The garbage collector as servers in this process have it: they neither exempt anything nor, when they stop, let go of
all that is exempt, which is what was collected here. Every collection looked through that anew from then on, 0.3 s."""


def _planned(specs: Sequence[KpiSpec], generations: dict[str, int], budget: int) -> Plan:
    try:
        return _plan(tuple(specs), tuple(generations.items()), budget)
    except TypeError:  # a set with a list in it has no hash
        return make_plan(specs, generations, budget)


@functools.lru_cache(maxsize=256)
def _plan(specs: tuple[KpiSpec, ...], generations: tuple[tuple[str, int], ...], budget: int) -> Plan:
    return make_plan(specs, dict(generations), budget)


@pytest.fixture(scope="session")
def kept_chromium() -> Iterator[KeptChromium]:
    """The Chromium of this process, started by the first module that needs one."""
    kept = KeptChromium()
    yield kept
    kept.close()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let the share of each worker begin with its part of the long tests: none of them is left to run alone at the end.

    What a worker is given first is an equal part of the list, in its order; what it takes of another one, the end of
    that one's part.
    """
    if not hasattr(config, "workerinput"):
        return
    count = config.workerinput["workercount"]
    long = [item for item in items if item.nodeid.startswith(LONG)]
    short = _mixed([item for item in items if not item.nodeid.startswith(LONG)])
    shares: list[list[pytest.Item]] = []
    for worker in range(count):
        first = long[worker::count]
        room = max((len(items) - sum(map(len, shares))) // (count - worker) - len(first), 0)
        shares.append(first + short[:room])
        del short[:room]
    items[:] = [item for share in shares for item in share]


def _mixed(items: list[pytest.Item]) -> list[pytest.Item]:
    """Every room spread over the whole, its modules in their order: at any time some workers compute, and others wait
    for a browser or a process. Room by room, all of them waited at once in the end.
    """
    rooms: dict[str, list[list[pytest.Item]]] = {}
    for module, group in groupby(items, lambda item: item.nodeid.partition("::")[0]):
        rooms.setdefault("/".join(module.split("/")[:2]), []).append(list(group))
    placed: list[tuple[float, list[pytest.Item]]] = []
    for modules in rooms.values():
        before, count = 0, sum(map(len, modules))
        for module_items in modules:
            placed.append(((before + len(module_items) / 2) / count, module_items))
            before += len(module_items)
    return [item for _, module_items in sorted(placed, key=lambda place: place[0]) for item in module_items]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One worker more than there are processors: many tests wait for a browser, a disk or a process of their own.

    With two more, waits of tests on a loaded machine came near their ends.
    """
    del config
    return len(os.sched_getaffinity(0)) + 1
