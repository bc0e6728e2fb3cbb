"""State that comes back, KPI sets that change, dictionaries that fill up."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from msgspec.structs import replace

from analytics.dictionary import CROWDED, MAX_ENTRIES
from analytics.restoration import taken
from gateway.core.fold import Fold
from gateway.core.producer import Arrival
from gateway.core.producers import ANONYMOUS, Producer
from gateway.core.record import encode_record
from gateway.wire import shortcut
from gateway.wire.columns import UNREAD
from tests.core.simulated_client import NOW, Client, purchase
from tests.core.simulation import SPECS, World, new_fold, refold


def test_a_snapshot_is_the_same_after_a_restore() -> None:
    """Byte for byte, and a replay of the log gives it too."""
    world = World([Client("p0", [[purchase(1)], [purchase(2), purchase(2)]])])
    for action in ("connect", "send", "write", "apply", "send", "write", "apply"):
        world.step(action, 0)
    blobs = world.fold.snapshot()
    restored = new_fold()
    restored.restore(blobs)
    assert restored.snapshot() == blobs
    replayed = new_fold()
    for payload in world.log:
        refold(replayed, payload)
    assert (replayed.ledger.as_dict(), replayed.table.to_bytes()) == (
        world.fold.ledger.as_dict(),
        world.fold.table.to_bytes(),
    )


def test_a_frozen_fold_does_not_change() -> None:
    """What is applied after it was frozen is not in what it makes, whenever that is made."""
    world = World([Client("p0", [[purchase(1)], [purchase(2), purchase(2)]])])
    for action in ("connect", "send", "write", "apply"):
        world.step(action, 0)
    frozen, then = taken(world.fold.freezing()), world.fold.snapshot()
    for action in ("send", "write", "apply"):
        world.step(action, 0)
    assert frozen() == then
    now = world.fold.snapshot()
    assert [name for name in then if now[name] == then[name]] == []


def test_posts_of_nobody_leave_no_producer_behind() -> None:
    """Neither live nor in a replay; the same texts posted again count again."""
    fold = new_fold()
    rows = []
    for _ in range(2):
        group = arrivals_of(fold, [sale("DE", 1)], sender=ANONYMOUS)
        fold.apply(group, fold.admit(group), NOW)
        rows.append(encode_record(group))
    replayed = new_fold()
    for row in rows:
        refold(replayed, row)
    for each in (fold, replayed):
        assert (len(each.table), each.ledger.accepted, by_country(each)) == (0, 2, {"DE": 2})


def test_a_row_that_cannot_be_read_is_counted() -> None:
    """A start must not loop on one bad row, nor stop at it."""
    fold = new_fold()
    assert refold(fold, b"garbage") == 0
    world = World([Client("p0", [[purchase(1)]])])
    world.step("connect", 0)
    world.step("send", 0)
    (arrival,) = world.pending
    assert refold(fold, encode_record([replace(arrival, text=b'{"type":"pong","now":1}'), arrival])) == 1
    assert fold.unreadable == 2


def test_a_snapshot_without_a_part_is_refused() -> None:
    """By name."""
    blobs = new_fold().snapshot()
    del blobs["ledger"]
    with pytest.raises(ValueError, match="ledger"):
        new_fold().restore(blobs)


def test_a_reload_keeps_what_is_unchanged() -> None:
    """Another set of KPIs: the same ones keep their rows, and events keep coming."""
    world = World([Client("p0", [[purchase(1)], [purchase(2)]])])
    for action in ("connect", "send", "write", "apply"):
        world.step(action, 0)
    world.fold.reload([spec for spec in SPECS if spec.name != "users"])
    world.fold.reload(SPECS)
    world.fold.adopt(world.fold.beside().engine.snapshot())
    world.finish()
    rows, expected = world.rows(), world.expected()
    assert rows["events"] == expected["events"]
    assert len(rows["users"]) == len(expected["users"])


def arrivals_of(fold: Fold, *batches: list[dict[str, Any]], sender: str = "p") -> list[Arrival]:
    """Batches as a session would bring them, decoded now."""
    result = []
    for seq, events in enumerate(batches, 1):
        text = orjson.dumps({"type": "batch", "seq": seq, "events": events})
        batch = fold.codec.batch(text)
        result.append(
            Arrival(Producer(sender, 1, 0), 1, seq, batch.events, batch.verdicts, text, NOW, 0, None, b"", None)
        )
    return result


def by_country(fold: Fold) -> dict[Any, Any]:
    fold.engine.advance(NOW)
    return {row.dims["country"]: row.value for row in fold.engine.rows("value_by_country", 0, 2**60)}


def sale(country: Any, value: int) -> dict[str, Any]:
    return {"event": "e", "timestamp": NOW - 5_000, "properties": {"country": country, "value": value}}


def fill(fold: Fold, entries: int) -> None:
    """Other values come until the dictionary of `country` holds so many."""
    coder = fold.engine.coders["country"]
    coder.encode([f"x{number}" for number in range(entries - len(coder))])


def test_batches_that_wait_outlive_a_full_dictionary() -> None:
    """Codes made before it was emptied are made again from the text; each value counts where it belongs."""
    fold = new_fold()
    first, waiting = arrivals_of(fold, [sale("DE", 1), sale("FR", 2)], [sale("FR", 4), sale(7, 8), sale(None, 16)])
    fill(fold, MAX_ENTRIES + 2)
    fold.apply([first], fold.admit([first]), NOW)
    assert len(fold.engine.coders["country"]) < 10, "it was emptied"
    (fresh,) = arrivals_of(fold, [sale("PL", 32), sale("FR", 64)], sender="q")
    fold.apply([waiting, fresh], fold.admit([waiting, fresh]), NOW)
    assert by_country(fold) == {"DE": 1, "FR": 70, 7: 8, None: 16, "PL": 32}


def test_batches_that_come_while_a_dictionary_is_crowded_are_decoded_when_their_turn_comes() -> None:
    """However many values came before them, nothing is lost and the dictionary stays bounded."""
    fold = new_fold()
    fill(fold, CROWDED + 1)
    late = arrivals_of(fold, [sale("DE", 1)], [{"event": "", "timestamp": NOW}, sale("FR", 2)])
    assert {arrival.events.generation for arrival in late} == {UNREAD}
    applied = fold.apply(late, fold.admit(late), NOW)
    assert by_country(fold) == {"DE": 1, "FR": 2}
    assert [rejected[2] for rejected in applied.rejected] == ["event_name"]


def test_a_group_on_its_way_to_disk_outlives_a_reload() -> None:
    """Its codes are those of the old set's dictionaries; the new set reads the same values."""
    fold = new_fold()
    group = arrivals_of(fold, [sale("DE", 1), sale("FR", 2), sale("FR", 4)])
    admitted = fold.admit(group)
    fold.reload(SPECS)
    fold.engine.coders["country"].encode(["PL", "FR"])
    fold.apply(group, admitted, NOW)
    assert by_country(fold) == {"DE": 1, "FR": 6}


def test_a_restored_fold_decodes_for_its_engine() -> None:
    """The codes of what comes after a restore are those of the engine that was restored."""
    old, fold = new_fold(), new_fold()
    first = arrivals_of(old, [sale("DE", 1)])
    old.apply(first, old.admit(first), NOW)
    fold.restore(old.snapshot())
    second = arrivals_of(fold, [sale("FR", 2)], sender="q")
    fold.apply(second, fold.admit(second), NOW)
    assert by_country(fold) == {"DE": 1, "FR": 2}


def test_known_texts_are_forgotten_with_their_dictionary(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was decoded straight to its code has another one when the dictionary was trimmed."""
    monkeypatch.setattr(shortcut, "REVIEW", 2)
    fold = new_fold()
    at, coder = fold.codec.reader.columns.index("country"), fold.codec.reader.coders["country"]
    monkeypatch.setattr(coder, "_max_entries", 3)
    for names in [*[["DE"]] * 6, ["A", "B", "C"], ["FR"], ["DE"], ["FR", "DE"]]:
        events = [{"event": "x", "properties": {"country": name}} for name in names]
        batch = fold.codec.batch(orjson.dumps({"type": "batch", "seq": 1, "events": events}))
        codes: Any = memoryview(batch.events.values[at]).cast("q")  # type: ignore[arg-type]  # packed
        assert [coder.values_by_code[code] for code in codes] == names
        fold.trim()
