"""From a worker's codes to the engine's: what comes over a link counts as if it had been decoded here."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.dictionary import CROWDED, NULL, Dictionary
from gateway.core.fold import Fold
from gateway.core.packing import MAX_ENTRIES, MAX_TEXT, Packer, Schema
from gateway.core.shipment import Shipment
from gateway.core.unpacking import Translation, Unpacker
from gateway.wire import Batch
from gateway.wire.columns import UNREAD
from gateway.wire.parcel import ParcelError
from tests.core.shipping import LIMITS, MAX_PROPERTY, Lane
from tests.core.simulated_client import NOW
from tests.core.test_forms import BATCHES, _arrival, _ordered, new_fold, state
from tests.wire.spelling import as_columns, dumps


def counted(fold: Fold, batches: list[Batch]) -> Any:
    """Batches of one producer as one group."""
    claim = fold.table.claim("p", 1, 1)
    assert claim is not None
    arrivals = [_arrival(claim.producer, batch, batch.text, None, b"") for batch in batches]
    return fold.apply(arrivals, fold.admit(arrivals), NOW)


@settings(max_examples=settings().max_examples // 3)
@given(st.data(), BATCHES, st.lists(st.integers(1, 3), min_size=1, max_size=4))
def test_over_a_link_or_not_is_one(data: st.DataObject, batches: list[list[dict[str, Any]]], sizes: list[int]) -> None:
    """Verdicts, what is rejected, and every byte of the state; rows or columns, in shipments of any size, beside
    batches that did not come over it, and whatever the engine's dictionaries forget in between."""
    here, there = new_fold(), new_fold()
    lane = Lane(there)
    forms = [
        as_columns(seq, events, lambda: data.draw(st.booleans()), NOW)
        if data.draw(st.booleans())
        else dumps({"type": "batch", "seq": seq, "events": _ordered(events)})
        for seq, events in enumerate(batches, 1)
    ]
    frames = [frame for frame in forms if _is_one(here, frame)]
    while frames:
        size = sizes[len(frames) % len(sizes)]
        group, frames = frames[:size], frames[size:]
        direct = data.draw(st.booleans())
        came = [there.codec.batch(group[0])] if direct else []
        came += lane.over(group[len(came) :])
        if data.draw(st.booleans()):
            _forget(there)
        assert counted(there, came) == counted(here, [here.codec.batch(frame) for frame in group])
    assert state(there) == state(here)


def _is_one(fold: Fold, frame: bytes) -> bool:
    return isinstance(fold.codec.message(frame), Batch)


def _forget(fold: Fold) -> None:
    """Trim the dictionaries as if they were full."""
    coders = fold.codec.reader.coders.values()
    before = [coder._max_entries for coder in coders]
    for coder in coders:
        coder._max_entries = 0
    fold.trim()
    for coder, most in zip(coders, before, strict=True):
        coder._max_entries = most


@given(st.lists(st.tuples(st.lists(st.sampled_from("abcdef"), max_size=6), st.sampled_from(["", "worker", "engine"]))))
def test_a_translation_outlives_both_dictionaries(steps: list[tuple[list[str], str]]) -> None:
    """Whatever either side forgets, the engine's code is that of the value."""
    worker, engine, translation = Dictionary(), Dictionary(), Translation()
    written = 1
    for values, forgets in steps:
        codes = worker.encode(values)
        translation.extend(worker.values_by_code[written:])
        written = len(worker.values_by_code)
        found = translation.translate(codes.astype(np.int32), engine)
        assert [engine.values_by_code[code] for code in found] == values
        if forgets == "worker":
            worker, written = Dictionary(), 1
            translation.begin_anew()
        elif forgets == "engine":
            engine = Dictionary()
            translation.forget()


def test_a_translation_takes_no_code_that_was_not_explained() -> None:
    """Nor more values than a worker's dictionary has; absence needs no explanation."""
    translation, coder = Translation(), Dictionary()
    assert translation.translate(np.array([NULL, NULL]), coder).tolist() == [NULL, NULL]
    for codes in ([1], [-1]):
        with pytest.raises(ParcelError):
            translation.translate(np.array(codes), coder)
    with pytest.raises(ParcelError):
        translation.extend(["x"] * 200_000)


def test_a_dictionary_that_is_full_has_to_begin_anew() -> None:
    """Else a worker could fill the memory of the analytics process with texts that it names once."""
    for full in ([f"{n}" for n in range(MAX_ENTRIES + 1)], ["x" * (MAX_TEXT + 1)]):
        translation = Translation()
        translation.extend(full)
        translation.extend([])
        with pytest.raises(ParcelError):
            translation.extend(["y"])
        translation.begin_anew()
        translation.extend(["y"])


def test_what_was_decoded_for_another_set_comes_as_its_text() -> None:
    """The analytics process decodes it, which is rare."""
    fold = new_fold()
    lane = Lane(fold)
    frame = dumps({"type": "batch", "seq": 1, "events": [{"event": "x"}]})
    lane.add(frame, 3)
    lane.unpacker = Unpacker(fold.codec, 2)
    assert [(one.number, one.size, one.batch) for one in lane.ship()] == [(3, len(frame), frame)]


def test_what_the_engine_has_forgotten_is_looked_up_again() -> None:
    """Its codes then mean other values; the worker does not name its own anew."""
    fold = new_fold()
    lane = Lane(fold)
    at, coder = fold.codec.reader.columns.index("country"), fold.codec.reader.coders["country"]

    def frame(seq: int, country: str) -> bytes:
        event = {"event": "$pageview", "properties": {"country": country}}
        return dumps({"type": "batch", "seq": seq, "events": [event]})

    counted(fold, lane.over([frame(1, "DE")]))
    _forget(fold)
    counted(fold, [fold.codec.batch(frame(2, "FR"))])
    (batch,) = lane.over([frame(3, "DE")])
    codes: Any = memoryview(batch.events.values[at]).cast("q")  # type: ignore[arg-type]  # packed
    assert [coder.values_by_code[code] for code in codes] == ["DE"]
    assert batch.events.generation == fold.codec.reader.generation


def test_while_a_dictionary_is_crowded_values_are_left_out() -> None:
    """As when the batch is decoded here: it is decoded again when its group is counted."""
    fold = new_fold()
    lane = Lane(fold)
    coder = fold.codec.reader.coders["country"]
    for number in range(CROWDED + 1):
        coder[f"c{number}"]
    frame = dumps({"type": "batch", "seq": 1, "events": [{"event": "$pageview", "properties": {"country": "new"}}]})
    (batch,) = lane.over([frame])
    assert batch.events.generation == UNREAD
    counted(fold, [batch])
    assert [row.dims["country"] for row in fold.advance(NOW).rows if row.kpi == "views"] == ["new"]


def changed(**fields: Any) -> bytes:
    """A shipment of one batch that does not fit together."""
    fold = new_fold()
    packer = Packer(Schema.of(fold.codec.reader, 1), LIMITS, MAX_PROPERTY)
    frame = dumps({"type": "batch", "seq": 1, "events": [{"event": "x", "uuid": "u", "timestamp": NOW}]})
    message = packer.codec.message(frame)
    assert isinstance(message, Batch)
    packer.add(1, len(frame), message)
    shipment = msgspec.msgpack.decode(packer.pack(), type=Shipment)
    head = shipment.heads[0]
    for name in [name for name in fields if name in head.__struct_fields__ and name != "text"]:
        shipment = msgspec.structs.replace(shipment, heads=[msgspec.structs.replace(head, **{name: fields.pop(name)})])
    return msgspec.msgpack.encode(msgspec.structs.replace(shipment, **fields))


@pytest.mark.parametrize(
    "fields",
    [
        {"text": b"less"},
        {"times": b"1234567"},
        {"times": b""},
        {"codes": []},
        {"texts": []},
        {"plain": []},
        {"fresh": [99]},
        {"n": 2},
        {"uuid": []},
        {"times": b"", "n": 0, "codes": [b"\0" * 4] * 9},
        {"n": 501},
        {"seq": -1},
        {"size": -1},
        {"number": 2**32},
        {"origin": 2**60},
        {"uuid": [""]},
        {"times": [[]]},
        {"plain": [[{}]]},
        {"verdicts": [(1, "drop", "nul")]},
        {"verdicts": [(-1, "drop", "nul")]},
        {"verdicts": [(0, "keep", "nul")]},
        {"verdicts": [(0, "drop", "whatever")]},
        {"heads": [], "text": b"", "times": b"", "plain": [], "codes": [], "texts": [[["x"]]]},
    ],
    ids=str,
)
def test_what_does_not_fit_together_is_refused(fields: dict[str, Any]) -> None:
    """A worker that sends it must not be listened to any more."""
    with pytest.raises(ParcelError):
        list(Unpacker(new_fold().codec, 1).unpack(changed(**fields)))


@given(st.binary(max_size=40))
def test_bytes_that_are_no_shipment_are_refused(data: bytes) -> None:
    """Whatever they are."""
    with pytest.raises(ParcelError):
        list(Unpacker(new_fold().codec, 1).unpack(data))


def test_a_whole_shipment_is_what_it_was() -> None:
    """The text for the log, the size for the credit, the number for the answer."""
    lane = Lane(new_fold())
    frames = [orjson.dumps({"type": "batch", "seq": seq, "backlog": seq + 1, "events": []}) for seq in range(1, 4)]
    for number, frame in enumerate(frames, 10):
        lane.add(frame, number)
    found = lane.ship()
    assert [(one.number, one.size) for one in found] == [(10 + at, len(frame)) for at, frame in enumerate(frames)]
    batches = [one.batch for one in found if isinstance(one.batch, Batch)]
    assert [(batch.seq, batch.backlog, batch.text) for batch in batches] == [
        (seq, seq + 1, frame) for seq, frame in enumerate(frames, 1)
    ]
