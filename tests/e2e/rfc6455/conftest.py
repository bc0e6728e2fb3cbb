"""One gateway for the cases of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.gateway_process import GatewayProcess
from tests.e2e.kpifile import write_kpis

KPIS = {"texts": {"value": "count(*)", "by": ["text"], "max_keys": 1_000}}


@pytest.fixture(scope="module", params=[1, 2], ids="workers={}".format)
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """A gateway with the limits that it has of itself, but for the rate of messages: cases send a thousand at once."""
    folder = tmp_path_factory.mktemp("rfc6455")
    settings = {"kpis": write_kpis(folder / "kpis.toml", KPIS), "message_rate": 10_000, "workers": request.param}
    with GatewayProcess(folder / "data", **settings) as gateway:
        yield gateway
