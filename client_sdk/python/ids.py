"""UUID version 7: ids that sort by the time they were made."""

from __future__ import annotations

__all__ = ["uuid7"]


def uuid7(now: int, random_bits: int) -> str:
    """The UUIDv7 of `now` (epoch ms) and 74 random bits, in its usual text form.

    >>> uuid7(1795334400123, 0)
    '01a20244-e87b-7000-8000-000000000000'
    """
    high = random_bits >> 62 & 0xFFF
    low = random_bits & (1 << 62) - 1
    value = (now & (1 << 48) - 1) << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low
    digits = f"{value:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
