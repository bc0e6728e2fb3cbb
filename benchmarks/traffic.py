"""The traffic of the ingest benchmarks: a fixed, seeded pool of batches, and the wire frames made from it.

A batch of the pool is sent many times; each time it carries a new `seq` and current timestamps. What was sent is
known from the number of frames alone, since the pool is walked in order, so a model can count it afterwards.
"""

from __future__ import annotations

import random
from typing import Any, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

__all__ = ["BATCH_EVENTS", "FIRST_SEQ", "FORMS", "MASK", "FramePool", "Happening", "make_pool", "masked_frame"]

BATCH_EVENTS = 20
# Eight digits from the first to the last, so that a sequence number is overwritten in place.
FIRST_SEQ = 10_000_001
# A masking key of one repeated byte: as much work for the server as any key, and a digit is masked by a table look-up.
MASK = 0x5A
MASK_TABLE = bytes(i ^ MASK for i in range(256))

_KINDS = ("$pageview", "$autocapture", "purchase", "$exception", "$web_vitals")
_WEIGHTS = (45, 25, 12, 6, 12)
_COUNTRIES = ["DE", "FR", "GB", "US", "IN", "BR", "JP", "PL", "ES", "IT"]
_COUNTRIES += ["NL", "SE", "NO", "FI", "DK", "CH", "AT", "BE", "PT", "IE"]
_USERS = 10_000
_PATHS = 40
# Events of one batch happened during the half second before it is sent, which is the SDK's flush interval.
_SPREAD_MS = 475
# Thirteen digits that a stamp overwrites.
_STAMP = 1_700_000_000_000


class Happening(NamedTuple):
    """One event of the pool. `age` is how many ms before its batch was stamped it happened."""

    event: str
    age: int
    user: str
    country: str
    value: float
    path: str


def make_pool(batches: int, seed: int) -> list[list[Happening]]:
    """`batches` batches of `BATCH_EVENTS` events each; equal arguments give equal pools."""
    rng = random.Random(seed)
    pool = []
    for _ in range(batches):
        ages = sorted((rng.randrange(_SPREAD_MS) for _ in range(BATCH_EVENTS)), reverse=True)
        pool.append([_happening(rng, age) for age in ages])
    return pool


def _happening(rng: random.Random, age: int) -> Happening:
    kind = rng.choices(_KINDS, _WEIGHTS)[0]
    # A purchase is a price, a web vital is a duration, the rest carry a small score: every event has a value.
    value: float = {"purchase": rng.randrange(500, 50_000) / 100, "$web_vitals": rng.randrange(50, 4_000)}.get(
        kind, rng.randrange(10)
    )
    path = f"/{min(rng.randrange(_PATHS), rng.randrange(_PATHS))}"
    return Happening(kind, age, f"u{rng.randrange(_USERS)}", rng.choice(_COUNTRIES), value, path)


def masked_frame(payload: bytes, opcode: int = 1) -> bytes:
    """One final client frame, masked by `MASK`; the payload is at most 65,535 bytes."""
    head = bytes([0x80 | opcode, 0x80 | len(payload)]) if len(payload) < 126 else b""
    if not head:
        head = bytes([0x80 | opcode, 0xFE]) + len(payload).to_bytes(2, "big")
    return head + bytes([MASK]) * 4 + payload.translate(MASK_TABLE)


class FramePool:
    """The pool as masked WebSocket frames in one buffer, restamped together and given a `seq` one by one.

    Args:
        pool: the batches.
        form: how they are written, `rows` or `columns`.
    """

    def __init__(self, pool: list[list[Happening]], form: str = "rows") -> None:
        frames, self._seq_at, stamps, ages = [], [], [], []
        at = 0
        for batch in pool:
            payload, seq_at, stamp_at, aged = FORMS[form](batch)
            frame = masked_frame(payload)
            start = at + len(frame) - len(payload)
            self._seq_at.append(start + seq_at)
            stamps += [start + offset for offset in stamp_at]
            ages += aged
            frames.append(frame)
            at += len(frame)
        self._buffer = bytearray(b"".join(frames))
        self._bytes: NDArray[np.uint8] = np.frombuffer(self._buffer, dtype=np.uint8)
        self._digits = np.array(stamps)[:, None] + np.arange(13)
        self._ages = np.array(ages, dtype=np.int64)
        view, at = memoryview(self._buffer), 0
        self.frames: list[memoryview] = []
        for frame in frames:
            self.frames.append(view[at : at + len(frame)])
            at += len(frame)
        self.payload_bytes = [len(frame) - 8 for frame in frames]

    def __len__(self) -> int:
        return len(self.frames)

    def stamp(self, now: int) -> None:
        """Set `sent_at` of every batch to `now` (epoch ms) and each event's timestamp to its age before; about 1 ms."""
        left = now - self._ages
        for column in range(12, -1, -1):
            left, digit = np.divmod(left, 10)
            self._bytes[self._digits[:, column]] = (digit + 48).astype(np.uint8) ^ MASK

    def frame(self, index: int, seq: int) -> memoryview:
        """The frame at `index` with its `seq` set. It is a view: it holds until the same frame is asked for again."""
        at = self._seq_at[index]
        self._buffer[at : at + 8] = (b"%d" % seq).translate(MASK_TABLE)
        return self.frames[index]


class _Text(NamedTuple):
    """A batch as JSON with placeholder digits."""

    payload: bytes
    seq_at: int
    stamps_at: list[int]
    ages: list[int]
    """How many ms before the stamp each of those times is."""


def _head(kind: str) -> tuple[str, int, int]:
    """The beginning of a batch; where `seq` and `sent_at` stand in it."""
    text = f'{{"type":"{kind}","seq":'
    seq_at = len(text)
    text += f'{FIRST_SEQ},"sent_at":'
    return text + f'{_STAMP},"backlog":0,', seq_at, len(text)


def _rows(batch: list[Happening]) -> _Text:
    text, seq_at, sent_at = _head("batch")
    text, stamps = text + '"events":[', [sent_at]
    for number, one in enumerate(batch):
        text += ("," if number else "") + f'{{"event":"{one.event}","timestamp":'
        stamps.append(len(text))
        text += f'{_STAMP},"distinct_id":"{one.user}","properties":{{"country":"{one.country}",'
        text += f'"value":{one.value!r},"$pathname":"{one.path}"}}}}'
    return _Text((text + "]}").encode("ascii"), seq_at, stamps, [0] + [one.age for one in batch])


def _columns(batch: list[Happening]) -> _Text:
    text, seq_at, sent_at = _head("columns")
    text += '"t0":'
    stamps = [sent_at, len(text)]
    text += f'{_STAMP},"n":{len(batch)},"dt":{_json([-one.age for one in batch])},'
    text += f'"event":{_coded([one.event for one in batch])},"distinct_id":{_coded([one.user for one in batch])},'
    text += f'"properties":{{"country":{_coded([one.country for one in batch])},'
    text += f'"value":{_json([one.value for one in batch])},"$pathname":{_coded([one.path for one in batch])}}}}}'
    return _Text(text.encode("ascii"), seq_at, stamps, [0, 0])


def _coded(values: list[str]) -> str:
    """A column of texts: its dictionary, and each event's place in it."""
    places: dict[str, int] = {}
    codes = [places.setdefault(value, len(places)) for value in values]
    return _json({"d": list(places), "i": codes})


def _json(value: Any) -> str:
    return orjson.dumps(value).decode("ascii")


FORMS = {"rows": _rows, "columns": _columns}
