"""One KPI as the model server has it: its rows, and every step that led to them."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["Topic", "identity"]

Message = dict[str, Any]


class Topic:
    """One KPI: its rows by identity, and every step that led to them."""

    def __init__(self, entry: Message) -> None:
        self.meta = entry
        self.offset = 0
        self.watermark: int | None = None
        self.rows: dict[str, Message] = {}
        self.steps: list[tuple[int, list[Message], list[list[Any]]]] = []

    def step(self, rows: list[Message], gone: list[list[Any]], watermark: int | None) -> Message:
        """Apply one step; the delta that says so, without its id."""
        prev = self.offset
        self.offset += 1
        self.watermark = watermark if watermark is not None else self.watermark
        for changed in rows:
            self.rows[identity(changed["dims"], changed["start"])] = changed
        for dims, start in gone:
            self.rows.pop(identity(dims, start), None)
        self.steps.append((self.offset, rows, gone))
        return self._delta(prev, rows, gone)

    def since(self, offset: int) -> Message:
        """One conflated delta from `offset` to the head."""
        later = [step for step in self.steps if step[0] > offset]
        return self._delta(
            offset, [row for _, rows, _ in later for row in rows], [g for _, _, gone in later for g in gone]
        )

    def snapshot(self, epoch: str) -> Message:
        """Every row, without the subscription's id."""
        head: Message = {"type": "snapshot", "epoch": epoch, "offset": self.offset, "watermark": self.watermark}
        return head | {"meta": self.meta, "rows": list(self.rows.values())}

    def _delta(self, prev: int, rows: list[Message], gone: list[list[Any]]) -> Message:
        head: Message = {"type": "delta", "prev": prev, "offset": self.offset, "watermark": self.watermark}
        return head | {"set": rows, "del": gone}


def identity(dims: Message, start: int) -> str:
    """What a row is replaced by."""
    return json.dumps([sorted(dims.items()), start])
