"""Settings for every test: property tests have no clock, and run more examples with HYPOTHESIS_PROFILE=nightly."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# The machines are shared: how long an example took says nothing about the code.
_QUIET = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}

settings.register_profile("quick", max_examples=100, **_QUIET)  # type: ignore[arg-type]  # a dict of mixed values
settings.register_profile("nightly", max_examples=10_000, **_QUIET)  # type: ignore[arg-type]
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
