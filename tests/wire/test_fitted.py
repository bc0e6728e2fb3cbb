"""What is kept takes as much memory as it is long."""

from __future__ import annotations

import tracemalloc

import orjson
import pytest

from gateway.wire.fitted import fitted


@pytest.mark.parametrize("size", [10, 500, 5_000])
def test_a_kept_text_is_as_large_as_it_is_long(size: int) -> None:
    """A hundred of them, to the allocator's grain and the object's head."""
    said = {"a": "x" * size}
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        kept = [fitted(orjson.dumps(said)) for _ in range(100)]
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept == [orjson.dumps(said)] * 100
    assert after - before < 100 * (len(kept[0]) + 64) + 1_000
