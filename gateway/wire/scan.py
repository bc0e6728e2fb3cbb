"""Reading JSON text that no parser takes as a whole: where the events begin and end, how deep they nest.

A batch with one broken event must not lose its good ones. The scanner knows strings and brackets only, so it finds the
borders of array elements even when a number, an escape or a literal between them is not JSON. It does not recurse.
Cost: about 40 ns a token; called for frames that the fast path refused, never for ordinary ones.
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["Envelope", "depth", "open_envelope"]

# Possessive, and an unclosed string reaches to the end: each byte is looked at once, whatever a client sends.
_STRING = rb'"(?:[^"\\]++|\\.|\\\Z)*+(?:"|\Z)'
_TOKENS = re.compile(_STRING + rb"|[\[\]{},:]", re.DOTALL)
_STRINGS = re.compile(_STRING, re.DOTALL)


class Envelope(NamedTuple):
    """A message split around its `events`: the text with an empty array, and the raw text of each element."""

    shell: bytes
    events: list[bytes]


def open_envelope(text: bytes) -> Envelope | None:
    """Split `text` around the array of its top-level key `events`; None when there is no such closed array."""
    level = 0
    key: bytes | None = None
    expecting_key = False
    start = 0
    opened_at = -1
    events: list[bytes] = []
    for token in _TOKENS.finditer(text):
        kind = token[0]
        if kind in (b"{", b"["):
            level += 1
            if level == 2 and kind == b"[" and key == b'"events"' and opened_at < 0:
                opened_at, start = token.end(), token.end()
            expecting_key = level == 1
        elif kind in (b"}", b"]"):
            if level == 2 and opened_at >= 0:
                last = text[start : token.start()].strip()
                if last or events:
                    events.append(last)
                return Envelope(text[:opened_at] + text[token.start() :], events)
            level -= 1
        elif kind == b",":
            if level == 2 and opened_at >= 0:
                events.append(text[start : token.start()].strip())
                start = token.end()
            expecting_key = level == 1
        elif kind == b":":
            expecting_key = False
        elif expecting_key:
            key = kind
    return None


def depth(text: bytes) -> int:
    """The deepest nesting of objects and arrays in `text`; a flat object is 1. Text in strings does not count."""
    level = deepest = 0
    for byte in _STRINGS.sub(b"", text):
        if byte in b"{[":
            level += 1
            deepest = max(deepest, level)
        elif byte in b"}]":
            level -= 1
    return deepest
