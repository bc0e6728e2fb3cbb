"""The queue as lines for a person: what there is, why, and what to do about it."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from textwrap import wrap
from typing import Final

import orjson

from gateway.core.hints import hint
from gateway.core.letter import Letter

__all__ = ["details", "summary"]

SHOWN: Final = 100
"""Characters of a sample in the list."""
WIDTH: Final = 100


def summary(counts: Mapping[str, int], letters: Iterable[Letter], limit: int) -> Iterator[str]:
    """By reason: how many ever, how many are kept, what to do; then the newest `limit` of those that are kept."""
    kept: Counter[str] = Counter()
    newest: deque[Letter] = deque(maxlen=limit)
    for letter in letters:
        kept[letter.reason] += 1
        newest.append(letter)
    for reason, events in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        yield f"{_plain(reason)}: {events} events, {kept[reason]} kept"
        yield from (f"    {line}" for line in wrap(hint(reason), WIDTH))
    if not counts:
        yield "nothing was ever rejected"
    for letter in reversed(newest):
        sample = _sample(letter)
        sample = sample if len(sample) <= SHOWN else sample[:SHOWN] + "…"
        yield f"{letter.identity}  {_time(letter)}  {_plain(letter.reason)}  {_plain(letter.source) or '-'}  {sample}"


def details(letter: Letter) -> Iterator[str]:
    """All of one."""
    yield f"id        {letter.identity}"
    yield f"reason    {_plain(letter.reason)}"
    yield from (f"          {line}" for line in wrap(hint(letter.reason), WIDTH))
    yield f"received  {_time(letter)}"
    yield f"producer  {_plain(letter.source) or '-'}"
    if letter.defaults:
        yield f"defaults  {_plain(orjson.dumps(letter.defaults).decode())}"
    if letter.event is not None:
        yield from orjson.dumps(letter.event, option=orjson.OPT_INDENT_2).decode().splitlines()
    else:
        yield f"{'the beginning of its text' if letter.cut else 'its text'}, which is no JSON object:"
        yield _plain(letter.text)


def _sample(letter: Letter) -> str:
    return _plain(letter.text if letter.event is None else orjson.dumps(letter.event).decode())


def _plain(text: str) -> str:
    """One line without what a terminal would obey."""
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)


def _time(letter: Letter) -> str:
    try:
        return datetime.fromtimestamp(letter.received_at / 1000, UTC).isoformat(timespec="milliseconds")
    except (OverflowError, ValueError, OSError):
        return str(letter.received_at)
