"""Producers whose batches hold what is counted, repeated, refused and late; and the account that must come of them."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

from tests.e2e.figures import by_dim
from tests.e2e.gateway_process import WRITE_KEY, GatewayProcess
from tests.e2e.producer import EVENTS, Producer, assert_none_lost

__all__ = ["Mixed", "check_account", "prime"]

LATE_MS = 30 * 3_600_000
"""Beyond the grace of `producer.KPIS`, and not so far that it would be clamped."""
PRIME = "prime"


class Mixed(Producer):
    """Its batches are rows and columns in turns. `pair` names it and the one that sends the same event in each batch.

    A batch is `EVENTS` of its own, the first of them again, the one of the pair, one without a name, one that is late.
    """

    def __init__(self, name: str, pair: str, *, packed: bool) -> None:
        super().__init__(name, packed=packed)
        self.pair = pair

    def batch(self, seq: int) -> dict[str, Any]:
        """A batch."""
        stamp = time.time_ns() // 1_000_000
        own = [f"{self.name}-{seq}-{nth}" for nth in range(EVENTS)]
        uuids = [*own, own[0], f"{self.pair}-{seq}", None, f"{self.name}-{seq}-late"]
        count = len(uuids)
        names = ["x"] * EVENTS + ["x", "x", "", "x"]
        who = [self.name] * (EVENTS + 1) + [self.pair, self.name, self.name]
        head = {"seq": seq, "sent_at": stamp, "backlog": 9}
        if seq % 2:
            events = [
                {"event": name, "timestamp": stamp, "properties": {"producer": producer, "value": 1}}
                | ({} if uuid is None else {"uuid": uuid})
                for name, producer, uuid in zip(names, who, uuids, strict=True)
            ]
            events[-1]["timestamp"] = stamp - LATE_MS
            return {"type": "batch", **head, "events": events}
        codes = [self.name, self.pair]
        return {
            "type": "columns",
            **head,
            "n": count,
            "t0": stamp,
            "dt": [0] * (count - 1) + [-LATE_MS],
            "event": {"d": ["x", ""], "i": [int(not name) for name in names]},
            "uuid": uuids,
            "properties": {
                "producer": {"d": codes, "i": [codes.index(producer) for producer in who]},
                "value": [1] * count,
            },
        }


def prime(gateway: GatewayProcess) -> None:
    """One event of now, so that what is late is so from the first batch on."""
    event = {"event": "x", "timestamp": time.time_ns() // 1_000_000, "properties": {"producer": PRIME, "value": 1}}
    status, answer = gateway.post(json.dumps({"token": WRITE_KEY, "events": [event]}).encode())
    assert status == 200, answer


def check_account(gateway: GatewayProcess, producers: Sequence[Mixed]) -> None:
    """Each event that was sent has one verdict, and each that is to be counted is counted once."""
    assert_none_lost(producers)
    of_pair: dict[str, list[int]] = {}
    for producer in producers:
        of_pair.setdefault(producer.pair, []).append(producer.sent)
    assert all(len(both) == 2 for both in of_pair.values())
    batches = sum(producer.sent for producer in producers)
    status = gateway.status()
    ledger = status["ledger"]
    assert ledger["sent"] == ledger["accepted"] + ledger["duplicate"] + ledger["rejected"]
    assert ledger["sent"] == batches * (EVENTS + 4) + 1
    assert ledger["rejected"] == 2 * batches
    assert (status["reasons"]["event_name"], status["reasons"]["late"]) == (batches, batches)
    assert ledger["duplicate"] == batches + sum(map(min, of_pair.values()))
    expected = Counter({producer.name: producer.sent * EVENTS for producer in producers})
    expected.update({pair: max(both) for pair, both in of_pair.items()})
    expected[PRIME] = 1
    assert ledger["accepted"] == expected.total()
    assert by_dim(gateway, "by_producer", "producer") == expected
    assert by_dim(gateway, "events") == {None: expected.total()}
