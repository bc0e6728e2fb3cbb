"""Whole lines out of pieces of any size."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.core import lines
from gateway.core.lines import Lines


@given(st.binary(max_size=40).map(lambda b: b.replace(b"b", b"\n")), st.lists(st.integers(0, 40), max_size=8))
def test_nothing_is_lost_and_no_line_is_cut(data: bytes, cuts: list[int]) -> None:
    """However the bytes are cut: what is given back is what came, and each part but the rest ends with a line end."""
    taken, parts, start = Lines(), list[bytes](), 0
    for cut in [*sorted(cuts), len(data)]:
        parts.append(taken.feed(data[start:cut]))
        start = max(start, cut)
    rest = taken.rest()
    assert b"".join(parts) + rest == data
    assert all(part.endswith(b"\n") for part in parts if part)
    assert b"\n" not in rest
    assert taken.rest() == b""


def test_what_is_beyond_the_bound_of_a_line_is_thrown_away() -> None:
    """A line without end takes bounded memory, and the next line is whole again."""
    taken = Lines()
    bound = lines.MAX_LINE
    for _ in range(3):
        assert taken.feed(b"x" * bound) == b""
    whole = taken.feed(b"y\ngood\n")
    assert whole == b"x" * bound + b"\ngood\n"
