"""A worker's side of a shipment."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.core import packing
from gateway.core.packing import Schema
from gateway.wire import Batch, EventVerdict, shortcut
from tests.core.shipping import Lane
from tests.core.simulated_client import NOW
from tests.core.test_forms import new_fold


def frame(seq: int, *events: dict[str, Any]) -> bytes:
    return json.dumps({"type": "batch", "seq": seq, "events": [{"event": "x", **event} for event in events]}).encode()


def test_a_schema_is_what_the_reader_reads() -> None:
    """Columns in order, and which of them are coded; the worker's reader has the same."""
    fold = new_fold()
    reader = fold.codec.reader
    schema = Schema.of(reader, 9)
    assert (schema.number, (*schema.fixed, *schema.names)) == (9, reader.columns)
    assert set(schema.coded) == set(reader.coders)
    assert Lane(fold).packer.codec.reader.columns == reader.columns


def test_what_was_shipped_is_not_shipped_again() -> None:
    """Neither batches nor the texts of a dictionary."""
    lane = Lane(new_fold())
    first = frame(1, {"properties": {"country": "Atlantis"}})
    lane.add(first, 5)
    assert (lane.packer.numbers, lane.packer.bytes) == ({5}, len(first))
    assert lane.packer.pack().count(b"Atlantis") == 2  # for the log, and in the dictionary
    assert (lane.packer.numbers, lane.packer.bytes) == (set(), 0)
    lane.add(frame(2, {"properties": {"country": "Atlantis"}}))
    assert lane.packer.pack().count(b"Atlantis") == 1


def test_verdicts_are_found_by_the_worker() -> None:
    """What the text of an event brings: nobody has to look at it again."""
    lane = Lane(new_fold())
    deep: Any = {}
    for _ in range(20):
        deep = {"d": deep}
    plain, odd = lane.over([frame(1, {"timestamp": NOW}), frame(2, {}, {"properties": {"x": deep}})])
    assert plain.verdicts == []
    assert odd.verdicts == [EventVerdict(1, "drop", "too_deep")]


def test_a_full_dictionary_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two shipments; codes after it are those of the new one."""
    monkeypatch.setattr(packing, "MAX_ENTRIES", 3)
    lane = Lane(new_fold())
    at = lane.fold.codec.reader.columns.index("country")
    coder = lane.fold.codec.reader.coders["country"]
    for seq in range(1, 30):
        names = [f"c{seq + nth}" for nth in range(4)]
        (batch,) = lane.over([frame(seq, *({"properties": {"country": name}} for name in names))])
        codes: Any = memoryview(batch.events.values[at]).cast("q")  # type: ignore[arg-type]  # packed
        assert [coder.values_by_code[code] for code in codes] == names


def test_values_that_cannot_be_written_go_as_they_came(monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole shipment then goes undecoded, and the next one is as ever."""
    lane = Lane(new_fold())
    encode = packing._encode
    faults = [ValueError("none of MessagePack's")]

    def failing(value: Any) -> bytes:
        if faults:
            raise faults.pop()
        return encode(value)

    monkeypatch.setattr(packing, "_encode", failing)
    one = frame(1, {"properties": {"country": "DE"}})
    lane.add(one)
    assert [(shipped.size, shipped.batch) for shipped in lane.ship()] == [(len(one), one)]
    (batch,) = lane.over([frame(2, {"properties": {"country": "DE"}})])
    assert isinstance(batch, Batch)
    assert batch.events.n == 1


def test_known_texts_are_forgotten_with_their_dictionary(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was decoded straight to its code has another one when the dictionary begins anew."""
    monkeypatch.setattr(shortcut, "REVIEW", 2)
    monkeypatch.setattr(packing, "MAX_ENTRIES", 3)
    lane = Lane(new_fold())
    at = lane.fold.codec.reader.columns.index("country")
    coder = lane.fold.codec.reader.coders["country"]
    for names in [*[["DE"]] * 6, ["A", "B", "C"], ["FR"], ["DE"], ["FR", "DE"]]:
        text = frame(1, *({"properties": {"country": name}} for name in names))
        # As clients write it, without spaces.
        (batch,) = lane.over([text.replace(b": ", b":")])
        codes: Any = memoryview(batch.events.values[at]).cast("q")  # type: ignore[arg-type]  # packed
        assert [coder.values_by_code[code] for code in codes] == names
