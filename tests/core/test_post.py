"""Posts and the dedup table that they share with the sockets."""

from __future__ import annotations

from gateway.core.post import PostFate, judge_post
from gateway.core.producers import ProducerTable


def fates(table: ProducerTable, *posts: tuple[int, int]) -> list[PostFate]:
    """What becomes of posts of "p", given as (epoch, seq), one after the other, none on disk yet."""
    return [judge_post(table, "p", epoch, seq).fate for epoch, seq in posts]


def test_posts_in_order_are_applied() -> None:
    """Each once: sent again it waits for the disk, and is success when it is there."""
    table = ProducerTable(10)
    assert fates(table, (1, 1), (1, 2), (1, 2)) == [PostFate.APPLY, PostFate.APPLY, PostFate.WAIT]
    table.settle("p", 1, 2)
    assert fates(table, (1, 2), (1, 3)) == [PostFate.REPEATED, PostFate.APPLY]


def test_a_gap_is_refused_and_moves_nothing() -> None:
    """What is wanted is the batch behind the last received."""
    table = ProducerTable(10)
    fates(table, (1, 1))
    ruling = judge_post(table, "p", 1, 3)
    assert (ruling.fate, ruling.producer.received_seq) == (PostFate.GAP, 1)


def test_an_older_epoch_is_fenced_by_a_newer() -> None:
    """The newer one starts where its first post says, and is not durable before that is written."""
    table = ProducerTable(10)
    assert fates(table, (1, 1), (2, 9), (1, 2)) == [PostFate.APPLY, PostFate.APPLY, PostFate.FENCED]
    row = table.get("p")
    assert row is not None
    assert (row.epoch, row.first_seq, row.epoch_durable) == (2, 9, False)


def test_a_post_that_was_overtaken_is_applied() -> None:
    """Whether it is new is told by its event ids; the row stays where it is."""
    table = ProducerTable(10)
    assert fates(table, (1, 3), (1, 1), (1, 1)) == [PostFate.APPLY] * 3
    row = table.get("p")
    assert row is not None
    assert (row.first_seq, row.received_seq) == (3, 3)
