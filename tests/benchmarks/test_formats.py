"""The forms and encodings of batches, compared before they are timed."""

from __future__ import annotations

import pytest

from benchmarks.formats import check, new_fold, run, sides
from benchmarks.report import UnequalError


def test_every_side_is_measured() -> None:
    """Bytes and CPU of each form in each encoding; columns are the smaller form, whatever the encoding."""
    report = run([], rounds=1, events=400)
    found = {one.name: one.median for one in report.series}
    names = [f"{form}/{encoding}" for form in ("rows", "columns") for encoding in ("json", "msgpack", "protobuf")]
    assert all(found[f"{name}/cpu"] > 0 for name in names)
    sizes = [found[f"{name}/bytes"] for name in names]
    assert max(sizes[3:]) < min(sizes[:3])


def test_nothing_is_a_repeat_of_something() -> None:
    """All events of the pool are counted, by each side."""
    for side in sides(10):
        batches = side.read(new_fold())
        assert sum(batch.n for batch in batches) == 200
        assert all(batch.skip is None for batch in batches)


def test_a_side_that_reads_something_else_is_refused() -> None:
    """One event less has no speed."""
    some = sides(4)
    some[1].frames.pop()
    with pytest.raises(UnequalError, match="msgpack"):
        check(some)
