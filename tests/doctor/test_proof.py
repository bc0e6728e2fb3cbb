"""A snapshot must be what the log makes of the one before it."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from gateway.core.record import encode_record
from gateway.doctor.proof import Intake, Proof, readable
from tests.doctor.folders import NOW, arrival


def run(rows: int) -> tuple[list[bytes], list[dict[str, bytes]]]:
    """The rows of a log, and the state behind each (the first: before any)."""
    fold = Intake().fold()
    payloads, states = [], [fold.snapshot()]
    for seq in range(1, rows + 1):
        arrivals = [arrival(fold, "a", seq), arrival(fold, "b", seq)]
        payloads.append(encode_record(arrivals))
        fold.apply(arrivals, fold.admit(arrivals), NOW)
        states.append(fold.snapshot())
    return payloads, states


@pytest.mark.parametrize("start", [0, 2])
def test_snapshot_and_log_give_the_next_snapshot(start: int) -> None:
    """From the first row on, or from any snapshot on."""
    payloads, states = run(5)
    proof = Proof(Intake(), states[start] if start else None)
    for payload in payloads[start:]:
        proof.take(payload)
    assert proof.rows == 5 - start
    assert proof.differences(states[5]) == []


def without(name: str, change: Any) -> dict[str, bytes]:
    """The state behind row 5 with one part changed."""
    _, states = run(5)
    return states[5] | {name: change(states[5][name])}


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (without("producers", lambda _: b"[]"), "2 producers of the log are not in the dedup table"),
        (
            without("producers", lambda text: orjson.dumps([[row[0], 0, *row[2:]] for row in orjson.loads(text)])),
            "2 producers are in an older epoch than in the log",
        ),
        (without("uuids", lambda ids: ids[:8] + ids[16:]), "the event ids are not those of the log"),
        (
            without("ledger", lambda text: text.replace(b"30", b"31", 1)),
            "the ledger counts 31 events, the log holds 30",
        ),
    ],
)
def test_what_the_log_did_not_make_is_told(state: dict[str, bytes], said: str) -> None:
    """Producers or ids that are missing, an epoch that was taken back, events that were counted otherwise."""
    payloads, _ = run(5)
    proof = Proof(Intake(), None)
    for payload in payloads:
        proof.take(payload)
    assert proof.differences(state) == [said]


def test_a_state_that_cannot_be_read_is_told() -> None:
    """A part that is missing or is something else."""
    _, states = run(1)
    assert readable(states[1], Intake()) == ""
    for name in states[1].keys() - {"state"}:
        assert readable({key: blob for key, blob in states[1].items() if key != name}, Intake()) != ""
    assert readable(states[1] | {"engine": b"no snapshot"}, Intake()) != ""
    assert readable(states[1] | {"ledger": b"[]"}, Intake()) != ""
    assert readable(states[1] | {"ledger": states[0]["ledger"]}, Intake()).endswith("stored with it: ledger")
    older = {key: blob for key, blob in states[1].items() if key != "state"}
    assert readable(older | {"ledger": states[0]["ledger"]}, Intake()) == ""
