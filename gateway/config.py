"""Every setting of the gateway, in one frozen value. Defaults carry their reason.

Order of precedence, lowest first: the defaults here, a TOML file, `TIDEGATE_<NAME>` variables, command-line flags.
Nothing is read here but what the caller passes in: the environment and the arguments come from `cli`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gateway.errors import ConfigError

__all__ = ["Config"]

MAX_NUMBER = 2**31 - 1
"""No setting is larger: as milliseconds it is 24 days, and what timers, arrays and the database take."""

MAX_DURATION_MS = 36_500 * 86_400_000
"""A hundred years."""

MAX_WORKERS = 64
"""One process counts what they bring: it is busy long before."""

SHOWN = 60
"""Characters of a wrong value that its error repeats."""

_WHOLE = re.compile(r"-?[0-9]{1,18}")
_HOST = re.compile(r"[a-z0-9._:%-]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def _setting(default: Any, why: str) -> Any:
    """A field whose default has its reason; `docs/settings.md` lists both, and a test holds it to that."""
    return field(default=default, metadata={"why": why})


@dataclass(frozen=True, slots=True)
class Config:
    """One value per setting. Sizes ending in `_mb` words are megabytes where said; all others are bytes or counts."""

    host: str = _setting("127.0.0.1", "loopback: exposing the port is a decision, not a default")
    port: int = _setting(8080, "unprivileged and familiar; 0 takes a free one")
    data: str = _setting("tidegate-data", "the event log, the snapshots and the keys live in this folder")
    kpis: str = _setting("", "a KPI file; empty means the built-in set")
    boards: str = _setting("", "a file of boards; empty: the built-in ones and those saved in the data folder")
    boards_writable: bool = _setting(False, "whether pages save into that file, which may be under version control")
    write_keys: tuple[str, ...] = _setting((), "keys of producers; none: one is made at first start")
    view_keys: tuple[str, ...] = _setting((), "keys of viewers; none: one is made at first start")
    allowed_origins: tuple[str, ...] = _setting((), "exact origins; none: the server's own, http(s)://HOST:PORT")
    tls_cert: str = _setting("", "certificate chain, PEM; with tls_key the port speaks TLS")
    tls_key: str = _setting("", "private key, PEM")
    workers: int = _setting(1, "processes that share the port; from 2 on they read and decode, and one more counts")
    log_level: str = _setting("info", "debug formats every frame and is for one's own machine")

    max_frame: int = _setting(262_144, "eight times an SDK batch; larger messages close 1009 before they are read")
    max_events: int = _setting(500, "events in one batch")
    max_depth: int = _setting(16, "nesting of one event, itself 1: orjson writes less deep than it reads")
    max_property: int = _setting(65_536, "bytes of one property text")
    max_fragments: int = _setting(64, "fragments of one message: an endless run of empty ones costs CPU")
    plain_frames: bool = _setting(False, "read frames by the package's parser alone: up to five times the CPU a frame")
    max_subscriptions: int = _setting(128, "subscriptions of one viewer")

    heartbeat_ms: int = _setting(25_000, "below the 30 s at which proxies drop silent sockets")
    hello_timeout_ms: int = _setting(5_000, "a socket that says nothing holds a slot no longer than this")
    header_timeout_ms: int = _setting(5_000, "a request head must be complete by then")
    body_timeout_ms: int = _setting(10_000, "a request body must be complete by then")
    message_timeout_ms: int = _setting(20_000, "a WebSocket message that has begun must be whole by then")
    max_header: int = _setting(32_768, "bytes of a request head")
    max_header_lines: int = _setting(128, "lines of a request head")
    max_body: int = _setting(1_048_576, "decoded bytes of POST /v1/events")
    max_gzip_ratio: int = _setting(20, "decoded over encoded bytes: what text compresses to, not what bombs do")

    max_connections: int = _setting(10_000, "sockets in all; further ones get 503")
    max_connections_per_ip: int = _setting(1_000, "sockets of one address, or IPv6 network (/64); further ones get 429")
    accept_rate: int = _setting(500, "new sockets a second, with a burst of the same size")
    accept_rate_per_ip: int = _setting(100, "new sockets a second of one address, burst 200; a fault costs it 20")
    control_rate: int = _setting(20, "ping and pong frames a second of one socket, burst 40; more closes 4102")

    message_rate: int = _setting(50, "messages a second of one socket, batches apart, burst 500; more closes 4102")

    receive_pool: int = _setting(64, "MB of request heads, bodies and messages not whole yet; beyond it the oldest go")
    send_pool: int = _setting(64, "MB of snapshots not taken yet; beyond, viewers that take nothing for 1 s are cut")
    credit_pool: int = _setting(64, "MB of batch frames that all producers together may have under way")
    memory_cap: int = _setting(1_024, "MB of resident memory: from seven tenths of it on, things are given up in order")
    memory_budget: int = _setting(512, "MB that the KPI set may need at worst; a larger set is refused at load")
    dedup_producers: int = _setting(100_000, "producers whose last sequence is remembered, oldest evicted")
    dedup_uuids: int = _setting(1_000_000, "event ids remembered, oldest half evicted")
    quarantine_rows: int = _setting(10_000, "rejected events kept with their reason, oldest evicted")

    tick_ms: int = _setting(100, "how often KPI changes are published: half a tick is what a viewer waits on average")
    viewer_stall_ms: int = _setting(5_000, "no progress for so long: snapshots only")
    viewer_evict_ms: int = _setting(15_000, "no progress for so long: the socket is aborted")
    viewer_buffer: int = _setting(262_144, "bytes that may wait behind the frame being written to one viewer")

    trusted_proxies: tuple[str, ...] = _setting((), "addresses and networks whose X-Forwarded-For names the client")
    geo_db: str = _setting("", "a country database (MMDB): browsers' events get `$country`; read anew at SIGHUP")
    parse_agents: bool = _setting(False, "`$browser $os $device_type $is_bot` where unsaid: its patterns are 33 MB")

    live_events: str = _setting("on", "on or off: whether holders of a view key can watch single events")
    live_redact: tuple[str, ...] = _setting((), "properties and ids whose values no tail, sample or filter shows")

    log_retention: str = _setting("7d", "age of event-log rows that a snapshot has made needless")
    log_max_mb: int = _setting(4_096, "size of the event log at which the oldest such rows go")
    history_1s: str = _setting("6h", "rows of KPIs finer than 10 s: what a day's incident is looked into with")
    history_10s: str = _setting("2d", "rows of 10 s up to a minute: yesterday beside today")
    history_60s: str = _setting("90d", "rows of a minute and longer: a quarter beside the one before")
    history_max_mb: int = _setting(1_024, "MB of rows of KPIs, about 100 bytes each; beyond it the oldest go")
    snapshot_s: int = _setting(30, "seconds between snapshots: bounds the replay after a crash")
    snapshots: int = _setting(2, "snapshots kept: the newest may prove unreadable")
    drain_ms: int = _setting(3_000, "how long a shut-down spreads its closes, so that clients do not return at once")

    @property
    def log_retention_ms(self) -> int:
        """`log_retention` in milliseconds."""
        return duration_ms(self.log_retention)

    @property
    def history_ms(self) -> tuple[int, int, int]:
        """How long rows of KPIs are kept, in milliseconds, the finest first."""
        return duration_ms(self.history_1s), duration_ms(self.history_10s), duration_ms(self.history_60s)

    @classmethod
    def data_default(cls) -> str:
        """The data folder when none is set."""
        return next(str(f.default) for f in fields(cls) if f.name == "data")

    @classmethod
    def load(
        cls,
        file: str | None = None,
        environ: Mapping[str, str] | None = None,
        flags: Mapping[str, Any] | None = None,
    ) -> Config:
        """Merge the three sources over the defaults and check every value.

        Raises:
            ConfigError: an unknown name, a value of the wrong kind or out of range, an unreadable file.
        """
        known = {f.name: f for f in fields(cls)}
        values = _read_toml(file) if file is not None else {}
        for name, value in values.items():
            # The environment has nothing but texts; a file has kinds of its own, and a text there is a slip.
            if isinstance(value, str) and name in known and isinstance(known[name].default, int):
                raise ConfigError(name, f"{_shown(value)} is a text; leave out its quotes")
        for name in known:
            variable = f"TIDEGATE_{name.upper()}"
            if environ and variable in environ:
                values[name] = environ[variable]
        values.update({k: v for k, v in (flags or {}).items() if v is not None})
        unknown = next((name for name in values if name not in known), None)
        if unknown is not None:
            raise ConfigError(unknown, "no such setting")
        config = cls(**{name: _coerce(name, known[name].default, value) for name, value in values.items()})
        config._check()
        return config

    def _check(self) -> None:
        if not 0 <= self.port <= 65_535:
            raise ConfigError("port", f"{_shown(self.port)} is not between 0 and 65535")
        for f in fields(self):
            if f.name != "port" and type(f.default) is int and not 1 <= getattr(self, f.name) <= MAX_NUMBER:
                raise ConfigError(f.name, f"must be at least 1 and at most {MAX_NUMBER}")
        if self.workers > MAX_WORKERS:
            raise ConfigError("workers", f"must be at most {MAX_WORKERS}")
        if not self.host:
            raise ConfigError("host", "is empty; 0.0.0.0 or :: is every address of this machine")
        if not self.data:
            raise ConfigError("data", "is empty; it must name a folder")
        if bool(self.tls_cert) != bool(self.tls_key):
            raise ConfigError("tls_key" if self.tls_cert else "tls_cert", "needed together with the other")
        if self.log_level not in ("debug", "info", "warning", "error"):
            raise ConfigError("log_level", f"{_shown(self.log_level)} is not one of debug, info, warning, error")
        if self.live_events not in ("on", "off"):
            raise ConfigError("live_events", f"{_shown(self.live_events)} is not one of on, off")
        _check_origins(self.allowed_origins)
        for network in self.trusted_proxies:
            try:
                ip_network(network, strict=False)
            except ValueError:
                raise ConfigError("trusted_proxies", f"{_shown(network)} is no address or network") from None
        for name in ("log_retention", "history_1s", "history_10s", "history_60s"):
            try:
                duration_ms(getattr(self, name))
            except ValueError as error:
                raise ConfigError(name, str(error)) from None


def _check_origins(origins: tuple[str, ...]) -> None:
    """One that no browser sends would let nobody in, and nothing would say so."""
    for origin in origins:
        said = origin if origin in ("*", "null") else _said(origin)
        if not said:
            raise ConfigError("allowed_origins", f"{_shown(origin)} is no origin, such as https://shop.example")
        if origin != said:
            raise ConfigError("allowed_origins", f"{_shown(origin)} is no origin: browsers say {_shown(said)}")


def _said(address: str) -> str:
    """The origin of an address as browsers send it; empty when it has none."""
    try:
        url = urlsplit(address)
        host, port = url.hostname, url.port
    except ValueError:
        return ""
    if not host or not url.scheme or not _HOST.fullmatch(host):
        return ""
    name = f"[{host}]" if ":" in host else host
    usual = port is None or port == {"http": 80, "https": 443}.get(url.scheme)
    return f"{url.scheme}://{name}" + ("" if usual else f":{port}")


_UNITS_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"([0-9]{1,15})(ms|s|m|h|d)")


def duration_ms(text: str) -> int:
    """Milliseconds of a duration such as `500ms`, `10s`, `30m`, `2h` or `7d`.

    Raises:
        ValueError: any other text.
    """
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(f"{_shown(text)} is not a duration such as 10s, 30m or 7d")
    ms = int(found[1]) * _UNITS_MS[found[2]]
    if ms > MAX_DURATION_MS:
        raise ValueError(f"{text} is longer than {MAX_DURATION_MS // 86_400_000}d")
    return ms


def _read_toml(file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(Path(file).read_text("utf-8-sig"))
    except OSError as error:
        raise ConfigError("config", f"cannot read {file!r}: {error.strerror}") from None
    except RecursionError:
        raise ConfigError("config", f"{file}: nested too deep") from None
    except ValueError as error:  # no UTF-8, no TOML, or a number longer than Python reads
        raise ConfigError("config", f"{file}: {error}") from None


def _coerce(name: str, default: Any, value: Any) -> Any:
    """`value` in the kind of `default`; texts come from the environment, lists from TOML."""
    if isinstance(default, tuple):
        parts = value.split(",") if isinstance(value, str) else value
        if not isinstance(parts, (list, tuple)) or not all(isinstance(part, str) for part in parts):
            raise ConfigError(name, "must be a comma list of texts")
        return tuple(_text(name, part.strip()) for part in parts if part.strip())
    if isinstance(default, bool):
        truth = {"true": True, "false": False}.get(value.strip().lower()) if isinstance(value, str) else value
        if not isinstance(truth, bool):
            raise ConfigError(name, f"{_shown(value)} is neither true nor false")
        return truth
    if isinstance(default, int):
        if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise ConfigError(name, f"{_shown(value)} is not a whole number")
        return value
    if not isinstance(value, str):
        raise ConfigError(name, f"{_shown(value)} is not a text")
    return _text(name, value)


def _text(name: str, value: str) -> str:
    """A text that fits on a line; no path, name, key or origin holds anything else."""
    if _CONTROL.search(value):
        raise ConfigError(name, "holds a control character")
    return value


def _shown(value: Any) -> str:
    """What was found, short enough for a line."""
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}.."
