"""What waits for the disk."""

from __future__ import annotations

from gateway.core.producer import Arrival
from gateway.core.producers import Producer, ProducerTable
from gateway.server import pending
from gateway.server.pending import Pending
from gateway.wire.columns import Columns


def arrival(size: int, events: int = 1) -> Arrival:
    columns = Columns(events, 0, (), None, ())
    return Arrival(Producer("p", 1, 0), 1, 1, columns, None, b"x" * size, 0, 0, None, b"", None)


def raised(table: ProducerTable, epoch: int) -> Producer:
    """The row of "p" after a hello in this epoch."""
    claim = table.claim("p", epoch, 5)
    assert claim is not None
    return claim.producer


def test_a_group_is_bounded() -> None:
    """In bytes and in events, in order; one batch goes whatever its size."""
    waiting = Pending()
    big = arrival(pending.GROUP_BYTES + 1)
    many = arrival(10, pending.GROUP_EVENTS)
    small = [arrival(n) for n in (10, 20)]
    for each in (big, many, *small):
        waiting.add(each)
    assert [waiting.take()[:2] for _ in range(3)] == [([big], 1), ([many], pending.GROUP_EVENTS), (small, 2)]
    assert not waiting


def test_bytes_are_pending_until_they_are_on_disk() -> None:
    """Taking a group frees nothing."""
    waiting = Pending()
    waiting.add(arrival(100))
    taken = waiting.take()
    waiting.add(arrival(10))
    assert waiting.bytes == 110
    waiting.settle(taken)
    assert waiting.bytes == 10


def test_raised_epochs_go_with_the_next_group() -> None:
    """Also when there are no batches; whoever waits hears when they are on disk."""
    table, heard = ProducerTable(10), list[int]()
    raised(table, 1)
    row = raised(table, 2)
    waiting = Pending()
    waiting.fence(row, lambda: heard.append(2))
    assert waiting
    taken = waiting.take()
    (one,) = taken.raises
    assert (taken.arrivals, one.fence.producer, one.fence.epoch, one.fence.last_seq) == ([], "p", 2, 4)
    assert (bool(waiting), heard, row.epoch_durable) == (False, [], False)
    one.conclude()
    assert (heard, row.epoch_durable) == ([2], True)


def test_an_epoch_that_was_raised_again_is_for_the_later_to_tell() -> None:
    """The earlier hello is fenced by then."""
    table, heard = ProducerTable(10), list[int]()
    raised(table, 1)
    waiting = Pending()
    for epoch in (2, 3):
        waiting.fence(raised(table, epoch), lambda epoch=epoch: heard.append(epoch))  # type: ignore[misc]
    first, second = waiting.take().raises
    first.conclude()
    assert (heard, second.producer.epoch_durable) == ([], False)
    second.conclude()
    assert (heard, second.producer.epoch_durable) == ([3], True)
