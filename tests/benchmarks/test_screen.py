"""What the benchmark of the dashboard says to it, and what it asks the gateway to count."""

from __future__ import annotations

import json
from pathlib import Path

from analytics import KpiSpec
from benchmarks.screen import TILES, Stream, definitions

NOW = 1_795_334_400_500


def test_the_kpis_can_be_loaded(tmp_path: Path) -> None:
    """Sixty, each with a name of its own."""
    file = tmp_path / "kpis.toml"
    file.write_text(definitions())
    assert len({spec.name for spec in KpiSpec.load(file)}) == TILES


def test_a_page_is_welcomed_and_gets_what_it_asked_for() -> None:
    """A snapshot for each subscription, in one frame with the welcome; then a continuous delta of each KPI a step."""
    stream = Stream()
    asked = [{"type": "hello"}, *({"type": "subscribe", "id": i + 1, "kpi": f"k{i}"} for i in range(4))]
    said = stream.answer(json.dumps(asked), NOW)
    assert said is not None
    welcome, *snapshots = json.loads(said)
    assert (welcome["type"], welcome["now"]) == ("welcome", NOW)
    assert [(one["type"], one["id"], one["offset"]) for one in snapshots] == [("snapshot", i, 0) for i in (1, 2, 3, 4)]
    assert stream.subscribed == 4
    for offset in (1, 2):
        deltas = json.loads(stream.step(NOW))
        assert [(one["id"], one["prev"], one["offset"]) for one in deltas] == [
            (i, offset - 1, offset) for i in (1, 2, 3, 4)
        ]
        starts = [(one["set"][0]["start"], one["set"][0]["end"]) for one in deltas]
        assert starts[1] == (1_795_334_400_000, 1_795_334_401_000)
        assert starts[0] == (1_795_334_400_000, 1_795_334_410_000)
        assert len(deltas[2]["set"]) == 8
        assert len(deltas[3]["set"][0]["value"]["items"]) == 8


def test_what_needs_no_answer_gets_none() -> None:
    """Heartbeats and the topic of live events are left alone."""
    stream = Stream()
    assert stream.answer('{"type":"pong"}', NOW) is None
    assert stream.answer('[{"type":"subscribe","id":1,"topic":"events"}]', NOW) is None
