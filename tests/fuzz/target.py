"""A function to be fuzzed, and what makes bytes for it: examples to begin with, and words of its language."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from hypothesis import strategies as st

__all__ = ["Choices", "Target", "mutated", "one_line"]


class Target(NamedTuple):
    """One reader of bytes."""

    name: str
    run: Callable[[bytes], None]
    """Returns for all bytes; raises when the reader did what it must not."""
    seeds: tuple[bytes, ...]
    tokens: tuple[bytes, ...] = ()

    def __repr__(self) -> str:
        return self.name


class Choices:
    """Bytes as a sequence of decisions, for what no bytes at random would get through to; zeros without end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> bool:
        """Whether there are bytes left."""
        return self._at < len(self._data)

    def below(self, bound: int) -> int:
        """A number below a bound of at most 65,536."""
        self._at += 2
        return int.from_bytes(self._data[self._at - 2 : self._at], "little") % bound

    def rest(self) -> bytes:
        """All that is left."""
        at, self._at = self._at, len(self._data)
        return self._data[at:]


def one_line(refused: Exception) -> None:
    """A refusal is for a person, on one line."""
    assert "\n" not in str(refused)


def mutated(target: Target) -> st.SearchStrategy[bytes]:
    """Bytes near the examples of a target: cut, repeated, overwritten, with words of its language put in."""
    seeds = st.sampled_from(target.seeds)
    piece = st.binary(min_size=1, max_size=4) | st.sampled_from(target.tokens or (b"\x00",))
    place = st.integers(0, max(len(seed) for seed in target.seeds))
    kind = st.sampled_from(["put", "put", "over", "over", "cut", "again", "end"])
    steps = st.lists(st.tuples(kind, place, st.integers(1, 40), piece), max_size=6)
    return st.builds(_changed, seeds, steps) | st.binary(max_size=64)


def _changed(data: bytes, steps: list[tuple[str, int, int, bytes]]) -> bytes:
    for kind, place, size, piece in steps:
        at = place % (len(data) + 1)
        match kind:
            case "put":
                data = data[:at] + piece + data[at:]
            case "over":
                data = data[:at] + piece + data[at + len(piece) :]
            case "cut":
                data = data[:at] + data[at + size :]
            case "again":
                data = data[: at + size] + data[at:]
            case "end":
                data = data[:at]
    return data
