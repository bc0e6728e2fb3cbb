"""What a seed makes of a run: its clients and events, its faults, its settings. Printed when the run fails."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from tests.simulation.disk import Faults

__all__ = ["NOW", "Options"]

NOW = 1_795_334_400_000
POISON: list[dict[str, Any]] = [
    {"event": ""},
    {"event": "x", "distinct_id": 7},
    {"event": "x", "properties": []},
    {"event": "a\0b"},
]


@dataclass(frozen=True)
class Options:
    """One run."""

    seed: int
    clients: int
    batches: int
    steps: int
    faults: Faults
    kill: float
    """Chances of each step: the process is killed, ..."""
    cut: float
    """... the power is cut, ..."""
    drain: float
    """... SIGTERM, ..."""
    full: float
    """... the disk is at its low-water mark for a while, ..."""
    jump: float
    """... the wall clock jumps by minutes."""
    busy: float
    """Chance that the loop has a turn while the disk writes or flushes."""
    snapshot_ms: int
    checkpoint_bytes: int
    piece_bytes: int
    trim: bool
    """Retention takes what it may."""

    @classmethod
    def of(cls, seed: int) -> Options:
        """The same for the same seed. A third of the runs have no fault of the disk but its crash."""
        chance = random.Random(seed)
        kind = chance.randrange(3)
        rate = chance.choice((0.002, 0.01, 0.03)) if kind else 0.0
        faults = Faults(
            write_eio=rate * (chance.random() < 0.3),
            write_full=rate * (chance.random() < 0.5),
            write_short=rate * (chance.random() < 0.5),
            sync_eio=rate * (chance.random() < 0.4),
            read_eio=rate * 0.2 * (chance.random() < 0.3),
            crash=chance.choice((0.0, 0.002, 0.01)),
        )
        return cls(
            seed=seed,
            clients=chance.randint(1, 3),
            batches=chance.randint(3, 12),
            steps=chance.randint(50, 110),
            faults=faults,
            kill=chance.choice((0.0, 0.01, 0.02)),
            cut=chance.choice((0.0, 0.01, 0.02)),
            drain=chance.choice((0.0, 0.005)),
            full=chance.choice((0.0, 0.0, 0.01)),
            jump=chance.choice((0.0, 0.01)),
            busy=chance.choice((0.0, 0.1, 0.4)),
            snapshot_ms=chance.choice((20, 20, 100, 10**9)),
            checkpoint_bytes=chance.choice((20_000, 100_000, 2 << 20)),
            piece_bytes=chance.choice((1_000, 512 << 10)),
            trim=chance.random() < 0.3,
        )

    def events(self) -> list[list[list[dict[str, Any]]]]:
        """For each client its batches: some events come from two clients, some have no id, some are poison."""
        chance = random.Random(f"events {self.seed}")
        first: dict[int, dict[str, Any]] = {}
        return [
            [[self._event(chance, first) for _ in range(chance.randint(1, 4))] for _ in range(self.batches)]
            for _ in range(self.clients)
        ]

    @staticmethod
    def _event(chance: random.Random, first: dict[int, dict[str, Any]]) -> dict[str, Any]:
        if chance.random() < 0.06:
            return dict(chance.choice(POISON))
        number = chance.randrange(12) if chance.random() < 0.5 else len(first) + 1_000
        event = {
            "event": "purchase",
            "uuid": f"01934d0e-7b00-7000-8000-{number:012x}",
            "timestamp": NOW - chance.randrange(600_000),
            "properties": {"country": chance.choice(("DE", "FR")), "value": chance.randrange(1, 1_000_000)},
        }
        if chance.random() < 0.15:
            return {name: value for name, value in event.items() if name != "uuid"}
        return first.setdefault(number, event)
