"""Changing the KPI set: by a signal, or when the file has another content."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

from analytics import KpiError, KpiSpec
from gateway.errors import ConfigError
from gateway.server.backfill import Backfill
from gateway.server.filewatch import FileWatch
from gateway.server.house import House
from gateway.server.refusal import Refusal

__all__ = ["Reloading"]

POLL_S: Final = 1.0
"""How often the file is looked at."""

_log = structlog.get_logger("tidegate")


class Reloading:
    """Watches the file and reloads. All calls come from the loop.

    Args:
        path: of the KPI file; empty for the built-in set, which nobody changes.
        load: reads it; raises KpiError or ConfigError.
    """

    def __init__(self, house: House, path: str, load: Callable[[str], list[KpiSpec]]) -> None:
        self._house = house
        self._path = path
        self._load = load
        self._backfill = Backfill(house)
        self._task: asyncio.Task[None] | None = None
        self._file = FileWatch(Path(path) if path else None)

    def start(self) -> None:
        """Fill what the last run left open, and begin to watch."""
        self._backfill.begin()
        if self._path:
            self._task = asyncio.create_task(self._watch())

    async def close(self) -> None:
        """Stop watching and filling."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        await self._backfill.close()

    def reload(self) -> None:
        """Read the KPI file anew; what a SIGHUP does. A set that cannot run changes nothing."""
        house = self._house
        self._file.read()
        try:
            specs = self._load(self._path)
            house.publish(house.clock())
            house.ingest.reload(specs)
        except (KpiError, ConfigError) as error:
            house.metrics.reloaded("refused")
            house.refused["kpis"] = Refusal.of(error, self._path, house.clock())
            _log.error("kpis_refused", reason=str(error))
            return
        house.metrics.reloaded("loaded")
        house.refused.pop("kpis", None)
        house.hub.replace(specs)
        self._backfill.begin()
        _log.info("kpis_loaded", kpis=len(specs), filling=len(house.fold.filling))

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(POLL_S)
            self.look()

    def look(self) -> None:
        """Reload when the file has changed and is the same as at the last look. A file that is gone is waited for."""
        if self._file.changed():
            self.reload()
