"""Which frames of many hold an event that needs a look of its own, judged on their bytes alone.

The typed decode of a frame does not see what it skips: a number beyond 64 bits in a property that no KPI reads, an
event nested too deep, a NUL in a name, a text that is too long. Looking for those in each frame costs as much as
decoding it; over the bytes of a whole commit group it is a handful of vector operations. A frame is never left out that
has such an event; one that has none is named rarely, and then the careful reading finds nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["suspects"]

_CHUNK: Final = 131_072  # bytes looked at together, so that they and their masks stay in the cache
_PAD: Final = b" " * 32  # behind each chunk: windows may reach over its end, and a number ends there
_WINDOW: Final = 24  # digits in a row that are looked at before and behind an exponent
_DIGITS: Final = 10  # before the point, from which on an exponent of one digit may lead beyond 64 bits
_LOWER: Final = 0x20  # the bit between "E" and "e", and between "[" and "{"
_ALL_DIGITS: Final = 0x01010101
_BEFORE: Final = np.isin(np.arange(256), list(b":,[ \t\r\n"))
_BEHIND: Final = np.isin(np.arange(256), list(b",]} \t\r\n"))
"""Whether a byte may stand before or behind a number."""
_ON: Final = _BEHIND | np.isin(np.arange(256), list(b"0123456789"))
_NONE: Final = np.zeros(0, np.int64)

Bools = NDArray[np.bool_]
Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]


def suspects(
    texts: Sequence[bytes], max_text: int, opens: Sequence[int] | None = None, max_depth: int = 0
) -> list[int]:
    """The places, ascending, of the texts in which some event may need a verdict. About 1.5 us for a text of 2.6 KB.

    Args:
        texts: batch messages that were decoded, or events, each beginning and ending with a brace.
        max_text: bytes of one text.
        opens: how many braces and brackets the decode of each accounts for; what is above may be nesting. -1 for all,
            None when the depth of no text needs a look.
        max_depth: of an event.
    """
    found: set[int] = set()
    for first, last in _chunks(texts):
        part = texts[first:last]
        text = b"".join((*part, _PAD))
        sizes = np.array([len(one) for one in part])
        if int(sizes.max()) > max_text:
            found.update((first + np.flatnonzero(sizes > max_text)).tolist())
        if b"\\" in text and b"\\u0000" in text:
            found.update(first + place for place, one in enumerate(part) if b"\\u0000" in one)
        starts = np.cumsum(sizes) - sizes
        data = np.frombuffer(text, np.uint8)
        lower = data | np.uint8(_LOWER)
        known = () if opens is None else opens[first:last]
        if max(known, default=-1) >= 0:
            surplus = max_depth - 2
            brackets = lower == ord("{")
            if min(known) < 0 or np.count_nonzero(brackets) - sum(known) >= surplus:
                plain = np.array(known)
                deep = (plain >= 0) & (_counts(np.flatnonzero(brackets), starts) - plain >= surplus)
                found.update((first + np.flatnonzero(deep)).tolist())
        digit = (data - np.uint8(ord("0"))) < 10
        for places in (_long_integers(data, digit), _long_exponents(data, digit, lower)):
            if places.size:
                found.update((first + np.searchsorted(starts, places, "right") - 1).tolist())
    return sorted(found)


def _chunks(texts: Sequence[bytes]) -> Iterator[tuple[int, int]]:
    """Bounds of runs of texts of about `_CHUNK` bytes."""
    first = size = 0
    for place, text in enumerate(texts):
        size += len(text)
        if size >= _CHUNK:
            yield first, place + 1
            first, size = place + 1, 0
    if first < len(texts):
        yield first, len(texts)


def _counts(places: Places, starts: Places) -> Places:
    """How many of the places lie in each text."""
    return np.diff(np.append(np.searchsorted(places, starts), len(places)))


def _long_integers(data: Bytes, digit: Bools) -> Places:
    """Where numbers stand with 19 digits or more before the point."""
    # They fill at least four aligned words of four in a row; the 13 digits of a timestamp fill three at most.
    words = digit[: len(digit) & ~3].view(np.uint32) == _ALL_DIGITS
    pairs = words[1:] & words[:-1]
    fours = pairs[2:] & pairs[:-2]
    if not fours.any():
        return _NONE
    fours[1:] &= ~fours[:-1]
    at = 4 * np.flatnonzero(fours)
    before = digit[at - 1].astype(np.int64)
    before += digit[at - 1] & digit[at - 2]
    before += digit[at - 1] & digit[at - 2] & digit[at - 3]
    start = at - before
    long = digit[start + 16] & digit[start + 17] & digit[start + 18]
    # In a text they are no number: ids of 19 digits are usual there.
    sign = data[start - 1] == ord("-")
    found: Places = start[long & _BEFORE[data[start - 1 - sign]]]
    return found


def _long_exponents(data: Bytes, digit: Bools, lower: Bytes) -> Places:
    """Where numbers have an exponent that may lead beyond the range: of two digits, or of one behind ten digits.

    Hexadecimal ids look the same, but for the end of a number.
    """
    marked = (lower[1:] == ord("e")) & digit[:-1]
    if not marked.any():
        return _NONE
    places = np.flatnonzero(marked)
    begin = places + 2
    begin += data[begin] == ord("+")
    # Nearly all of the ids are out before their digits are counted.
    hit = digit[begin]
    places, begin = places[hit], begin[hit]
    hit = _BEHIND[data[begin + 1]] | (digit[begin + 1] & _ON[data[begin + 2]])
    places, begin = places[hit], begin[hit]
    if not places.size:
        return _NONE
    size = _run(digit, begin, 1)
    hit = (size == _WINDOW) | _BEHIND[data[begin + size]]
    places, size = places[hit], size[hit]
    short = np.flatnonzero(size == 1)
    if short.size:
        # Java writes each double from 1e7 on like this. Back from the last digit, over a point.
        last = places[short]
        point = last - _run(digit, last, -1)
        last = np.where(data[point] == ord("."), point - 1, last)
        few = _run(digit, last, -1) < _DIGITS
        places = np.delete(places, short[few])
    return places


def _run(digit: Bools, start: Places, step: int) -> Places:
    """How many digits there are in a row from each place on, at most `_WINDOW`; `step` is the direction."""
    # Over either end of the data it comes to the padding, which has no digits.
    window = start[:, None] + step * np.arange(_WINDOW + 1)
    over = ~digit[window]
    over[:, -1] = True
    run: Places = over.argmax(axis=1)
    return run
