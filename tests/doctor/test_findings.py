"""What an examination found, as values."""

from __future__ import annotations

import orjson
import pytest

from gateway.doctor.findings import Findings, Loss, SnapshotFound, Span

LOST = Loss(2, 3, "missing", counted=True)


@pytest.mark.parametrize(
    ("damaged", "mendable"),
    [
        (Findings("d", structure=["page 3"]), True),
        (Findings("d", wal_hidden=2), True),
        (Findings("d", losses=[LOST]), False),
        (Findings("d", losses=[LOST._replace(reason="crc")]), True),
        (Findings("d", unreadable=1), False),
        (Findings("d", snapshots=[SnapshotFound(3, "a CRC is wrong")]), True),
        (Findings("d", disproved=["ids"]), False),
        (Findings("d", oddities=["x"]), True),
    ],
)
def test_each_damage_is_one(damaged: Findings, mendable: bool) -> None:
    """None of it is whole; a new file helps where something damaged can be left out, not where something is gone."""
    assert (damaged.whole, damaged.mendable) == (False, mendable)


def test_it_is_json() -> None:
    """With names for everything."""
    found = Findings("d", losses=[LOST], batches=[Span("p", 1, 2, 3)], snapshots=[SnapshotFound(3, "")])
    body = orjson.loads(orjson.dumps(found.as_dict()))
    assert body["whole"] is False
    assert body["losses"] == [{"first": 2, "last": 3, "reason": "missing", "counted": True}]
    assert body["batches"] == [{"producer": "p", "epoch": 1, "first": 2, "last": 3}]
    assert body["snapshots"] == [{"position": 3, "wrong": ""}]
    assert Findings("d").whole
