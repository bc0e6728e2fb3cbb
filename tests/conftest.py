"""Settings of every property test: 300 examples, the same each time; 10,000 new ones with HYPOTHESIS_PROFILE=nightly.

So `make test` is red only by a change of the code, and `make nightly` looks for what nobody has thought of.
"""

from __future__ import annotations

import functools
import gc
import os

import pytest
import sqlglot
from hypothesis import HealthCheck, settings

# The machines are shared: how long an example took says nothing about the code.
_QUIET = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}

settings.register_profile("test", max_examples=300, derandomize=True, **_QUIET)  # type: ignore[arg-type]  # mixed
settings.register_profile("nightly", max_examples=10_000, print_blob=True, **_QUIET)  # type: ignore[arg-type]
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "test"))


def pytest_configure(config: pytest.Config) -> None:
    """Let sqlglot parse each text once.

    Property tests make engines of the same few definitions thousands of times, which was half of what they took.
    """
    del config
    pytest.MonkeyPatch().setattr(sqlglot, "parse", functools.lru_cache(maxsize=4_096)(sqlglot.parse))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Exempt what was collected, thousands of tests and their modules, from the garbage collector; it looks less often.

    Its looks were a tenth of what property tests took.
    """
    del session
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One worker more than there are processors: many tests wait for a browser, a disk or a process of their own."""
    del config
    return len(os.sched_getaffinity(0)) + 1
