"""Peers by what the result files say of them."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

from benchmarks.rivals import RIVALS, Rival, standings

OURS = Rival("Bytewax", "views", "ysb", "own", "bytewax")


def result(series: dict[str, tuple[float, ...]], **notes: str) -> dict[str, Any]:
    """A result of the Yahoo benchmark."""
    shown = {name: {"samples": list(samples), "unit": "events per CPU-second"} for name, samples in series.items()}
    return {"benchmark": "ysb", "series": shown, "notes": {f"absent:{name}": text for name, text in notes.items()}}


def test_a_rival_stands_by_medians_and_ratios_of_the_same_round() -> None:
    """What disturbs a round disturbs both."""
    found = {one.rival[2:]: one for one in standings([result({"own": (6.0, 9.0, 4.0), "bytewax": (2.0, 3.0, 4.0)})])}
    bytewax = found["ysb", "own", "bytewax"]
    assert (bytewax.ours, bytewax.theirs, bytewax.ratio) == (6.0, 3.0, (3.0, 3.0, 1.0))
    assert (bytewax.unit, bytewax.absent) == ("events per CPU-second", "")


def test_one_that_could_not_be_had_says_why() -> None:
    """By the note of the run; without a run or a note, that there was none."""
    found = {one.rival[2:]: one for one in standings([result({"own": (6.0,)}, flink="flink needs java")])}
    assert found["ysb", "own", "flink"].absent == "flink needs java"
    assert found["ysb", "own", "quix"].absent == "not in the last run"
    assert found["fanout", "gateway", "nats"].absent == "not in the last run"
    assert [one.rival for one in found.values()] == list(RIVALS)


@pytest.mark.parametrize("benchmark", ["ysb", "sessions", "ingest", "fanout"])
def test_the_sides_have_the_names_by_which_they_are_looked_for(benchmark: str) -> None:
    """Or a peer that was measured would be shown as absent."""
    sides = importlib.import_module(f"benchmarks.{benchmark}").SIDES
    names = set(sides) if isinstance(sides, dict) else {side.name for side in sides} | {"replay"}
    assert {name for rival in RIVALS if rival.benchmark == benchmark for name in (rival.ours, rival.theirs)} <= names


def test_each_benchmark_is_one_that_can_be_run() -> None:
    """By name."""
    folder = Path(__file__).parent.parent.parent / "benchmarks"
    assert all((folder / f"{rival.benchmark}.py").is_file() for rival in RIVALS)
