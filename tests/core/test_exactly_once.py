"""Nothing lost, nothing doubled: any interleaving of sends, resends, losses, reconnects and crashes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.fold import Fold
from tests.core.simulated_client import NOW, Client, nameless, purchase
from tests.core.simulation import World, new_fold

ACTIONS = ["send", "send", "send", "resend", "skip", "write", "apply", "lose", "drop", "connect", "snapshot", "crash"]
OTHER_WAYS = ["post", "post", "overtake", "forget", "raise", "renew", "renew", "zombie", "write", "apply", "crash"]

EVENTS = st.builds(
    lambda event_id, second, user, country, value: {
        "event": "purchase",
        "uuid": f"01934d0e-7b00-7000-8000-{event_id:012x}",
        "timestamp": NOW - 30_000 + second * 1_000 + event_id,
        "distinct_id": f"u{user}",
        "properties": {"country": country, "value": value},
    },
    st.integers(1, 40),
    st.integers(0, 25),
    st.integers(0, 4),
    st.sampled_from(["DE", "FR"]),
    st.integers(0, 5),
)

BATCHES = st.lists(st.lists(EVENTS, min_size=1, max_size=3), min_size=1, max_size=5)


NAMELESS = st.lists(
    st.lists(
        st.tuples(EVENTS, st.booleans()).map(
            lambda pair: pair[0] if pair[1] else {name: value for name, value in pair[0].items() if name != "uuid"}
        ),
        min_size=1,
        max_size=3,
    ),
    min_size=1,
    max_size=5,
)


def unify(batches: list[list[list[dict[str, Any]]]]) -> list[Client]:
    """Clients whose events have one content for each id, wherever and however often the id occurs."""
    first: dict[str, dict[str, Any]] = {}
    return [
        Client(f"p{n}", [[first.setdefault(event.get("uuid", id(event)), event) for event in batch] for batch in mine])
        for n, mine in enumerate(batches)
    ]


@given(
    st.lists(BATCHES, min_size=1, max_size=3),
    st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 2)), max_size=40),
)
def test_every_interleaving_ends_in_the_rows_of_the_model(
    batches: list[list[list[dict[str, Any]]]], actions: list[tuple[str, int]]
) -> None:
    """After all of it, each event counts once in every KPI, and the ledger closes."""
    world = World(unify(batches))
    for action, who in actions:
        world.step(action, who)
    world.finish()
    assert world.rows() == world.expected()
    ledger = world.fold.ledger
    ids = {e["uuid"] for c in world.clients for b in c.batches for e in b}
    assert (ledger.accepted, ledger.rejected) == (len(ids), 0)
    assert ledger.sent == sum(len(batch) for client in world.clients for batch in client.batches)


@given(
    st.lists(BATCHES | NAMELESS, min_size=1, max_size=3),
    st.lists(st.tuples(st.sampled_from([*ACTIONS, *OTHER_WAYS]), st.integers(0, 2)), max_size=60),
)
def test_every_way_to_the_server_ends_in_the_rows_of_the_model(
    batches: list[list[list[dict[str, Any]]]], actions: list[tuple[str, int]]
) -> None:
    """With posts, ones that overtake, raised epochs, forgotten producers, events without ids: still each counts once.

    A copy of a client with an epoch that was fenced is never let in, whatever crashed since the fence was told.
    """
    world = World(unify(batches))
    for action, who in actions:
        world.step(action, who)
    world.finish()
    assert world.rows() == world.expected()
    assert (world.fold.ledger.accepted, world.fold.ledger.rejected) == (len(world.events()), 0)
    for client in world.clients:
        world.do_zombie(client)


def crash_after_a_snapshot() -> World:
    """Acked, snapshotted, the acks lost, crashed: the clients send again what the server has, by two paths."""
    world = World([Client("p0", [[purchase(1)], [nameless(2)]]), Client("p1", [[purchase(1)]])])
    for action in ("connect", "send", "send", "lose", "write", "apply", "snapshot", "crash", "lose"):
        world.step(action, 0)
    world.finish()
    return world


def test_a_crash_after_a_snapshot_doubles_nothing() -> None:
    """The dedup table comes back with the state it belongs to."""
    world = crash_after_a_snapshot()
    assert world.rows() == world.expected()


def _unproved(blobs: Mapping[str, bytes]) -> dict[str, bytes]:
    """As an older version wrote it; the hashes of the state would tell that something is not as it was."""
    return {name: blob for name, blob in blobs.items() if name != "state"}


def crash_without(left_out: list[str], monkeypatch: pytest.MonkeyPatch) -> World:
    """The same, but a part of the snapshot comes back empty."""
    whole = Fold.restore
    empty = new_fold().snapshot()
    emptied = {name: empty[name] for name in left_out}
    monkeypatch.setattr(Fold, "restore", lambda self, blobs: whole(self, _unproved(blobs) | emptied))
    return crash_after_a_snapshot()


@pytest.mark.parametrize("left_out", [["uuids"], ["uuids", "producers"]])
def test_leaving_dedup_out_of_the_snapshot_is_noticed(left_out: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the ids not part of the cut, the test above would be red."""
    world = crash_without(left_out, monkeypatch)
    assert world.rows() != world.expected()


def test_a_forgotten_table_is_made_up_for_by_the_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches that come again by their numbers are counted as duplicates, those without event ids too."""
    world = crash_without(["producers"], monkeypatch)
    assert world.rows() == world.expected()
    # The table would have spared the server to judge them.
    assert world.fold.ledger.duplicate == 3


def test_acking_before_the_disk_is_noticed() -> None:
    """Were a batch acked on receipt, a crash would lose it: the client would not send it again."""
    world = World([Client("p0", [[purchase(1)]])])
    world.step("connect", 0)
    world.step("send", 0)
    world.clients[0].acked = 1  # the early ack
    world.pending, world.group = [], None
    world.clients[0].session = None
    world.fold = new_fold()
    world.finish()
    assert world.rows() != world.expected()


def test_a_raised_epoch_comes_back_from_the_log() -> None:
    """No batch was written under it; the older epoch stays out, and its batches on the way still count."""
    world = World([Client("p0", [[purchase(1)], [purchase(2)]])])
    for action in ("connect", "send", "raise", "connect", "write", "apply", "crash"):
        world.step(action, 0)
    assert world.clients[0].told == 2
    assert world.fold.table.claim("p0", 1, 1) is None
    assert world.fold.ledger.accepted == 1


def test_a_raised_epoch_is_told_when_it_is_written() -> None:
    """Not before: a crash would let the older epoch in again."""
    world = World([Client("p0", [[purchase(1)]])])
    for action in ("connect", "raise", "connect"):
        world.step(action, 0)
    assert not world.clients[0].welcomed
    world.step("write", 0)
    assert not world.clients[0].welcomed
    world.step("apply", 0)
    assert world.clients[0].welcomed
