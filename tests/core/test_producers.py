"""The dedup table: claims, epochs, eviction."""

from __future__ import annotations

from analytics.restoration import taken
from gateway.core.post import judge_post
from gateway.core.producers import PIECE, ProducerTable


def test_the_first_claim_takes_the_clients_word() -> None:
    """An unknown producer starts where it says."""
    claim = ProducerTable(10).claim("p", 1, 42)
    assert claim is not None
    assert (claim.known, claim.producer.durable_seq) == (False, 41)


def test_a_resume_is_known() -> None:
    """The same epoch within what was received: known, with the durable sequence."""
    table = ProducerTable(10)
    table.claim("p", 1, 1)
    table.settle("p", 1, 5)
    claim = table.claim("p", 1, 3)
    assert claim is not None
    assert (claim.known, claim.producer.durable_seq) == (True, 5)


def test_a_lower_epoch_is_fenced() -> None:
    """A past epoch gets nothing."""
    table = ProducerTable(10)
    table.claim("p", 2, 1)
    assert table.claim("p", 1, 1) is None


def test_a_higher_epoch_starts_anew() -> None:
    """The dedup key holds the epoch."""
    table = ProducerTable(10)
    table.settle("p", 1, 9)
    claim = table.claim("p", 2, 1)
    assert claim is not None
    assert (claim.known, claim.producer.epoch, claim.producer.durable_seq) == (False, 2, 0)


def test_a_client_ahead_of_us_is_unknown() -> None:
    """Acked by a server with a newer disk: it must raise its epoch, so it is met as unknown."""
    table = ProducerTable(10)
    table.settle("p", 1, 5)
    claim = table.claim("p", 1, 50)
    assert claim is not None
    assert not claim.known


def test_a_jump_is_a_gap_and_moves_nothing() -> None:
    """What the row was told it has not is still wanted next, from whoever comes in that epoch."""
    table = ProducerTable(10)
    table.settle("p", 1, 5)
    claim = table.claim("p", 1, 50)
    assert claim is not None
    row = claim.producer
    assert (row.first_seq, row.durable_seq, row.received_seq) == (5, 5, 5)
    again = table.claim("p", 1, 6)
    assert again is not None
    assert again.known


def test_a_client_that_holds_older_batches_is_taken_back_to_them() -> None:
    """A later batch came first, by a post: what is before it is still wanted."""
    table = ProducerTable(10)
    table.claim("p", 1, 3)
    table.settle("p", 1, 3)
    claim = table.claim("p", 1, 1)
    assert claim is not None
    row = claim.producer
    assert (claim.known, row.first_seq, row.durable_seq, row.received_seq) == (True, 1, 0, 0)


def test_what_was_on_its_way_when_the_row_was_taken_back_moves_nothing() -> None:
    """Only the next batch in order does: an ack speaks for all that is before it."""
    table = ProducerTable(10)
    claim = table.claim("p", 1, 3)
    assert claim is not None
    row = claim.producer
    row.received_seq = 3
    table.claim("p", 1, 1)
    row.written(1, 3)
    assert row.durable_seq == 0
    row.written(1, 1)
    assert row.durable_seq == 1


def test_a_post_on_its_way_when_the_row_was_taken_back_is_known_when_it_is_next() -> None:
    """Post 2 overtook post 1, then came the hello: acked 1 is had, so the client need not begin anew."""
    table = ProducerTable(10)
    for seq in (2, 1):
        judge_post(table, "p", 1, seq)
    claim = table.claim("p", 1, 1)
    assert claim is not None
    for seq in (2, 1):
        claim.producer.written(1, seq)
    assert (claim.producer.durable_seq, claim.producer.received_seq) == (1, 1)
    again = table.claim("p", 1, 2)
    assert again is not None
    assert again.known


def test_a_raised_epoch_is_not_durable_until_it_is_written() -> None:
    """Alone or with a batch; a first meeting fences nobody in epoch 1, and has nothing to write then."""
    table = ProducerTable(10)
    first = table.claim("p", 1, 1)
    assert first is not None
    row = first.producer
    durable = [row.epoch_durable]
    table.claim("p", 2, 1)
    durable.append(row.epoch_durable)
    for epoch in (1, 2):
        row.written(epoch, 1)
        durable.append(row.epoch_durable)
    assert durable == [True, False, False, True]
    later = table.claim("q", 2, 1)
    assert later is not None
    assert not later.producer.epoch_durable


def test_the_log_raises_epochs_and_never_lowers_them() -> None:
    """A fence read back: an unknown producer, an older epoch, a newer one."""
    table = ProducerTable(10)
    for epoch, last_seq in ((2, 0), (3, 4), (2, 9)):
        table.raise_epoch("p", epoch, last_seq)
    row = table.get("p")
    assert row is not None
    assert (row.epoch, row.first_seq, row.durable_seq, row.epoch_durable) == (3, 5, 4, True)
    assert table.claim("p", 2, 1) is None


def test_settling_a_past_epoch_changes_nothing() -> None:
    """A batch of the old epoch that was still on its way to disk does not move the new one."""
    table = ProducerTable(10)
    table.claim("p", 2, 1)
    table.settle("p", 1, 7)
    row = table.get("p")
    assert row is not None
    assert (row.epoch, row.durable_seq) == (2, 0)


def test_the_least_recently_used_row_goes() -> None:
    """Rows in use are stepped over; the forgotten are counted."""
    table = ProducerTable(3)
    for name in "abc":
        table.claim(name, 1, 1)
    row = table.get("a")
    assert row is not None
    row.received_seq = 1  # on its way to disk
    table.claim("b", 1, 1)
    table.claim("d", 1, 1)
    assert (table.get("c"), len(table), table.forgotten) == (None, 3, 1)
    assert table.get("a") is row


def test_a_table_full_of_busy_rows_grows() -> None:
    """Nothing that could be lost or doubled is forgotten; connections have their own cap."""
    table = ProducerTable(1)
    for name in "ab":
        claim = table.claim(name, 1, 1)
        assert claim is not None
        claim.producer.received_seq = 5
    assert len(table) == 2


def test_bytes_bring_back_what_is_durable() -> None:
    """What was received and not on disk is not part of it."""
    table, other = ProducerTable(10), ProducerTable(10)
    table.settle("p", 3, 7)
    claim = table.claim("p", 3, 8)
    assert claim is not None
    claim.producer.received_seq = 9
    other.load(table.to_bytes())
    row = other.get("p")
    assert row is not None
    assert (row.epoch, row.durable_seq, row.received_seq) == (3, 7, 7)
    assert other.to_bytes() == table.to_bytes()


def test_a_frozen_table_does_not_change() -> None:
    """However long it is and whatever comes later; the order of use is kept."""
    table, other = ProducerTable(3 * PIECE), ProducerTable(3 * PIECE)
    for number in range(2 * PIECE + 1):
        table.settle(f"p{number}", 1, number)
    frozen = taken(table.freezing())
    table.settle("p0", 1, 99)
    table.settle("new", 1, 1)
    other.load(frozen())
    assert len(other) == 2 * PIECE + 1
    assert [(row.id, row.durable_seq) for row in other._rows.values()] == [(f"p{n}", n) for n in range(2 * PIECE + 1)]
    other.load(ProducerTable(1).to_bytes())
    assert len(other) == 0
