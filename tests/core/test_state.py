"""Hashes of a state: equal for the same state, named where it differs, and proved at a restore."""

from __future__ import annotations

import pytest

from analytics.fingerprint import Part
from gateway.core.state import State
from tests.core.simulated_client import Client, purchase
from tests.core.simulation import SPECS, World, new_fold


def world_of(*numbers: int) -> World:
    """Purchases that are applied."""
    world = World([Client("p0", [[purchase(number)] for number in numbers])])
    world.step("connect", 0)
    for _ in numbers:
        for action in ("send", "write", "apply"):
            world.step(action, 0)
    return world


def test_what_is_stored_is_what_is_asked_for() -> None:
    """The hashes in a snapshot are those of the fold, and come back from its bytes."""
    fold = world_of(1, 2).fold
    stored = State.from_bytes(fold.snapshot()["state"])
    assert stored.parts == fold.state().parts
    assert stored.hash == fold.state().hash
    assert {"clock", "producers", "uuids", "ledger"} < stored.parts.keys()


def test_each_part_that_differs_is_named() -> None:
    """Another event is in all of them."""
    one, two = world_of(1).fold.state(), world_of(1, 2).fold.state()
    assert one.differences(one) == []
    assert set(one.differences(two)) == one.parts.keys()
    assert one.hash != two.hash


def test_a_producer_that_sent_nothing_does_not_change_the_hash() -> None:
    """Its hello is not in the log; that it came is a difference between copies all the same."""
    world = world_of(1)
    before = world.fold.state()
    world.fold.table.claim("q", 1, 1)
    assert world.fold.state().hash == before.hash
    assert before.differences(world.fold.state()) == ["producers"]
    world.fold.table.claim("q", 2, 1)
    assert world.fold.state().hash != before.hash


@pytest.mark.parametrize("part", ["engine", "producers", "uuids", "ledger"])
def test_a_restore_is_held_against_the_hashes(part: str) -> None:
    """A part of another state, good in itself, is refused by name; the fold is as it was, and takes a good one."""
    blobs, other = world_of(1, 2).fold.snapshot(), world_of(1).fold.snapshot()
    fold = world_of(5).fold
    before = fold.snapshot()
    with pytest.raises(ValueError, match=r"the hash of its state is not the one stored with it: \S+"):
        fold.restore(blobs | {part: other[part]})
    assert fold.snapshot() == before
    assert fold.restore(blobs).hash == State.from_bytes(blobs["state"]).hash
    assert fold.snapshot() == blobs


def test_another_set_of_kpis_takes_what_it_can_prove() -> None:
    """Windows that the new set has not, or has with other KPIs in them, are not compared; the rest is."""
    blobs = world_of(1, 2).fold.snapshot()
    fold = new_fold()
    fold.reload(SPECS[:1])
    fold.restore(blobs)
    assert fold.state().differences(State.from_bytes(blobs["state"])) == []
    with pytest.raises(ValueError, match="ledger"):
        fold.restore(blobs | {"ledger": world_of(1).fold.snapshot()["ledger"]})


def test_a_snapshot_of_before_there_were_hashes_is_taken() -> None:
    """There is nothing to hold it against."""
    blobs = world_of(1).fold.snapshot()
    del blobs["state"]
    fold = new_fold()
    fold.restore(blobs)
    assert fold.ledger.accepted == 1


@pytest.mark.parametrize("data", [b"[]", b'{"a":1}', b'{"a":["b"]}', b"{"])
def test_what_are_no_hashes_is_refused(data: bytes) -> None:
    """As a wrong value, whatever is wrong with it."""
    with pytest.raises(ValueError, match=r".+"):
        State.from_bytes(data)


def test_windows_of_one_side_only_are_no_difference() -> None:
    """Anything else that is missing is."""
    part = Part("a", "b")
    assert State({"windows x": part, "ledger": part}).differences(State({"ledger": part})) == []
    assert State({"ledger": part}).differences(State({})) == ["ledger"]
    assert State({}).differences(State({"ledger": part})) == ["ledger"]
