"""What Python's allocator holds for the engine while events pass through it."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from analytics import Batch, Engine, KpiSpec
from benchmarks.traffic import BATCH_EVENTS, make_pool

__all__ = ["traced"]

_START = 1_795_334_400_000
_RATE = 20_000
"""Events a second of event time."""
_BATCH = 1_000
_POOL = 25


def traced(kpis: Path, events: int, steps: int) -> Iterator[tuple[int, int]]:
    """(events so far, bytes traced) at the start and after each of so many steps."""
    engine = Engine(KpiSpec.load(str(kpis)), memory_budget=4 << 30)
    pool = [_batch(seed) for seed in range(_POOL)]
    tracemalloc.start()
    try:
        yield 0, tracemalloc.get_traced_memory()[0]
        done = 0
        for step in range(1, steps + 1):
            while done < events * step // steps:
                passed = done * 1_000 // _RATE
                batch = pool[done // _BATCH % _POOL]
                engine.ingest(replace(batch, timestamp=batch.timestamp + passed), _START + passed)
                done += batch.n
                if done % _RATE == 0:
                    engine.advance(_START + passed)
            gc.collect()
            yield done, tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


def _batch(seed: int) -> Batch:
    """A thousand events of the traffic, with the age of each as its time."""
    happenings = [one for batch in make_pool(_BATCH // BATCH_EVENTS, seed) for one in batch]
    return Batch.from_events(
        [
            {
                "event": one.event,
                "timestamp": _START - one.age,
                "distinct_id": one.user,
                "properties": {"country": one.country, "value": one.value, "$pathname": one.path},
            }
            for one in happenings
        ]
    )
