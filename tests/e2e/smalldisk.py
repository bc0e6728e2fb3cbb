"""A small disk of its own under the data folder of a real gateway, which a test fills and empties."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.e2e.gateway_process import GatewayProcess
from tests.store.smalldisk import namespace

__all__ = ["SmallDisk"]

SIZE = 32 << 20
"""A twentieth of it is to stay free."""
LEFT = 1 << 20


class SmallDisk:
    """A file system at `place`, of the gateway that is started on it. Without a mount namespace the test is skipped.

    `tests/server/test_diskwatch.py` has the same in one process, everywhere.
    """

    def __init__(self, place: Path) -> None:
        if not namespace():
            pytest.skip("the kernel gives us no mount namespace")
        self._place = place
        place.mkdir()
        mount = 'mount -t tmpfs -o size="$1" tmpfs "$2" && shift 2 && exec "$@"'
        self._under = (*namespace(), "sh", "-c", mount, "small-disk", str(SIZE), str(place))

    def gateway(self, workers: int) -> GatewayProcess:
        """A gateway on it."""
        return GatewayProcess(self._place / "data", under=self._under, workers=workers, drain_ms=100)

    def _ballast(self, gateway: GatewayProcess) -> Path:
        return Path(f"/proc/{gateway.pid}/root{self._place}/ballast")

    def fill(self, gateway: GatewayProcess) -> None:
        """Leave less than what is to stay free."""
        file = self._ballast(gateway)
        stat = os.statvfs(file.parent)
        file.write_bytes(bytes(stat.f_bavail * stat.f_frsize - LEFT))

    def empty(self, gateway: GatewayProcess) -> None:
        """Make room again."""
        self._ballast(gateway).unlink()
