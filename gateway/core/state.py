"""What the state of a fold comes to: hashes by part, which are stored with a snapshot and asked for after its restore.

A CRC says that bytes are those that were written. These say more: that what was made of them again is what was alive
when they were written.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Final

import orjson

from analytics.fingerprint import Part, fingerprint
from analytics.snapshot import Snapshot

__all__ = ["State", "of_blobs"]

_WINDOWS: Final = "windows "


class State:
    """`parts` by name: those of `analytics.fingerprint`, and dedup table, event ids and ledger.

    >>> state = State({"ledger": Part("aa", "bb")})
    >>> State.from_bytes(state.to_bytes()).differences(State({"ledger": Part("aa", "cc")}))
    ['ledger']
    """

    def __init__(self, parts: Mapping[str, Part]) -> None:
        self.parts = dict(parts)

    @property
    def hash(self) -> str:
        """One hash of what the log alone decides: the same live and after any replay up to the same position.

        A producer counts from its first batch on, or from its second epoch on. Up to eviction from the dedup table,
        where the order of hellos decides, which are not in the log.
        """
        counted = sorted((name, part.counted) for name, part in self.parts.items())
        return blake2b(orjson.dumps(counted), digest_size=16).hexdigest()

    def differences(self, other: State) -> list[str]:
        """Names of parts that the two do not have alike.

        Windows that only one of them has are left out: a changed KPI set takes only what it can use.
        """
        names = [*self.parts, *(name for name in other.parts if name not in self.parts)]
        return [
            name
            for name in names
            if self.parts.get(name) != other.parts.get(name)
            and not (name.startswith(_WINDOWS) and (name not in self.parts or name not in other.parts))
        ]

    def to_bytes(self) -> bytes:
        """As it is stored."""
        return orjson.dumps({name: list(part) for name, part in self.parts.items()})

    @classmethod
    def from_bytes(cls, data: bytes) -> State:
        """Read back what `to_bytes` gave.

        Raises:
            ValueError: it is anything else.
        """
        try:
            return cls({name: Part(counted, whole) for name, (counted, whole) in orjson.loads(data).items()})
        except (TypeError, AttributeError) as error:
            raise ValueError(f"no hashes of a state: {error}") from None


def of_blobs(engine: Snapshot, blobs: Mapping[str, bytes]) -> State:
    """The state that an engine's snapshot and the blobs `producers`, `uuids` and `ledger` hold. About 1 ms a MB.

    Raises:
        ValueError: the producers are none.
    """
    parts = fingerprint(engine)
    for name in ("uuids", "ledger"):
        parts[name] = Part(*[_hex(blobs[name])] * 2)
    # Of who said hello and sent nothing, the log knows as little as of who was used last.
    rows = sorted(row for row in orjson.loads(blobs["producers"]) if row[1] > 1 or row[2] >= row[3])
    parts["producers"] = Part(_hex(orjson.dumps(rows)), _hex(blobs["producers"]))
    return State(parts)


def _hex(data: bytes) -> str:
    return blake2b(data, digest_size=16).hexdigest()
