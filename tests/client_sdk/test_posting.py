"""The HTTP fallback's decisions: which body next, and what each reply means."""

from __future__ import annotations

import json
from typing import Any

import pytest

from client_sdk.python.actions import Close, Verdict
from client_sdk.python.closecodes import Retry
from client_sdk.python.posting import Posting
from tests.client_sdk.wire import T0, Wire


def posting(events: int = 1) -> tuple[Wire, Posting]:
    """A producer with flushed events and no socket."""
    wire = Wire()
    for _ in range(events):
        wire.capture()
    wire.producer.flush()
    return wire, Posting(wire.producer)


def reply(posted: Posting, status: int, body: Any = None, *, retry_after_ms: int = 0, now: int = T0) -> Any:
    return posted.reply(status, json.dumps(body).encode(), retry_after_ms, now, 0.5)


def body_of(posted: Posting, now: int = T0) -> Any:
    body, actions = posted.body(now)
    assert actions == []
    return None if body is None else json.loads(body)


def test_one_batch_after_the_other() -> None:
    """The body has token, identity, number and events; the next comes after the reply."""
    wire, posted = posting(60)
    first = body_of(posted)
    assert (first["token"], first["seq"], len(first["events"])) == ("wk", 1, 50)
    assert first["producer"] == {"id": wire.backlog.producer_id, "epoch": 1}
    assert body_of(posted) == first
    assert reply(posted, 200, {"seq": 1, "verdicts": []}) == []
    assert (body_of(posted)["seq"], wire.backlog.ledger().accepted) == (2, 50)
    reply(posted, 200, {"seq": 2})
    assert body_of(posted) is None
    assert wire.backlog.ledger() == (60, 60, 0, 0, 0, 0)


def test_nothing_is_posted_before_it_is_due() -> None:
    """The flush interval holds here too."""
    wire = Wire()
    wire.capture()
    posted = Posting(wire.producer)
    assert body_of(posted) is None
    assert body_of(posted, T0 + 500)["seq"] == 1


def test_verdicts_count() -> None:
    """They are as in an ack."""
    wire, posted = posting(2)
    uuid = body_of(posted)["events"][1]["uuid"]
    assert reply(posted, 200, {"seq": 1, "verdicts": [[1, 1, "drop", "late"]]}) == [Verdict(uuid, "drop", "late")]
    assert wire.backlog.ledger() == (2, 1, 0, 1, 0, 0)


@pytest.mark.parametrize("status", [0, 429, 500, 502, 503])
def test_trouble_waits_and_tries_again(status: int) -> None:
    """Back-off with jitter, and never before `Retry-After`; the body stays the same."""
    _, posted = posting()
    first = body_of(posted)
    assert reply(posted, status, retry_after_ms=0) == []
    assert posted.not_before == T0 + 250
    assert body_of(posted, T0 + 249) is None
    assert body_of(posted, T0 + 250) == first
    reply(posted, status, retry_after_ms=9_000, now=T0 + 250)
    assert posted.not_before == T0 + 9_250


@pytest.mark.parametrize("body", [None, {}, {"seq": "x"}, {"seq": 0}, {"seq": 99}])
def test_an_odd_success_is_none(body: Any) -> None:
    """A 200 that does not acknowledge the batch settles nothing."""
    wire, posted = posting()
    body_of(posted)
    reply(posted, 200, body)
    assert wire.backlog.ledger().pending == 1
    assert posted.not_before > T0


def test_a_gap_starts_over() -> None:
    """409 with `want`: the server lacks what was acknowledged, so a new epoch begins."""
    wire, posted = posting()
    body_of(posted)
    assert reply(posted, 409, {"error": "gap", "want": 1}) == []
    again = body_of(posted, T0 + 1_000)
    assert (again["producer"]["epoch"], again["seq"]) == (2, 1)
    assert wire.backlog.ledger().pending == 1


@pytest.mark.parametrize(("status", "body"), [(409, {"error": "fenced"}), (401, None), (403, None)])
def test_a_refusal_for_good_stops(status: int, body: Any) -> None:
    """A higher epoch elsewhere, or a wrong key: no further post would fare better."""
    _, posted = posting()
    body_of(posted)
    (close,) = reply(posted, status, body)
    assert isinstance(close, Close)
    assert close.retry is Retry.NEVER


def test_a_body_that_cannot_be_read_is_not_sent_for_ever() -> None:
    """400: its events are counted as rejected, and the next batch goes."""
    wire, posted = posting(60)
    body_of(posted)
    assert len(reply(posted, 400)) == 50
    assert wire.backlog.ledger() == (60, 0, 0, 50, 0, 10)
    assert body_of(posted)["seq"] == 2


def test_a_body_too_large_becomes_smaller_ones() -> None:
    """413: a new epoch with half the bytes."""
    wire, posted = posting(40)
    size = len(json.dumps(body_of(posted)))
    reply(posted, 413)
    wire.producer.flush()
    assert len(json.dumps(body_of(posted, T0 + 1_000))) < size * 2 // 3
