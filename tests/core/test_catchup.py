"""Many rows of the log as one group: what comes out is what they gave one by one, and what the live run had."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import orjson
import pytest

from analytics import KpiSpec
from gateway.core.catchup import catch_up
from gateway.core.fold import Fold
from gateway.core.producer import Arrival
from gateway.core.producers import ANONYMOUS, Producer
from gateway.core.record import Fence, encode_record
from tests.core.simulated_client import NOW
from tests.core.simulation import LIMITS, refold

SPECS = KpiSpec.parse(
    """
[[kpi]]
name = "events"
value = "count(*)"
window = "tumbling 1s"
delay = "1s"
grace = "4s"

[[kpi]]
name = "value_by_country"
value = "sum(value)"
by = ["country"]
max_keys = 5
window = "sliding 10s every 5s"
delay = "2s"
grace = "20s"

[[kpi]]
name = "users"
value = "uniq(distinct_id)"
window = "cumulative 1h every 10s"
grace = "5s"

[[kpi]]
name = "visits"
value = "count(*)"
window = "session 3s"
delay = "1s"
grace = "6s"

[[kpi]]
name = "checkout"
value = "funnel(event = 'look', event = 'buy', within => '1m')"
window = "tumbling 1m"

[[kpi]]
name = "p90"
value = "quantile(value, 0.9)"
window = "tumbling 10s"
grace = "0s"
"""
)
UUIDS = 600


def new_fold() -> Fold:
    return Fold(SPECS, LIMITS, 65_536, producers=1_000, uuids=UUIDS, memory_budget=512 << 20)


def events(dice: Random, now: int) -> Iterator[dict[str, Any]]:
    """Some that are late, some that come again, some that are wrong."""
    for _ in range(dice.randint(0, 9)):
        late = dice.choice((0, 100, 900, 2_500, 15_000, 400_000_000) if dice.random() < 0.2 else (0, 50, 400))
        event: dict[str, Any] = {
            "event": dice.choice(("look", "buy", "x")),
            "timestamp": now - late - dice.randrange(300),
            "distinct_id": f"u{dice.randrange(40)}",
            "properties": {"country": f"c{dice.randrange(9)}", "value": dice.randrange(1_000) / 4},
        }
        if dice.random() < 0.6:
            event["uuid"] = f"e{dice.randrange(1_500)}"
        if dice.random() < 0.02:
            event["event"] = ""
        yield event


class Live:
    """A gateway at work: rows of some batches each, ticks between them, sources that fall silent."""

    def __init__(self, seed: int, rows: int = 150) -> None:
        self.fold, self.now = new_fold(), NOW
        self.log: list[bytes] = []
        self._dice = Random(seed)
        self._seqs: dict[str, int] = {}
        self.run(rows)

    def run(self, rows: int) -> None:
        """So many more; behind the last one there was no tick yet."""
        for _ in range(rows):
            self.tick()
            self._row()

    def tick(self) -> None:
        """None, or a few."""
        for _ in range(self._dice.randint(0, 3)):
            self.now += self._dice.choice((20, 100, 100, 11_000 if self._dice.random() < 0.05 else 100))
            self.fold.advance(self.now)

    def _row(self) -> None:
        dice, fold = self._dice, self.fold
        self.now += dice.choice((5, 5, 40, 40, 300, 2_000, 12_000 if dice.random() < 0.3 else 0))
        busy = dice.choice(("p", "pq", "pqr", "pqrs", "s"))
        arrivals = [self._arrival(dice.choice((*busy, ANONYMOUS))) for _ in range(dice.randint(1, 4))]
        fences = [Fence(f"f{dice.randrange(3)}", dice.randint(1, 9), 0)] if dice.random() < 0.1 else []
        self.log.append(encode_record(arrivals, fences))
        for fence in fences:
            fold.table.raise_epoch(*(getattr(fence, name) for name in ("producer", "epoch", "last_seq")))
        fold.apply(arrivals, fold.admit(arrivals), arrivals[-1].received_at)

    def _arrival(self, sender: str) -> Arrival:
        self.now += self._dice.randrange(3)
        seq = self._seqs[sender] = self._seqs.get(sender, 0) + 1
        text = orjson.dumps({"type": "batch", "seq": seq, "events": list(events(self._dice, self.now))})
        batch = self.fold.codec.batch(text)
        if sender == ANONYMOUS:
            producer = Producer(sender, 0, seq)
        else:
            self.fold.table.settle(sender, 1, seq)
            found = self.fold.table.get(sender)
            assert found is not None
            producer = found
        return Arrival(producer, producer.epoch, seq, batch.events, batch.verdicts, text, self.now, 0, None, b"", None)


def said(fold: Fold, end: int) -> dict[str, Any]:
    """All rows once everybody is silent, and what was counted and remembered."""
    fold.advance(end)
    rows = {
        spec.name: [(row.start, row.end, row.dims, row.value, row.error, row.kind == "partial", row.keys)
                    for row in fold.engine.rows(spec.name, 0, 2**60)]
        for spec in SPECS
    }  # fmt: skip
    return rows | {
        "ledger": orjson.loads(fold.ledger.to_bytes()),
        "uuids": fold.horizon.to_bytes(),
        "producers": sorted(orjson.loads(fold.table.to_bytes())),
        "watermarks": [fold.engine.watermark(spec.name) for spec in SPECS],
        "late": fold.engine.stats()["late_by_kpi"],
    }


@pytest.mark.parametrize("seed", range(6))
def test_groups_end_in_what_the_live_run_had(seed: int) -> None:
    """Rows, late events, event ids, ledger and watermarks, however rows are put together and whenever it had ticks."""
    live = Live(seed)
    fold, single = new_fold(), new_fold()
    groups = list(catch_up(fold, live.log))
    assert 1 < len(groups) < len(live.log) / 2
    assert sum(groups) == sum(refold(single, payload) for payload in live.log)
    end = live.now + 100_000
    expected = said(live.fold, end)
    assert min(map(sum, (expected["late"].values(), expected["ledger"][:3]))) > 20
    assert said(fold, end) == expected
    assert said(single, end) == expected


@pytest.mark.parametrize("seed", range(6, 12))
def test_the_hash_of_the_state_is_that_of_the_live_run(seed: int) -> None:
    """At each position, though the live run has published in between and the replay has not."""
    live = Live(seed, rows=0)
    for rows in (1, 30, 60):
        live.run(rows)
        state = live.fold.state()
        fold = new_fold()
        list(catch_up(fold, live.log))
        assert fold.state().hash == state.hash
        live.tick()
    other = new_fold()
    list(catch_up(other, live.log[:-1]))
    assert other.state().hash != fold.state().hash


def test_a_large_row_is_a_group_of_its_own() -> None:
    """Groups have a bound; what is more than that in one row is folded alone."""
    live = Live(3)
    whole = new_fold()
    events = [refold(whole, payload) for payload in live.log]
    fold = new_fold()
    groups = list(catch_up(fold, live.log, max(events) - 1))
    assert max(groups) == max(events)
    assert said(fold, live.now + 100_000) == said(live.fold, live.now + 100_000)


def test_what_stands_in_front_of_a_failure_is_folded() -> None:
    """Reading breaks off: the rows before have been given by then."""

    def broken(rows: list[bytes]) -> Iterator[bytes]:
        yield from rows
        raise OSError("gone")

    live, fold, single = Live(2), new_fold(), new_fold()
    with pytest.raises(OSError, match="gone"):
        for _ in catch_up(fold, broken(live.log[:9])):
            pass
    assert sum(refold(single, payload) for payload in live.log[:9]) == fold.ledger.sent > 0


def test_rows_that_cannot_be_read_are_passed_over() -> None:
    """They are counted, and the rows around them are folded."""
    live, fold = Live(1), new_fold()
    damaged = [row for payload in live.log for row in (b"garbage", payload)]
    assert sum(catch_up(fold, damaged)) == live.fold.ledger.sent
    assert fold.unreadable == len(live.log)
