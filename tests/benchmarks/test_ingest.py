"""The ingest harness against a real peer over real sockets, small."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from benchmarks import ingest
from benchmarks.ingest import BOARD_FILE, SIDES, Side, UnequalError, measure
from benchmarks.model import BOARD, Rows, wait_equal
from benchmarks.process import Running

BY_NAME = {side.name: side for side in SIDES}


def test_the_board_file_has_the_kpis_of_the_model() -> None:
    """What the gateway runs is what is compared."""
    assert [kpi["name"] for kpi in tomllib.loads(BOARD_FILE.read_text("utf-8"))["kpi"]] == list(BOARD)


@pytest.mark.parametrize("name", ["loops", "definitions", "aiohttp"])
def test_a_peer_shows_the_models_board_for_what_it_was_sent(name: str) -> None:
    """Every batch is acknowledged and the twelve KPIs agree, over more batches than the pool holds."""
    outcome = measure(BY_NAME[name], batches=70, pool=32, connections=3)
    assert outcome["sent"][-1][2] == 70


def test_the_bare_limit_answers_every_frame() -> None:
    """Its load needs no protocol, and its clock is read."""
    outcome = measure(BY_NAME["bare"], connections=3, warm_s=0.05, measure_s=0.2, pool=8)
    assert outcome["events"] > 0
    assert outcome["server_cpu_s"] > 0
    assert outcome["wall_s"] > 0


def test_a_paced_load_sends_no_more_than_its_rate() -> None:
    """A hundred batches a second for half a second or more are no more than that, and all of them are acknowledged."""
    outcome = measure(BY_NAME["loops"], connections=2, warm_s=0.1, measure_s=0.4, rate=2_000.0, pool=8)
    assert outcome["sending_s"] >= 0.5
    assert 0 < outcome["sent"][-1][2] <= 100 * outcome["sending_s"] + 1


def test_a_board_that_differs_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A side that lost an event has no speed."""

    def one_less(*_: object) -> dict[str, Rows]:
        return {name: {} for name in BOARD}

    monkeypatch.setattr(ingest, "fetch", one_less)
    monkeypatch.setattr(ingest, "wait_equal", functools.partial(wait_equal, patience_s=0.0))
    with pytest.raises(UnequalError, match="loops: page_views"):
        measure(BY_NAME["loops"], batches=5, pool=4, connections=1)


def test_verdicts_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Events that were not plainly accepted would make the job smaller."""

    @contextmanager
    def nothing() -> Iterator[Running]:
        yield Running("x", 1, 1)

    monkeypatch.setattr(ingest, "drive", lambda *_: {"verdicts": {"drop:late": 3}, "sent": []})
    with pytest.raises(UnequalError, match="drop:late"):
        measure(Side("x", nothing))
