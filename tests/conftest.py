"""Settings of every property test: 300 examples, the same each time; 10,000 new ones with HYPOTHESIS_PROFILE=nightly.

So `make test` is red only by a change of the code, and `make nightly` looks for what nobody has thought of.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

# The machines are shared: how long an example took says nothing about the code.
_QUIET = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}

settings.register_profile("test", max_examples=300, derandomize=True, **_QUIET)  # type: ignore[arg-type]  # mixed
settings.register_profile("nightly", max_examples=10_000, print_blob=True, **_QUIET)  # type: ignore[arg-type]
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "test"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One worker more than there are processors: many tests wait for a browser, a disk or a process of their own."""
    del config
    return len(os.sched_getaffinity(0)) + 1
