"""A snapshot in the making: pieces of work, parts of bounded size, one for all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from analytics import Row
from gateway.core.encoding import Where
from gateway.core.rendering import PART_BYTES, Rendering


def row(start: int, value: Any = 1, kind: str = "final", country: str = "DE") -> Row:
    return Row("k", {"country": country}, start, start + 1_000, value, kind, 0)


def rendering_of(rows: Iterator[Row], where: Where | None = None) -> Rendering:
    return Rendering(rows, where, "e1", 12, b'{"name":"k"}', 99, lambda payload: payload)


def messages_of(rendering: Rendering, id_: int = 1) -> list[dict[str, Any]]:
    return [orjson.loads(make()) for make in rendering.frames(id_)]


def test_a_piece_of_work_reads_so_many_rows() -> None:
    """No more are asked for, and it is done when there are none left."""
    asked: list[int] = []

    def read() -> Iterator[Row]:
        for start in range(25):
            asked.append(start)
            yield row(start)

    rendering = rendering_of(read())
    assert not rendering.work(10)
    assert (len(asked), rendering.done) == (10, False)
    assert not rendering.work(10)
    assert rendering.work(10)
    (message,) = messages_of(rendering)
    assert [one["start"] for one in message["rows"]] == list(range(25))


def test_a_large_snapshot_goes_in_parts() -> None:
    """Each part is small; together they are all rows, whatever pieces they were made in."""
    rows = [row(i * 1000, "v" * 500) for i in range(600)]
    rendering = rendering_of(iter(rows))
    while not rendering.work(7):
        pass
    messages = messages_of(rendering)
    assert [m["part"] for m in messages] == list(range(1, len(messages) + 1))
    assert {m["parts"] for m in messages} == {len(messages)}
    assert len(messages) > 1
    assert max(len(make()) for make in rendering.frames(1)) <= PART_BYTES + 1_000
    assert [r["start"] for m in messages for r in m["rows"]] == [r.start for r in rows]


def test_a_row_larger_than_a_part_is_one() -> None:
    """Its neighbours are not."""
    rendering = rendering_of(iter([row(0), row(1, "v" * PART_BYTES), row(2)]))
    rendering.work()
    assert [[r["start"] for r in m["rows"]] for m in messages_of(rendering)] == [[0], [1], [2]]


def test_an_empty_snapshot_is_a_snapshot() -> None:
    """No rows, and no parts."""
    rendering = rendering_of(iter(()))
    assert rendering.work()
    (message,) = messages_of(rendering, id_=7)
    assert message == {
        "type": "snapshot", "id": 7, "epoch": "e1", "offset": 12, "meta": {"name": "k"}, "watermark": 99, "rows": []
    }  # fmt: skip


def test_only_rows_that_are_asked_for_and_true_are_in_it() -> None:
    """`where` narrows; a retraction is no row."""
    rows = [row(0), row(1, country="FR"), row(2, kind="retract")]
    rendering = rendering_of(iter(rows), {"country": "DE"})
    rendering.work()
    assert [r["start"] for r in messages_of(rendering)[0]["rows"]] == [0]
