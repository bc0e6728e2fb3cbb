"""The command: watch single events until told to stop. Connections that break are made again."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from client_sdk.python import AsyncViewer, Sighting, State, StoppedError, SubscriptionError
from gateway.errors import EXIT_DRAINED, ConfigError
from gateway.store import kept
from gateway.tail.line import as_json, as_line, printable, sampled

__all__ = ["Options", "run_tail"]

_REFUSED: Final = {
    "disabled": "the gateway does not show single events (live_events = off)",
    "redacted": "the gateway shows nobody a value that was asked for (live_redact)",
    "too_many_subscriptions": "too many different tails are being watched; end one, or ask as another does",
}

_NOTICES: Final = {
    "disk_full": "the disk of the gateway is full: it takes no events until there is room",
    "disk_has_room": "the disk of the gateway has room again",
}


class Options(NamedTuple):
    """What is asked for."""

    url: str
    view_key: str
    """Empty: the one that is kept in the folder."""
    folder: str
    event: str | None = None
    user: str | None = None
    verdict: str | None = None
    reason: str | None = None
    where: Mapping[str, Any] | None = None
    rate: float = 50.0
    json: bool = False
    most: int | None = None
    """End after so many events; None: when told to."""


def run_tail(options: Options) -> int:
    """Print events as they come; the exit code, 0. A reader that closes the pipe ends it too.

    Raises:
        ConfigError: the URL or the key is no good, or the gateway does not show what is asked for.
    """
    try:
        asyncio.run(_tail(options))
    except BrokenPipeError:
        # Nobody reads any more. What the interpreter flushes at its end then goes nowhere, without a complaint.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return EXIT_DRAINED


class _LinkNotes:
    """Says how the connection is, once for each change."""

    def __init__(self) -> None:
        # True from a welcome until the first answer to the subscription: only from then on nothing is missed.
        self._opening = False

    def entered(self, state: State, detail: str) -> None:
        """The viewer has another state."""
        if state is State.OPEN:
            self._opening = True
        elif state is State.WAITING:
            _note(f"not connected ({printable(detail) or 'no answer'}); trying again")

    def noticed(self, code: str) -> None:
        """The gateway has said something of itself."""
        if code in _NOTICES:
            _note(_NOTICES[code])

    def answered(self) -> None:
        """The gateway has sent something of the subscription."""
        if self._opening:
            self._opening = False
            _note("connected")


async def _tail(options: Options) -> None:
    link = _LinkNotes()
    try:
        viewer = AsyncViewer(
            options.url, options.view_key or _kept_key(options.folder), on_state=link.entered, on_notice=link.noticed
        )
    except ValueError as error:
        raise ConfigError("url", str(error)) from None
    loop, watching = asyncio.get_running_loop(), asyncio.current_task()
    assert watching is not None
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, watching.cancel)
    async with viewer:
        with contextlib.suppress(asyncio.CancelledError):
            await _watch(viewer, options, link)


async def _watch(viewer: AsyncViewer, options: Options, link: _LinkNotes) -> None:
    tail = viewer.tail(
        event=options.event,
        distinct_id=options.user,
        verdict=options.verdict,
        reason=options.reason,
        properties=options.where,
        max_rate=options.rate,
    )
    left = options.most
    try:
        while left is None or left > 0:
            sighting = await tail.changed()
            link.answered()
            _print(sighting, options.json, left)
            left = None if left is None else left - len(sighting.events)
    except StoppedError as stopped:
        # Every code that ends a viewer for good is about its key, or about this version.
        if stopped.code in (4001, 4003):
            raise ConfigError("view_keys", "the gateway does not accept this key for viewing") from None
        raise ConfigError("tail", str(stopped)) from None
    except SubscriptionError as refused:
        raise ConfigError("tail", _REFUSED.get(refused.code, f"the gateway answered {refused.code}")) from None


def _print(sighting: Sighting, as_ndjson: bool, most: int | None) -> None:
    if sighting.hole:
        _note("events are missing here: the connection was away for too long, or the gateway restarted")
    note = sampled(len(sighting.events), sighting.seen, sighting.looked, sighting.matched)
    for event in sighting.events[:most]:
        sys.stdout.write((as_json(event) if as_ndjson else as_line(event)) + "\n")
    sys.stdout.flush()
    if note:
        _note(note)


def _note(text: str) -> None:
    """Beside the events, so that a pipe gets nothing but these."""
    sys.stderr.write(f"tidegate: {text}\n")
    sys.stderr.flush()


def _kept_key(folder: str) -> str:
    keys = kept(Path(folder))
    if keys is None:
        raise ConfigError("view_keys", "set it (TIDEGATE_VIEW_KEYS), or name the gateway's folder with --data")
    return keys.view
