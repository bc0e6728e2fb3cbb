"""The process under test: a real `EventLog` on a real folder, told what to do by its arguments.

    python -m tests.store.child FOLDER COUNT [FLAG ..]

It says `ack POSITION` on standard output, unbuffered and from the writer thread, for each row that was acknowledged.
Its rows are `payload(position)`, so that whoever reads the folder knows what they must hold.
What it was refused for goes to standard error.
Flags: `small` (checkpoints and pieces so small that a short run sees many), `snapshots`, `quarantine`, `off`, `normal`
(weaker `synchronous`), `early` (acknowledges before the commit), `trim`, `window=N` (so many calls in flight), `brim`
(no low-water mark: the disk itself must refuse). Two make the disk small until the first refusal: `ballast=N` (a file
of so many bytes beside the folder) and `quota=N` (the database may have so many pages).
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

from gateway.store import Committed, EventLog, Failed, Quarantined, Result, schema, snapshots, space, writer
from gateway.store.jobs import Append

EXIT_FAILED = 74
EXIT_REFUSED = 75


def payload(position: int) -> bytes:
    """What the row at `position` holds: 100 bytes to 20 KB, told apart everywhere."""
    size = (position * 7919) % 20_000 + 100
    return (b"%d." % position) * (size // (len(str(position)) + 1))


def blobs(position: int) -> dict[str, bytes]:
    """What the snapshot at `position` holds."""
    return {"engine": b"engine %d " % position * 4_000, "dedup": b"dedup %d" % position, "empty": b""}


def main(folder: str, count: int, flags: list[str]) -> int:
    """Append `count` rows; 0 when all were acknowledged, 74 on a storage failure, 75 when some were only refused."""
    _mutate(flags)
    log = EventLog.open(
        Path(folder),
        retention_ms=1 if "trim" in flags else 10**12,
        max_bytes=10**12,
        keep_snapshots=2,
        quarantine_rows=50,
    )
    window = _number(flags, "window") or 1
    relieve = _burden(log, Path(folder), flags)
    free = threading.Semaphore(window)
    refused: list[Failed] = []
    # The calls are numbered as their rows should be; what is refused is called again, as a producer would.
    for number in range(log.last_position() + 1, log.last_position() + count + 1):
        while True:
            free.acquire()
            answers: list[Result] = []
            log.append(payload(number), 1, number, partial(_answered, answers, refused, free, relieve))
            if window > 1 or _settled(answers, free):
                break
            if log.failure is not None:
                return EXIT_FAILED
        if "quarantine" in flags:
            log.quarantine([Quarantined("late", number, "child", payload(number))])
        if "snapshots" in flags and number % 20 == 0:
            log.snapshot(log.last_position(), blobs(log.last_position()), 10**9, _saved)
    for _ in range(window):
        free.acquire()
    if log.failure is None:
        log.close()
    return _code(log, refused)


def _code(log: EventLog, refused: list[Failed]) -> int:
    if log.failure is not None:
        return EXIT_FAILED
    return EXIT_REFUSED if refused else 0


def _settled(answers: list[Result], free: threading.Semaphore) -> bool:
    """With one call in flight: wait for its answer; whether the row is in."""
    free.acquire()
    free.release()
    return isinstance(answers[0], Committed)


def _number(flags: list[str], name: str) -> int:
    return next((int(flag.partition("=")[2]) for flag in flags if flag.startswith(f"{name}=")), 0)


def _burden(log: EventLog, folder: Path, flags: list[str]) -> Callable[[], None]:
    """Take room away; what gives it back. That is called in the writer thread, which owns the connection."""
    ballast, connection = folder.parent / "ballast", log._writer._connection
    if size := _number(flags, "ballast"):
        ballast.write_bytes(bytes(size))
    if pages := _number(flags, "quota"):
        connection.execute(f"PRAGMA max_page_count = {pages}")

    def relieve() -> None:
        ballast.unlink(missing_ok=True)
        if pages:
            connection.execute(f"PRAGMA max_page_count = {1 << 30}")

    return relieve


def _answered(
    to: list[Result], refused: list[Failed], free: threading.Semaphore, relieve: Callable[[], None], result: Result
) -> None:
    to.append(result)
    if isinstance(result, Committed):
        os.write(1, b"ack %d\n" % result.position)
    else:
        if not refused:
            relieve()
        refused.append(result)
        os.write(2, f"{result.error}\n".encode())
        os.write(1, b"fail %s\n" % type(result.error).__name__.encode("ascii"))
    free.release()


def _saved(result: Result) -> None:
    os.write(1, b"snapshot %d\n" % result.position if isinstance(result, Committed) else b"no snapshot\n")


def _mutate(flags: list[str]) -> None:
    if "small" in flags:
        writer.CHECKPOINT_BYTES = 200_000
        snapshots.PIECE_BYTES = 16_384
    if "off" in flags or "normal" in flags:
        schema.SYNCHRONOUS = "OFF" if "off" in flags else "NORMAL"
    if "brim" in flags:
        space.Space.fits = lambda self, size: True  # type: ignore[method-assign]
    if "early" in flags:
        _acknowledge_early()


def _acknowledge_early() -> None:
    real = writer.Writer._transact

    def early(self: writer.Writer, appends: list[Append]) -> None:
        for number, append in enumerate(appends, start=self.last_position + 1):
            append.done(Committed(number, 0.0, len(append.payload)))
        real(self, [append._replace(done=lambda result: None) for append in appends])

    writer.Writer._transact = early  # type: ignore[method-assign]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), sys.argv[3:]))
