"""The composition root: builds every part, owns the order in which they start and stop."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy.ma  # noqa: F401  which the first `np.unique` would load, and hold the loop meanwhile
import structlog
import uvloop

from analytics import KpiSpec
from gateway.boards import shelf_of
from gateway.config import Config
from gateway.core.access import Access, Origins
from gateway.core.credit import CreditPool
from gateway.core.fold import Fold
from gateway.core.hub import Hub
from gateway.core.outgoing import Outgoing
from gateway.core.redaction import Redaction
from gateway.core.tail import Tail
from gateway.core.viewer import ViewerLimits
from gateway.errors import EXIT_DRAINED, EXIT_STORAGE
from gateway.kpis import load_kpis
from gateway.server.address import in_url, is_loopback, own_origins
from gateway.server.descriptors import sockets_allowed
from gateway.server.door import gate_of, holding_of
from gateway.server.drain import drain
from gateway.server.enricher import Enricher
from gateway.server.frames import frame
from gateway.server.front import Behind, Front, SoleFront
from gateway.server.garbage import Garbage
from gateway.server.house import House
from gateway.server.http import HttpSide
from gateway.server.ingest import Ingest
from gateway.server.listening import Listening
from gateway.server.logs import configure_logs
from gateway.server.memory import give_back
from gateway.server.metrics import Metrics
from gateway.server.observed import observed
from gateway.server.recovery import recover
from gateway.server.reloading import Reloading
from gateway.server.services import HouseServices
from gateway.server.steady import Steady
from gateway.server.ticker import Ticker
from gateway.server.tls import tls_context
from gateway.store import EventLog, load_or_create
from gateway.wire.replies import Limits
from gateway.workers.staff import Staff

__all__ = ["Server", "serve"]

_MB = 1 << 20
SWITCH_S = 0.0005
"""How long a busy loop may keep the interpreter from the store's thread. At Python's own 5 ms, a loop that never sleeps
leaves the thread so few turns that commits fall to a few a second."""
CLOSE_GRACE_S = 5.0
PATIENCE_S = 2.0

_log = structlog.get_logger("tidegate")


class Server:
    """One gateway: built, started, stopped once.

    Args:
        config: the settings.
        demo: serve the demo shop, whose page gets the first write key.
        clock: wall time in epoch milliseconds.
    """

    def __init__(self, config: Config, *, demo: bool = False, clock: Callable[[], int] | None = None) -> None:
        self.config = config
        # What producers and viewers must show, and whether the keys were made at this start.
        self.write_keys, self.view_keys, self.made_keys = config.write_keys, config.view_keys, False
        # Exit code of `run`, and where it is listening once started.
        self.exit_code = EXIT_DRAINED
        self.url = ""
        self._demo = demo
        self._clock = clock or (lambda: time.time_ns() // 1_000_000)
        self._stop = asyncio.Event()

    # ---- start ----------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Open the store, bring the state back, listen.

        Raises:
            ConfigError, KpiError, StorageError: with one line that says what to change.
        """
        config = self.config
        specs = load_kpis(config.kpis)
        self._enricher = Enricher(config)
        limits = Limits(config.max_frame, config.max_events, config.max_depth)
        ssl = tls_context(config)
        # The place comes before the folder: a start that cannot listen makes no keys and recovers nothing.
        # Workers of one that was killed a moment ago may still be leaving.
        patience_s = PATIENCE_S if config.workers > 1 else 0.0
        self._listening = await Listening.bind(lambda: self._front.accept(), config.host, config.port, ssl, patience_s)
        # For the reading of the log, and once more for what that has left.
        self._garbage = Garbage()
        self._garbage.settle()
        try:
            await self._start(specs, limits, "https" if ssl else "http")
        except BaseException:
            self._garbage.restore()
            self._listening.close()
            raise

    async def _start(self, specs: list[KpiSpec], limits: Limits, scheme: str) -> None:
        config, loop = self.config, asyncio.get_running_loop()
        fold = Fold(
            specs,
            limits,
            config.max_property,
            config.dedup_producers,
            config.dedup_uuids,
            config.memory_budget * _MB,
        )
        folder = Path(config.data)
        self.log = EventLog.open(
            folder,
            retention_ms=config.log_retention_ms,
            max_bytes=config.log_max_mb * _MB,
            keep_snapshots=config.snapshots,
            quarantine_rows=config.quarantine_rows,
            history_ms=config.history_ms,
            history_bytes=config.history_max_mb * _MB,
        )
        try:
            self._find_keys(folder)
            recovered = recover(self.log, fold, self._clock)
            await self._open(loop, fold, specs, limits)
        except BaseException:
            self.log.close()
            raise
        self.url = f"{scheme}://{in_url(config.host)}:{self._listening.port}"
        # Said only now: a start that fails is one line.
        _log.info("recovered", **recovered._asdict())
        if self.sockets < config.max_connections:
            _log.warning("descriptor_limit", max_connections=config.max_connections, allowed=self.sockets)
        for damage in self.log.damage:
            _log.error("log_damaged", **damage._asdict())

    def _find_keys(self, folder: Path) -> None:
        """For a role that the settings give no key, the one kept in the data folder."""
        if self.write_keys and self.view_keys:
            return
        kept = load_or_create(folder)
        self.write_keys = self.write_keys or (kept.write,)
        self.view_keys = self.view_keys or (kept.view,)
        self.made_keys = kept.created

    async def _open(self, loop: asyncio.AbstractEventLoop, fold: Fold, specs: list[KpiSpec], limits: Limits) -> None:
        config = self.config
        node, epoch = secrets.token_hex(4), secrets.token_hex(8)
        self.sockets = sockets_allowed(config.max_connections)
        self.gate = gate_of(config, self.sockets)
        holding = holding_of(config)
        pool = CreditPool(config.credit_pool * _MB)
        self._metrics = Metrics()
        tail = Tail(epoch, frame, Redaction(config.live_redact)) if config.live_events == "on" else None
        steady = Steady()
        steady(self._clock())
        ingest = Ingest(
            loop,
            self.log,
            fold,
            pool,
            self._metrics,
            self._clock,
            self._storage_failed,
            config.snapshot_s * 1000,
            tail,
            steady,
        )
        self.house = House(
            node=node,
            epoch=epoch,
            access=Access(self.write_keys, self.view_keys),
            origins=Origins(config.allowed_origins, ()),
            limits=limits,
            heartbeat_ms=config.heartbeat_ms,
            viewer_limits=ViewerLimits(config.viewer_stall_ms, config.viewer_evict_ms, config.viewer_buffer),
            pool=pool,
            fold=fold,
            ingest=ingest,
            log=self.log,
            hub=Hub(specs, epoch, frame, config.max_subscriptions, tail, Outgoing(config.send_pool * _MB)),
            metrics=self._metrics,
            clock=self._clock,
            later=loop.call_later,
            enricher=self._enricher,
            message_rate=config.message_rate,
        )
        self._shelf = shelf_of(self.house, config)
        self._services = HouseServices(self.house, self.log, config, self._shelf)
        self._http = HttpSide(
            config, self._services, self._metrics, holding, demo_key=self.write_keys[0] if self._demo else None
        )
        await self._http.start()
        self.house.origins = Origins(config.allowed_origins, own_origins(config.host, self._listening.port))
        behind = Behind(
            self.house, self.gate, self._http.protocol, holding, lambda: ingest.shedding.newcomers, self.sockets
        )
        front = Staff if config.workers > 1 else SoleFront
        self._front: Front = front(config, self._listening, behind, loop)
        self.house.resident, self.house.workers = self._front.resident, self._front.workers
        await self._front.open()
        self._ticking = asyncio.create_task(Ticker(self.house, config.tick_ms, config.memory_cap * _MB).run())
        self._ticking.add_done_callback(self._ticker_ended)
        self._metrics.watch(lambda: observed(self.house, self.gate, self._front))
        self._reloading = Reloading(self.house, config.kpis, load_kpis)
        self._reloading.start()
        self._shelf.start()
        self._garbage.settle()
        self._services.is_ready = True

    # ---- stop -----------------------------------------------------------------------------------------------------

    def request_stop(self) -> None:
        """Begin the drain; what a SIGTERM does."""
        self._stop.set()

    def heed_signals(self) -> None:
        """SIGTERM and SIGINT stop, SIGHUP reloads. Call it before anyone is told that the server is there."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.request_stop)
        loop.add_signal_handler(signal.SIGHUP, self.reload)

    async def run(self, before_stop: Callable[[], Awaitable[None]] | None = None) -> int:
        """Serve until asked to stop, then do what must come before the drain, and stop; the exit code."""
        await self._stop.wait()
        if before_stop is not None:
            await before_stop()
        await self.stop()
        return self.exit_code

    async def stop(self) -> None:
        """Drain, write what is pending, snapshot, close. After a storage failure there is nothing left to keep."""
        self._services.is_draining = True
        await self._shelf.close()
        await self._reloading.close()
        if self.exit_code == EXIT_DRAINED:
            await drain(self.house, self.gate, self.config.drain_ms)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.house.ingest.close(), CLOSE_GRACE_S)
        self._ticking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._ticking
        self._listening.close()
        await self._http.stop()
        for session in list(self.house.sessions):
            session.abort()
        await self._front.stop()
        self.log.close()
        self._enricher.close()
        self._garbage.restore()

    def reload(self) -> None:
        """Read KPIs, boards and countries anew; what a SIGHUP does. A file that cannot be taken changes nothing."""
        self._reloading.reload()
        self._shelf.reload()
        self._enricher.reload()

    def _storage_failed(self, error: Exception) -> None:
        _log.critical("storage_failed", reason=str(error))
        self.exit_code = EXIT_STORAGE
        self._stop.set()

    def _ticker_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            _log.critical("ticker_failed", exc_info=task.exception())
            self.exit_code = 1
            self._stop.set()


def announce(server: Server) -> None:
    """The lines a person sees at start: one per address, and the keys when they have just been made."""
    out = sys.stdout
    out.write(f"tidegate listening on {server.url}\n")
    if server.made_keys:
        out.write(f"write key {server.write_keys[0]}\nview key {server.view_keys[0]}\n")
        out.write(f"dashboard {server.url}/#key={server.view_keys[0]}\n")
        if is_loopback(server.config.host):
            # Who reads this has both keys already. Elsewhere a link that may write is not for a browser's history.
            out.write(f"first event {server.url}/#/start&key={server.view_keys[0]}&write={server.write_keys[0]}\n")
    out.flush()


async def _serve(config: Config) -> int:
    server = Server(config)
    await server.start()
    server.heed_signals()
    announce(server)
    return await server.run()


def serve(config: Config) -> int:
    """Run a gateway until it is asked to stop; the exit code.

    Raises:
        ConfigError, KpiError, StorageError: it could not start.
    """
    configure_logs(config.log_level)
    sys.setswitchinterval(SWITCH_S)
    give_back()
    return uvloop.run(_serve(config))
