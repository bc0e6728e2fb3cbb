"""What stands behind the HTTP routes."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Sequence
from functools import partial
from typing import TypeAlias, assert_never

import orjson

from gateway.config import Config
from gateway.core.enrichment import enriched
from gateway.core.post import PostFate, judge_post
from gateway.core.producer import Arrival
from gateway.core.producers import ANONYMOUS, Producer
from gateway.core.redaction import Redaction
from gateway.errors import ProtocolError
from gateway.server.enricher import Sender
from gateway.server.house import House
from gateway.server.kpiquery import KpiQuery
from gateway.server.kpirows import KpiRows
from gateway.server.rejected import ExportQuery, QuarantineQuery, export_reply, rejected_reply
from gateway.server.reply import Reply, busy, error, json_reply
from gateway.server.shelf import Shelf
from gateway.server.standing import standing
from gateway.store import EventLog
from gateway.wire.codec import Batch
from gateway.wire.messages import Defaults
from gateway.wire.post import decode_batch, open_post
from gateway.wire.replies import WireVerdict

__all__ = ["HouseServices"]

_Verdicts: TypeAlias = asyncio.Future[tuple[WireVerdict, ...]]


class HouseServices:
    """Implements `Services` for the routes, on the parts that the sockets use."""

    def __init__(self, house: House, log: EventLog, config: Config, shelf: Shelf) -> None:
        self._house = house
        self._shelf = shelf
        self._log = log
        self._config = config
        self.is_ready = False
        self.is_draining = False
        self._redaction = Redaction(config.live_redact)
        self._rows = KpiRows(house, log)
        # Numbers the posts that name no producer, so that each waits for its own batch.
        self._posts = 0

    def ready(self) -> bool:
        """Whether it should get new traffic."""
        workers = self.workers()
        return self.is_ready and not self.is_draining and (workers is None or workers[0] > 0)

    def workers(self) -> tuple[int, int] | None:
        """How many workers take connections, and of how many."""
        lines = self._house.workers()
        return (sum(line["listening"] for line in lines), len(lines)) if lines else None

    def draining(self) -> bool:
        """Whether it is about to stop."""
        return self.is_draining

    def authorize_view(self, token: str | None) -> bool:
        """Whether `token` may look."""
        return token is not None and self._house.access.may_view(token)

    def has_room(self, size: int) -> bool:
        """Whether a batch of so many bytes would be taken now."""
        return self._house.ingest.has_room(size)

    def may_post(self, origin: str) -> bool:
        """Whether a page of this origin may post events."""
        return self._house.lets_in(origin)

    # ---- POST /v1/events ------------------------------------------------------------------------------------------

    async def post_events(self, body: bytes, sender: Sender) -> Reply:
        """Take a batch over HTTP: same ids, same dedup, answered when it is on disk.

        Those that name no producer wait with the others of their address.
        """
        house = self._house
        try:
            post = open_post(body)
            if not house.access.may_write(post.token):
                return error(401, "unauthorized")
            if not house.ingest.has_room(len(body)):
                return busy()
            batch, defaults = decode_batch(post, house.fold.codec)
            said = enriched(defaults, house.enricher.facts(sender))
        except ProtocolError as refused:
            return error(400, refused.slug)
        if post.producer is None:
            self._posts += 1
            producer = Producer(ANONYMOUS, 0, self._posts)
            return await self._apply(batch, said, producer, self._posts, lane=(ANONYMOUS, sender.address))
        seq = post.seq
        fate, row = judge_post(house.fold.table, post.producer.id, post.producer.epoch, seq)
        match fate:
            case PostFate.APPLY:
                return await self._apply(batch, said, row, seq)
            case PostFate.WAIT:
                return await self._wait(row, seq)
            case PostFate.REPEATED:
                return _accepted(seq, ())
            case PostFate.GAP:
                return json_reply(409, orjson.dumps({"error": "gap", "want": row.received_seq + 1}))
            case PostFate.FENCED:
                return error(409, "fenced")
            case _:
                assert_never(fate)

    async def _apply(
        self,
        batch: Batch,
        said: tuple[Defaults | None, bytes],
        producer: Producer,
        seq: int,
        lane: Hashable = None,
    ) -> Reply:
        house = self._house
        defaults, defaults_json = said
        arrival = Arrival(
            producer,
            producer.epoch,
            seq,
            batch.events,
            batch.verdicts,
            batch.text,
            house.clock(),
            producer.clock.value,
            defaults,
            defaults_json,
            None,
        )
        future: _Verdicts = asyncio.get_running_loop().create_future()
        house.ingest.submit(arrival, partial(_resolve, future), lane)
        return _accepted(batch.seq, await future)

    async def _wait(self, producer: Producer, seq: int) -> Reply:
        """The same batch is on its way to disk by another path."""
        future: _Verdicts = asyncio.get_running_loop().create_future()
        self._house.ingest.acks.waiters.add(producer.id, producer.epoch, seq, partial(_resolve, future))
        return _accepted(seq, await future)

    # ---- reading --------------------------------------------------------------------------------------------------

    def kpi_list(self) -> bytes:
        """The KPI set."""
        fold = self._house.fold
        return orjson.dumps({"kpis": [spec.meta() | {"filling": spec in fold.filling} for spec in fold.specs]})

    async def kpi_rows(self, query: KpiQuery) -> Reply:
        """A page of rows of one KPI."""
        return await self._rows.page(query)

    def boards(self) -> bytes:
        """All boards, and whether they can be saved."""
        return self._shelf.body()

    async def put_board(self, name: str, body: bytes, expected: str | None, before: str | None) -> Reply:
        """Save a board."""
        return await self._shelf.put(name, body, expected, before)

    async def delete_board(self, name: str, expected: str | None) -> Reply:
        """Delete a board."""
        return await self._shelf.delete(name, expected)

    async def arrange_boards(self, body: bytes, expected: str | None) -> Reply:
        """Put the boards into another order."""
        return await self._shelf.arrange(body, expected)

    def status(self) -> bytes:
        """Ledger, watermark, lag, memory: what an operator asks first."""
        return orjson.dumps(standing(self._house, self._config), option=orjson.OPT_NON_STR_KEYS)

    async def rejected(self, query: QuarantineQuery) -> Reply:
        """Rejected events by reason, and the newest of them."""
        reasons, show = self._house.fold.ledger.reasons, self._config.live_events == "on"
        return await rejected_reply(self._log, query, self._redaction, reasons=reasons, show=show)

    async def export_rejected(self, query: ExportQuery) -> Reply:
        """Rejected events as lines of a file."""
        return await export_reply(self._log, query, self._redaction, show=self._config.live_events == "on")


def _resolve(future: _Verdicts, verdicts: tuple[WireVerdict, ...]) -> None:
    """The batch is applied; its poster may have hung up since."""
    if not future.done():
        future.set_result(verdicts)


def _accepted(seq: int, verdicts: Sequence[WireVerdict]) -> Reply:
    mine = [(seq, *verdict[1:]) for verdict in verdicts]
    return json_reply(200, orjson.dumps({"seq": seq, "verdicts": mine}))
