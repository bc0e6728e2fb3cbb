"""Findings as lines for a person."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.doctor.findings import Findings, Loss

__all__ = ["lines", "verdict"]


def lines(found: Findings) -> Iterator[str]:
    """One part of the folder after the other; each line stands for itself."""
    yield f"file       {'; '.join(found.structure) if found.structure else 'its structure is whole'}"
    yield f"wal        {_wal(found)}"
    span = f", positions {found.first} to {found.last}" if found.rows else ""
    trimmed = f"; up to {found.trimmed} trimmed" if found.trimmed else ""
    yield f"log        {found.rows} rows with {found.events} events, each proved by its CRC{span}{trimmed}"
    for loss in found.losses:
        yield f"  lost     {_loss(loss)}"
    for batches in found.batches:
        yield f"  lost     {_span('batch', 'batches', *batches[2:])} of producer {batches[0]!r}, epoch {batches[1]}"
    if found.unreadable:
        yield f"  lost     {found.unreadable} rows that are whole and that this version cannot decode"
    for snapshot in found.snapshots:
        yield f"snapshot   at {snapshot.position}: {snapshot.wrong or 'good'}"
    if not found.snapshots:
        yield "snapshot   none yet"
    if found.disproved:
        yield from (f"dedup      {text}" for text in found.disproved)
    else:
        yield f"dedup      {'proved by ' + found.proof if found.proof else 'not proved: rows or snapshots are missing'}"
    for text in found.oddities:
        yield f"beside     {text}"


def _wal(found: Findings) -> str:
    if found.wal_frames is None:
        return "not looked at: a gateway is at work"
    if found.wal_hidden:
        return (
            f"damaged: {found.wal_hidden} flushed transactions are behind a page that is not what was written;"
            " what else it holds is in the lines below"
        )
    return f"{found.wal_frames} pages, nothing behind a damaged one"


def _loss(loss: Loss) -> str:
    where = _span("position", "positions", loss.first, loss.last)
    if loss.counted:
        return f"{where} ({loss.reason}): counted, as the newest good snapshot has it; a replay lacks it"
    return f"{where} ({loss.reason}): no good snapshot has it; what it held is not in the KPIs"


def _span(one: str, many: str, first: int, last: int) -> str:
    return f"{one} {first}" if first == last else f"{many} {first} to {last}"


def verdict(found: Findings) -> str:
    """The last line."""
    if found.whole:
        return "whole"
    lost = sum(loss.last - loss.first + 1 for loss in found.losses)
    uncounted = sum(loss.last - loss.first + 1 for loss in found.losses if not loss.counted)
    return f"damaged; {lost} rows of the log are lost, {uncounted} of them from the KPIs"
