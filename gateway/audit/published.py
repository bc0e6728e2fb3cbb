"""What was published: the rows of a KPI from a running gateway, or from what its data folder holds."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec
import orjson

from analytics import KpiSpec, Row, Snapshot
from analytics.restoration import generations
from gateway.core.catchup import catch_up
from gateway.core.chronicle import row_of, series_of
from gateway.core.fold import Fold
from gateway.errors import ConfigError, StorageError
from gateway.store import Asked, StoredSnapshot, read_history, read_snapshot
from gateway.wire.replies import Limits

__all__ = ["Intake", "Live", "Published", "StoredState", "from_gateway"]

TIMEOUT_S: Final = 60
EVER: Final = 1 << 61
PAGE: Final = 50_000
PRODUCERS: Final = 1_000
ROWS: Final = 1_024
"""Of the log that wait for each other."""


class Intake(msgspec.Struct, frozen=True):
    """How the gateway that wrote the log judged events: its settings."""

    limits: Limits
    max_property: int
    uuids: int
    memory_budget: int
    """Bytes."""

    def fold(self, spec: KpiSpec) -> Fold:
        """An empty gateway with this one KPI."""
        return Fold([spec], self.limits, self.max_property, PRODUCERS, self.uuids, self.memory_budget)


class Live(msgspec.Struct, frozen=True):
    """One row, as it was published."""

    dims: dict[str, Any]
    start: int
    end: int
    value: Any
    kind: str
    rev: int
    error: float | None = None
    keys: int | None = None

    @classmethod
    def of(cls, row: Row) -> Live:
        """A row of the engine."""
        return cls(row.dims, row.start, row.end, row.value, row.kind, row.rev, row.error, row.keys)


@dataclass
class Published:
    """Rows, and up to when they are complete."""

    rows: list[Live]
    watermark: int | None
    open_too: bool
    """Whether open windows can be compared: they stand for the same events as the log that is audited."""
    notes: list[str] = field(default_factory=list)


class _Answer(msgspec.Struct):
    meta: dict[str, Any]
    watermark: int | None
    rows: list[Live]
    next: str | None = None


def from_gateway(url: str, key: str, spec: KpiSpec, span: tuple[int | None, int | None]) -> Published:
    """The rows that a running gateway has. Ask before the log is read, so that all they stand for is in it.

    Raises:
        ConfigError: nobody answers there, the key is wrong, or the gateway runs another definition.
    """
    query = {name: str(at) for name, at in zip(("from", "to"), span, strict=True) if at is not None}
    answer = _ask(url, key, spec.name, query | {"limit": str(PAGE)})
    rows, following = answer.rows, answer.next
    while following is not None:
        page = _ask(url, key, spec.name, query | {"limit": str(PAGE), "after": following})
        rows, following = rows + page.rows, page.next
    told = {name: answer.meta.get(name) for name in ("value", "where", "window", "delay", "grace")}
    ours = spec.meta()
    if other := [name for name, value in told.items() if (value or None) != (ours[name] or None)]:
        raise ConfigError("kpis", f"the gateway runs KPI {spec.name!r} with another {other[0]!r}")
    return Published(rows, answer.watermark, open_too=False)


def _ask(url: str, key: str, name: str, query: Mapping[str, str]) -> _Answer:
    address = f"{url.rstrip('/')}/v1/kpis/{quote(name)}?{urlencode(query)}"
    if not address.startswith(("http://", "https://")):
        raise ConfigError("url", f"{url!r} is no address such as http://127.0.0.1:8080")
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {key}"})  # noqa: S310  checked above
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as reply:  # noqa: S310
            return msgspec.json.decode(reply.read(), type=_Answer)
    except urllib.error.HTTPError as error:
        said = {401: "the view key is wrong", 404: f"it has no KPI {name!r}"}
        raise ConfigError("url", f"{url}: {said.get(error.code, f'status {error.code}')}") from None
    except (OSError, msgspec.DecodeError) as error:
        raise ConfigError("url", f"{url} does not answer as a gateway does: {error}") from None


class StoredState:
    """What a gateway would publish if it were started on the folder now.

    That is: the history, the newest snapshot, and the log behind it. A definition that is not in the snapshot is run
    over the whole log, and a note says so.

    Raises:
        ConfigError, StorageError: the folder or the snapshot cannot be read.
    """

    def __init__(self, spec: KpiSpec, intake: Intake, folder: Path) -> None:
        self._spec = spec
        self._folder = folder
        self._fold = intake.fold(spec)
        self._position = 0
        self._now = 0
        # Rows that are folded together.
        self._rows: list[bytes] = []
        self._notes: list[str] = []
        self._restore(read_snapshot(folder))

    def _restore(self, snapshot: StoredSnapshot | None) -> None:
        if snapshot is None:
            self._notes.append("there is no snapshot: the live values are those of the whole log")
            return
        try:
            made = Snapshot.from_bytes(snapshot.blobs["engine"])
            known = generations([self._spec], made)[self._spec.name]
            if known not in {grid["generation"] for grid in made.meta["grids"]}:
                self._notes.append("the newest snapshot has another definition: live values are those of the whole log")
                return
            self._fold.restore(snapshot.blobs)
        except (KeyError, ValueError) as error:
            raise StorageError(f"snapshot at {snapshot.position}: {error}") from error
        self._position = snapshot.position

    def take(self, position: int, payload: bytes, now: int) -> None:
        """The next row of the log."""
        self._now = max(self._now, now)
        if position > self._position:
            self._rows.append(payload)
            if len(self._rows) >= ROWS:
                self._catch_up()

    def _catch_up(self) -> None:
        for _ in catch_up(self._fold, self._rows):
            pass
        self._rows = []

    def published(self, span: tuple[int | None, int | None]) -> Published:
        """Behind the last row of the log."""
        self._catch_up()
        engine, name, series = self._fold.engine, self._spec.name, series_of(self._spec)
        engine.advance(self._now)
        start, end = (-EVER if span[0] is None else span[0]), (EVER if span[1] is None else span[1])
        asked = Asked(series.number, series.levels, False, start, end, series.longest, (-EVER, 0), PAGE)
        kept = [row_of(name, s, e, dims, body) for s, _, e, dims, body in read_history(self._folder, asked)]
        # Of two rows of one identity the engine's is newer.
        rows = {
            (row.start, series.mark(row.end), orjson.dumps(row.dims)): row
            for row in (*kept, *engine.finest_rows(name, start, end))
        }
        live = [Live.of(row) for row in rows.values()]
        return Published(live, engine.watermark(name), open_too=True, notes=self._notes)
