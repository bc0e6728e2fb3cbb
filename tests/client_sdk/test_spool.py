"""The spool gives back exactly what was written, to one process at a time."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from client_sdk.python.backlog import Backlog
from client_sdk.python.batch import Batch
from client_sdk.python.errors import SpoolError
from client_sdk.python.event import Event
from client_sdk.python.journal import Gone, Saved, Sealed
from client_sdk.python.ledger import Ledger
from client_sdk.python.spool import Spool


def filled(path: Path) -> tuple[Spool, Backlog]:
    """A spool with batch 1 settled, batch 2 under way and two events queued, one of them of low priority."""
    spool = Spool(path)
    backlog = Backlog(spool.load("p"), journaling=True, low_priority={"low"})
    for number in range(5):
        name = "low" if number == 4 else "e"
        backlog.add(Event(f"uuid-{number}", name, b'{"n":%d}' % number), 77)
    backlog.seal(100, 2, 1_000, 50)
    backlog.seal(200, 1, 1_000, 50)
    backlog.settle(1, [(1, 0, "drop", "late")])
    spool.write(backlog.take_journal(), backlog.ledger())
    return spool, backlog


def reopened(path: Path) -> Saved:
    spool = Spool(path)
    try:
        return spool.load("other")
    finally:
        spool.close()


def test_a_new_spool_remembers_its_producer(tmp_path: Path) -> None:
    """The identity of the first process is that of all later ones."""
    spool = Spool(tmp_path / "spool")
    assert spool.load("p") == Saved("p")
    spool.close()
    assert reopened(tmp_path / "spool") == Saved("p")


def test_the_state_comes_back(tmp_path: Path) -> None:
    """Batches keep number, bytes and events; queued events keep order and priority; the account goes on."""
    spool, backlog = filled(tmp_path / "spool")
    batch = backlog.unacked[0]
    spool.close()
    saved = reopened(tmp_path / "spool")
    assert (saved.producer_id, saved.epoch, saved.next_seq, saved.acked, saved.last_ordinal) == ("p", 1, 3, True, 5)
    assert saved.ledger == backlog.ledger() == Ledger(5, 1, 0, 1, 0, 3)
    assert [(kept.seq, kept.frame()) for kept in saved.batches] == [(2, batch.frame())]
    assert [(event.uuid, event.low) for event in saved.queued] == [("uuid-3", False), ("uuid-4", True)]


def test_a_new_epoch_comes_back(tmp_path: Path) -> None:
    """After a raise there are no batches, and every event is queued in its order."""
    spool, backlog = filled(tmp_path / "spool")
    backlog.raise_epoch()
    spool.write(backlog.take_journal(), backlog.ledger())
    spool.close()
    saved = reopened(tmp_path / "spool")
    assert (saved.epoch, saved.next_seq, saved.acked, saved.batches) == (2, 1, False, ())
    assert [event.uuid for event in saved.queued] == ["uuid-2", "uuid-3", "uuid-4"]


def test_what_expired_is_gone(tmp_path: Path) -> None:
    """Given-up events do not come back, and are counted."""
    spool, backlog = filled(tmp_path / "spool")
    backlog.shed()
    spool.write(backlog.take_journal(), backlog.ledger())
    spool.close()
    saved = reopened(tmp_path / "spool")
    assert [event.uuid for event in saved.queued] == ["uuid-3"]
    assert saved.ledger.expired == 1


def test_one_process_at_a_time(tmp_path: Path) -> None:
    """A spool in use is refused at once, and free after a close."""
    spool = Spool(tmp_path / "spool")
    with pytest.raises(SpoolError, match="locked"):
        Spool(tmp_path / "spool")
    spool.close()
    spool.close()
    Spool(tmp_path / "spool").close()


def test_a_write_is_whole_or_not_at_all(tmp_path: Path) -> None:
    """When one record cannot be written, none of its transaction is."""
    spool, backlog = filled(tmp_path / "spool")
    repeated = Sealed(Batch(2, 0, 0, backlog.unacked[0].events))
    with pytest.raises(SpoolError):
        spool.write([Gone((4, 5)), repeated], Ledger())
    spool.close()
    assert len(reopened(tmp_path / "spool").queued) == 2


@pytest.mark.parametrize(
    "content", [b"not a database, but long enough to look at" * 20, b"SQLite format 3\0garbage" * 99]
)
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    """What is no spool is not touched."""
    path = tmp_path / "spool"
    path.write_bytes(content)
    with pytest.raises(SpoolError, match="spool"):
        Spool(path)
    assert path.read_bytes() == content


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """The path is in the message."""
    with pytest.raises(SpoolError, match="nowhere"):
        Spool(tmp_path / "nowhere" / "spool")


@pytest.mark.parametrize(
    ("damage", "match"),
    [("DELETE FROM event WHERE ordinal = 4", "missing"), ("UPDATE producer SET version = 9", "version 9")],
)
def test_damage_is_noticed(tmp_path: Path, damage: str, match: str) -> None:
    """A file whose account does not balance, or of another version, is refused."""
    spool, _ = filled(tmp_path / "spool")
    spool.close()
    database = sqlite3.connect(tmp_path / "spool")
    database.execute(damage)
    database.commit()
    database.close()
    again = Spool(tmp_path / "spool")
    with pytest.raises(SpoolError, match=match):
        again.load("p")
    again.close()
