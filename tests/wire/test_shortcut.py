"""The quickest way gives what the way for any batch gives, and steps aside where it does not pay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.dictionary import Dictionary
from gateway.errors import ProtocolError
from gateway.wire import Codec, EventReader, Limits, vocabulary
from gateway.wire import shortcut as module
from gateway.wire.shortcut import TOO_MANY

LIMITS = Limits(4_096, 6, 16)
CODED = ("event", "distinct_id", "country")


@pytest.fixture(autouse=True)
def _often() -> Iterator[None]:
    """Look at the dictionaries after every second batch."""
    before, module.REVIEW = module.REVIEW, 2  # type: ignore[misc]
    yield
    module.REVIEW = before  # type: ignore[misc]


def new_codec(*, shortcuts: bool = True) -> Codec:
    coders = {name: Dictionary(max_entries=8) for name in CODED}
    codec = Codec(EventReader(["country", "price"], LIMITS, 512, ("event", "distinct_id"), coders, 1), LIMITS)
    if not shortcuts:
        codec._shortcuts = {}
    return codec


def trimmed(codec: Codec) -> None:
    """As between two groups."""
    if any(coder.full for coder in codec.reader.coders.values()):
        for coder in codec.reader.coders.values():
            coder.trim()
        codec.renew(codec.reader.generation + 1)


def said(codec: Codec, text: bytes) -> Any:
    """What it makes of a message, verdicts of its texts included."""
    try:
        batch = codec.batch(text)
    except ProtocolError as error:
        return error.slug, error.close
    return batch, codec.inspect([text], [batch.events]) if batch.verdicts is None else {}


def rows(*countries: str, **more: Any) -> bytes:
    events = [{"event": "a", "distinct_id": "u", "properties": {"country": one, "price": 1}} for one in countries]
    return orjson.dumps({"type": "batch", "seq": 1, "events": events, **more})


def columns(*countries: str, **properties: Any) -> bytes:
    n, different = len(countries), list(dict.fromkeys(countries))
    said = {"country": {"d": different, "i": [len(different) - 1] * n}, "price": [1] * n}
    batch = {"type": "columns", "seq": 1, "n": len(countries), "event": ["a"] * len(countries)}
    return orjson.dumps(batch | {"properties": said | properties})


NAMES = st.sampled_from(["a", "b", "a", "b", "a", "c", "d", "", "x" * 201, None, 5])
IDS = st.sampled_from(["u1", "u2", "u1", "u2", None, "", 7])
VALUES = st.sampled_from(["DE", "FR", "DE", "FR", "DE", None, "IT", "nul\0", 1, True, [1], 2**64 - 1])
PRICES = st.sampled_from([1, 2.5, None, "x", 10**19])
ROWS = st.builds(
    lambda seq, events: {"type": "batch", "seq": seq, "events": events},
    st.sampled_from([1, 2, "x"]),
    st.lists(
        st.fixed_dictionaries(
            {"event": NAMES},
            optional={
                "timestamp": st.sampled_from([1, 2, 2.5, None, "soon", []]),
                "distinct_id": IDS,
                "window_id": IDS,
                "properties": st.none()
                | st.fixed_dictionaries({}, optional={"country": VALUES, "price": PRICES, "more": VALUES}),
            },
        ),
        max_size=7,
    ),
)
N = 3


def _columns(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    places = st.integers(0, 1) | st.integers(-1, 3)
    coded = st.builds(
        lambda d, i: {"d": d, "i": i},
        st.lists(values, min_size=2, max_size=3),
        st.lists(places, min_size=N, max_size=N),
    )
    return coded | coded | st.lists(values, min_size=N, max_size=N) | st.lists(values, max_size=4)


COLUMNS = st.fixed_dictionaries(
    {"type": st.just("columns"), "seq": st.just(1), "n": st.sampled_from([N, N, N, 0, 7]), "event": _columns(NAMES)},
    optional={
        "t0": st.just(1_000),
        "dt": st.lists(st.sampled_from([1, -2, None, "soon", 0.5]), min_size=N, max_size=N),
        "distinct_id": st.none() | _columns(IDS),
        "properties": st.none()
        | st.fixed_dictionaries(
            {},
            optional={"country": _columns(VALUES), "price": _columns(PRICES), "z": _columns(IDS), 'a"b': _columns(IDS)},
        ),
    },
)


# What most batches are: nothing is wrong with them, and little is new.
CALM = st.builds(
    lambda countries, kind: (rows if kind else columns)(*countries),
    st.lists(st.sampled_from(["DE", "FR"]), min_size=1, max_size=3),
    st.booleans(),
)
MESSAGES = CALM | CALM | CALM | ROWS.map(orjson.dumps) | COLUMNS.map(orjson.dumps)


@given(st.lists(MESSAGES, min_size=6, max_size=30))
def test_it_gives_what_the_other_way_gives(messages: list[bytes]) -> None:
    """Batches, refusals and verdicts are the same, and so are the codes; also when dictionaries are trimmed."""
    quick, plain = new_codec(), new_codec(shortcuts=False)
    for text in messages:
        assert said(quick, text) == said(plain, text)
        assert [coder.values_by_code for coder in quick.reader.coders.values()] == [
            coder.values_by_code for coder in plain.reader.coders.values()
        ]
        trimmed(quick)
        trimmed(plain)


def is_short(codec: Codec, text: bytes) -> bool:
    """Whether a batch goes the quickest way."""
    taken = codec._shortcuts[text[:15]].take(text)
    return taken is not None


@pytest.mark.parametrize(("batch", "other"), [(rows("DE"), rows("IT")), (columns("DE"), columns("IT"))])
def test_what_came_often_goes_the_quickest_way(batch: bytes, other: bytes) -> None:
    """And a text that nobody said before does not, until it is known too."""
    codec = new_codec()
    assert not is_short(codec, batch)
    for _ in range(4):
        codec.message(batch)
    assert is_short(codec, batch)
    assert not is_short(codec, other)
    for _ in range(8):
        codec.message(other)
    assert is_short(codec, other)


def test_properties_that_no_kpi_reads_are_learned() -> None:
    """They are checked there too: one that was not there goes the other way."""
    codec = new_codec()
    batch = columns("DE", more=[1], note={"d": ["x"], "i": [0]})
    for _ in range(5):
        codec.message(batch)
    assert is_short(codec, batch)
    assert is_short(codec, columns("DE"))
    assert not is_short(codec, columns("DE", more=[1, 2]))
    assert not is_short(codec, columns("DE", new=[1]))


@pytest.mark.parametrize("name", ['a"b', "a\\b", "\x01", "\n", "x" * 201])
def test_a_property_whose_name_no_field_can_have_is_left_out(name: str) -> None:
    """Batches with it go the other way, all others the quickest."""
    codec = new_codec()
    for _ in range(6):
        assert codec.batch(columns("DE", **{name: [1]})).events.n == 1
    assert codec._columns._others == {}
    for _ in range(4):
        codec.message(columns("DE", **{name: [1], "more": [1]}))
    assert not is_short(codec, columns("DE", **{name: [1]}))
    assert is_short(codec, columns("DE"))


@pytest.mark.parametrize("name", ["", "é", "\u2028", "p0", "a.b", "\x7f", "x" * 200, "n", "type", "class"])
def test_any_other_name_is_learned(name: str) -> None:
    """Whatever it looks like, also one that stands for something elsewhere."""
    codec = new_codec()
    for _ in range(5):
        codec.message(columns("DE", **{name: [1]}))
    assert is_short(codec, columns("DE", **{name: [1]}))
    assert not is_short(codec, columns("DE", **{name: [1, 2]}))


def test_too_many_properties_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that makes up names does not fill memory with them; when it has gone, it goes on as before."""
    monkeypatch.setattr(module, "MOST_OTHERS", 3)
    codec = new_codec()
    for nth in range(20):
        codec.message(columns("DE", **{f"made_up_{nth}_{i}": [1] for i in range(9)}))
        assert len(codec._columns._others) <= 4
        assert codec._columns._way is None
    for _ in range(100):
        codec.message(columns("DE"))
    assert is_short(codec, columns("DE"))


@pytest.mark.parametrize(
    "batch", [rows(*["DE"] * 7), columns(*["DE"] * 7), columns(*["DE"] * 6, pad=["y" * 3_000] * 6)]
)
def test_the_bounds_are_those_of_the_other_way(batch: bytes) -> None:
    """On events, and on what a columnar batch is as rows."""
    codec = new_codec()
    for _ in range(6):
        codec.message(rows("DE"))
        codec.message(columns("DE", pad=["y"]))
    assert is_short(codec, columns("DE", pad=["y"]))
    assert not is_short(codec, batch)


def test_it_is_given_up_where_it_does_not_pay(monkeypatch: pytest.MonkeyPatch) -> None:
    """When many batches are refused; and what is compiled again and again is compiled more and more seldom."""
    monkeypatch.setattr(module, "REVIEW", 1_000)
    codec = new_codec()
    way = codec._shortcuts[rows("DE")[:15]]
    for _ in range(2):
        codec.message(rows("DE"))
        way._left = 0
    codec.message(rows("DE"))
    assert is_short(codec, rows("DE"))
    for _ in range(TOO_MANY):
        assert way._way is not None
        assert not is_short(codec, rows("IT"))
    assert not is_short(codec, rows("DE"))
    pauses = []
    for _ in range(4):
        reviews = 0
        way.forget()
        while way._way is None:
            way._left = 0
            codec.message(rows("DE"))
            reviews += 1
        pauses.append(reviews)
    assert pauses == sorted(set(pauses))


def test_a_column_that_grows_keeps_its_place_while_it_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """When another one is complete, all that it has by then is known. With too many texts they are looked up again."""
    monkeypatch.setattr(vocabulary, "MOST", 5)
    codec = new_codec()
    way = codec._shortcuts[rows("DE")[:15]]
    for _ in range(4):
        codec.message(rows("DE"))
    assert is_short(codec, rows("DE"))
    for new, known in ((["FR", "IT"], True), (["A", "B", "C", "D"], False)):
        codec.message(rows(*new))
        way._rest, way._left = 0, 2
        # Another column has become complete meanwhile, this one has just grown.
        del way._compiled["distinct_id"]
        codec.message(rows(new[0]))
        codec.message(rows("DE"))
        assert ("country" in way._compiled, "distinct_id" in way._compiled) == (known, True)
        assert is_short(codec, rows("DE", *new))


def test_trimmed_dictionaries_make_it_forget() -> None:
    """A code must not outlive its meaning."""
    codec = new_codec()
    for _ in range(4):
        codec.message(rows("DE"))
    assert is_short(codec, rows("DE"))
    codec.renew(9)
    assert not is_short(codec, rows("DE"))
    assert codec.batch(rows("DE")).events.generation == 9
