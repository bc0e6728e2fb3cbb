"""Rejected events on their way to a gateway once more, and the account of what became of each."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final

import orjson

from gateway.core.letter import Letter
from gateway.errors import ConfigError, StorageError

__all__ = ["Account", "batches", "post", "send"]

MOST_EVENTS: Final = 100
MOST_BYTES: Final = 200_000
"""Of one post; the gateway takes more."""
TRIES: Final = 20
TIMEOUT_S: Final = 60.0

Post = Callable[[bytes], Any]
"""Sends a body and returns the answer."""


@dataclass
class Account:
    """Each letter is counted in one place: `read` is the sum of all others."""

    read: int = 0
    accepted: int = 0
    duplicate: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    """Again, by the reason of now."""
    late: int = 0
    """Left out: a KPI that would take them is filled from the event log."""
    broken: int = 0
    """Left out: no JSON object, or cut; to be mended in an export."""

    def text(self) -> str:
        """For a person."""
        rejected = sum(self.rejected.values())
        why = f" ({', '.join(f'{n} {reason}' for reason, n in sorted(self.rejected.items()))})" if rejected else ""
        return (
            f"{self.read} read: {self.accepted} accepted, {self.duplicate} duplicate, {rejected} rejected again{why},"
            f" {self.late} late and left in the log, {self.broken} not to be sent as they are"
        )


def send(letters: Iterable[Letter], token: str, post: Post, account: Account) -> None:
    """Post what can be sent. `account` is right at each moment: what is accepted twice is a duplicate the second time.

    Raises:
        ConfigError, StorageError: as `post`; what came before has been taken.
    """
    for batch in batches(letters, account):
        body = {"token": token, "defaults": batch[0].defaults, "events": [letter.again() for letter in batch]}
        answer = post(orjson.dumps(body))
        outcomes = {nth: (outcome, reason) for _, nth, outcome, reason in answer["verdicts"]}
        for nth in range(len(batch)):
            outcome, reason = outcomes.get(nth, ("accepted", ""))
            if outcome == "drop":
                account.rejected[reason] += 1
            elif outcome == "duplicate":
                account.duplicate += 1
            else:
                account.accepted += 1


def batches(letters: Iterable[Letter], account: Account) -> Iterator[list[Letter]]:
    """What can be sent, in bodies of a bounded size whose events have the same defaults."""
    for _, group in groupby(_sendable(letters, account), key=lambda letter: orjson.dumps(letter.defaults)):
        batch: list[Letter] = []
        size = 0
        for letter in group:
            own = len(orjson.dumps(letter.event))
            if batch and (len(batch) == MOST_EVENTS or size + own > MOST_BYTES):
                yield batch
                batch, size = [], 0
            batch.append(letter)
            size += own
        yield batch


def _sendable(letters: Iterable[Letter], account: Account) -> Iterator[Letter]:
    for letter in letters:
        account.read += 1
        if letter.sendable:
            yield letter
        elif letter.event is None:
            account.broken += 1
        else:
            account.late += 1


def post(url: str) -> Post:
    """What posts to the gateway at `url`; one that holds is waited for, as long as it asks, `TRIES` times.

    Raises:
        ConfigError: it is no address, nobody answers there, or the key is wrong.
        StorageError: the gateway goes on holding.
    """
    address = f"{url.rstrip('/')}/v1/events"
    if not address.startswith(("http://", "https://")):
        raise ConfigError("url", f"{url!r} is no address such as http://127.0.0.1:8080")

    def once(body: bytes) -> Any:
        for waited in _tries():
            request = urllib.request.Request(address, body, {"Content-Type": "application/json"})  # noqa: S310
            try:
                with urllib.request.urlopen(request, timeout=TIMEOUT_S) as reply:  # noqa: S310  # checked above
                    return json.load(reply)
            except urllib.error.HTTPError as error:
                if error.code not in (429, 503):
                    said = "the write key is wrong" if error.code == 401 else f"status {error.code}"
                    raise ConfigError("url", f"{url}: {said}") from None
                time.sleep(0 if waited == TRIES else float(error.headers.get("Retry-After") or 1))
            except (OSError, ValueError) as error:
                raise ConfigError("url", f"{url} does not answer as a gateway does: {error}") from None
        raise StorageError(f"{url} does not take events now; what was taken is a duplicate when it is sent again")

    return once


def _tries() -> Sequence[int]:
    return range(1, TRIES + 1)
