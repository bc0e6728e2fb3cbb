"""What becomes of a batch that is posted over HTTP. The dedup table is that of the sockets, and nobody is fenced."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from gateway.core.producers import Producer, ProducerTable

__all__ = ["PostFate", "PostRuling", "judge_post"]


class PostFate(Enum):
    """Which of these it is."""

    APPLY = "write and count it"
    WAIT = "it is on its way to disk: answer when it is there"
    REPEATED = "it is on disk: answer success"
    GAP = "a batch is missing before it"
    FENCED = "its epoch is a past one"


class PostRuling(NamedTuple):
    """The fate of a post, and the row that it was judged by."""

    fate: PostFate
    producer: Producer


def judge_post(table: ProducerTable, producer_id: str, epoch: int, seq: int) -> PostRuling:
    """Judge the batch `seq` of (id, epoch); to APPLY it is taken as received. An unknown producer starts with it."""
    row = table.get(producer_id)
    if row is None or row.epoch < epoch:
        claim = table.claim(producer_id, epoch, seq)
        assert claim is not None, "a missing or lower row can always be claimed"
        row = claim.producer
    if epoch < row.epoch:
        return PostRuling(PostFate.FENCED, row)
    if seq > row.received_seq + 1:
        return PostRuling(PostFate.GAP, row)
    if seq < row.first_seq:
        # Posts may overtake each other: the row does not know of this one, so only event ids tell whether it is new.
        return PostRuling(PostFate.APPLY, row)
    if seq <= row.durable_seq:
        return PostRuling(PostFate.REPEATED, row)
    if seq <= row.received_seq:
        return PostRuling(PostFate.WAIT, row)
    row.received_seq = seq
    return PostRuling(PostFate.APPLY, row)
