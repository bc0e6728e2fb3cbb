"""The state that acknowledged events build up, and the one way of changing it.

Live and in a replay the same two steps run: `admit` before the disk, `apply` after it. Everything that must survive a
restart together (KPI state, dedup table, event ids, ledger) is held here, so that one snapshot is one cut.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import TypeAlias

import msgspec
from msgspec.structs import replace

from analytics import Changes, Engine, KpiError, KpiSpec, Snapshot
from analytics.plan import make_plan
from analytics.restoration import joined, known, taken
from gateway.core.admission import Admitted, Finding, admit
from gateway.core.applied import Applied, applied
from gateway.core.chronicle import Chronicle
from gateway.core.dedup import UuidHorizon
from gateway.core.ledger import Ledger
from gateway.core.producer import Arrival
from gateway.core.producers import ANONYMOUS, Producer, ProducerTable
from gateway.core.record import decode_record
from gateway.core.state import State, of_blobs
from gateway.errors import ProtocolError
from gateway.wire.codec import Codec
from gateway.wire.events import EventReader
from gateway.wire.messages import Defaults
from gateway.wire.replies import Limits
from gateway.wire.shape import FIXED

__all__ = ["Fold", "Freezing"]

Freezing: TypeAlias = Generator[None, None, Callable[[], dict[str, bytes]]]
"""A copy of everything that is made in steps; what it comes to makes a snapshot, in any thread."""

_decode_defaults = msgspec.json.Decoder(Defaults).decode


class Fold:
    """Engine, dedup and ledger as one value that only moves forward.

    Args:
        specs: the KPI set.
        limits: of the protocol.
        max_property: bytes of one property text.
        producers, uuids: how many of each are remembered.
        memory_budget: bytes that the KPI set may need.
        exact: for a replay that shows every correction, see `Engine`.

    Raises:
        KpiError: the set does not fit the budget.
    """

    def __init__(
        self,
        specs: Sequence[KpiSpec],
        limits: Limits,
        max_property: int,
        producers: int,
        uuids: int,
        memory_budget: int,
        *,
        exact: bool = False,
        generation: int = 0,
    ) -> None:
        self.engine = Engine(specs, memory_budget=memory_budget, exact=exact, generation=generation)
        self.table = ProducerTable(producers)
        self.horizon = UuidHorizon(uuids)
        self._remembered = producers, uuids
        self.ledger = Ledger()
        # Rows that the store is to keep and does not have yet.
        self.chronicle = Chronicle(specs)
        self._limits = limits
        self._max_property = max_property
        # Of the codes that batches wait with; see `EventReader`.
        self._generation = 0
        self.codec = self._compile()
        # Who takes rows for which there is no room until the next tick; see `spill`.
        self._taker: Callable[[Changes], None] | None = None
        # The whole set, and those of it that the engine does not run yet: the log has to be read for them.
        self.specs = tuple(specs)
        self.filling: tuple[KpiSpec, ...] = ()
        self._memory_budget = memory_budget
        # Log records that could not be read back since the start: bytes of another version, or damage.
        self.unreadable = 0

    def _compile(self) -> Codec:
        uses = self.engine.schema.properties
        names = [name for name in uses if name not in FIXED and name != "timestamp"]
        fixed = [name for name in FIXED if name in uses]
        self._generation += 1
        reader = EventReader(
            names, self._limits, self._max_property, fixed, self.engine.coders, generation=self._generation
        )
        return Codec(reader, self._limits)

    def reload(self, specs: Sequence[KpiSpec]) -> None:
        """Change the KPI set. Unchanged KPIs keep their state and go on; new and changed ones are `filling`.

        Raises:
            KpiError: the set does not fit the budget; nothing has changed then.
        """
        make_plan(specs, {}, self._memory_budget)
        self._run(specs, self.engine.snapshot())

    def _run(self, specs: Sequence[KpiSpec], snapshot: Snapshot) -> None:
        """Take the state of a snapshot, and of the set what it has state for."""
        running = known(specs, snapshot)
        self.engine = Engine.restore(running, snapshot, memory_budget=self._memory_budget)
        self.specs = tuple(specs)
        self.filling = tuple(spec for spec in specs if spec not in running)
        self.chronicle.replace(specs)
        self.codec = self._compile()
        if self._taker is not None:
            self.spill(self._taker)

    def beside(self) -> Fold:
        """A fold for what is `filling`, empty. When every row of the log that this one has was replayed into it, its
        engine's state can be adopted.
        """
        return Fold(
            self.filling,
            self._limits,
            self._max_property,
            *self._remembered,
            self._memory_budget,
            generation=self.engine.next_generation,
        )

    def adopt(self, snapshot: Snapshot) -> None:
        """Take in what was `filling`: the state of an engine that has seen what this one has."""
        self._run(self.specs, joined(self.engine.snapshot(), snapshot))

    def decode_again(self, arrivals: Sequence[Arrival]) -> list[Arrival]:
        """Batches that were decoded for an earlier set, for this one."""
        batches = [self.codec.batch(arrival.text) for arrival in arrivals]
        return [replace(a, events=b.events, verdicts=b.verdicts) for a, b in zip(arrivals, batches, strict=True)]

    def admit(self, arrivals: Sequence[Arrival]) -> Admitted:
        """Columns and first verdicts of a group; remembers its event ids. Call `apply` for it before the next one.

        Batches whose codes are out of date, because a dictionary was full, are decoded again.
        """
        if any(arrival.events.generation != self.codec.reader.generation for arrival in arrivals):
            self.trim()
            arrivals = self.decode_again(arrivals)
        return admit(arrivals, self.codec, self.horizon)

    def trim(self) -> None:
        """Make room in the dictionaries. Not between `admit` and `apply`: the group in hand needs its codes."""
        if self.engine.trim():
            self._generation += 1
            self.codec.renew(self._generation)

    def apply(
        self, arrivals: Sequence[Arrival], admitted: Admitted, now: int, moments: Sequence[int] | None = None
    ) -> Applied:
        """Fold a group that is on disk; moves the producers' durable sequences.

        `moments` is for several groups as one: the `now` of each arrival.
        """
        late = self.engine.ingest(admitted.batch, now, moments)
        self.trim()
        self.ledger.count(len(arrivals), admitted.batch.n)
        for arrival in arrivals:
            arrival.producer.written(arrival.epoch, arrival.seq)
        findings = admitted.findings
        if late:
            findings = findings + [Finding(verdict[0], verdict.outcome, verdict.reason) for verdict in late]
        if not findings:
            return Applied({}, [])
        return applied(arrivals, admitted.starts, findings, self.ledger)

    def advance(self, now: int) -> Changes:
        """Rows that changed since the last call; those of windows that are over are noted for the store."""
        changes = self.engine.advance(now)
        self.chronicle.take(changes)
        return changes

    def advancing(self, now: int) -> Iterator[Changes]:
        """`advance` in steps, between which groups may come in; when the KPI set changes meanwhile, that is the end."""
        engine = self.engine
        for changes in takewhile(lambda _: self.engine is engine, engine.advancing(now)):
            self.chronicle.take(changes)
            yield changes

    def spill(self, take: Callable[[Changes], None]) -> None:
        """See `Engine.spill`. Whoever takes rows notes them in the chronicle."""
        self._taker = take
        self.engine.spill(take)

    def recall(self, payload: bytes) -> list[Arrival]:
        """The batches of one row of the log, as they arrived.

        What the row's own connection knew is in the row. A frame that this version cannot decode is counted in
        `unreadable` and left out: a start must not loop on one bad row.
        """
        try:
            logged = decode_record(payload)
        except ValueError:
            self.unreadable += 1
            return []
        for fence in logged.fences:
            self.table.raise_epoch(fence.producer, fence.epoch, fence.last_seq)
        arrivals = []
        for entry, frame, defaults in logged.batches:
            try:
                message = self.codec.batch(frame)
                said = _decode_defaults(defaults) if defaults else None
            except (ProtocolError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                self.unreadable += 1
                continue
            if entry.producer != ANONYMOUS:
                self.table.settle(entry.producer, entry.epoch, entry.seq)
            producer = self.table.get(entry.producer) or Producer(entry.producer, entry.epoch, entry.seq)
            arrivals.append(
                Arrival(
                    producer,
                    entry.epoch,
                    entry.seq,
                    message.events,
                    message.verdicts,
                    frame,
                    entry.received_at,
                    entry.offset_ms,
                    said,
                    defaults,
                    None,
                )
            )
        return arrivals

    def freezing(self) -> Freezing:
        """A copy of everything, in steps, between which no group may be admitted or applied; all else may happen.

        It comes to what makes a `snapshot`, which takes several times as long, in any thread.
        """
        freeze = yield from self._freezing()

        def make() -> dict[str, bytes]:
            engine, blobs = freeze()
            return {"engine": engine.to_bytes(), **blobs, "state": of_blobs(engine, blobs).to_bytes()}

        return make

    def _freezing(self) -> Generator[None, None, Callable[[], tuple[Snapshot, dict[str, bytes]]]]:
        producers = yield from self.table.freezing()
        uuids, ledger = self.horizon.frozen(), self.ledger.to_bytes()
        engine = yield from self.engine.freezing()
        return lambda: (engine(), {"producers": producers(), "uuids": uuids(), "ledger": ledger})

    def state(self) -> State:
        """Its hashes as of now. Costs a snapshot."""
        return of_blobs(*taken(self._freezing())())

    def snapshot(self) -> dict[str, bytes]:
        """Everything, to be stored with the log position up to which groups have been applied."""
        return taken(self.freezing())()

    def restore(self, blobs: Mapping[str, bytes]) -> State:
        """Take the place of what `snapshot` gave. KPIs that are not in it are `filling`.

        What was made of the blobs is held against the hashes among them, of which an older version wrote none. Gives
        the hashes.

        Raises:
            ValueError: a blob is missing, damaged, of another version, or holds what no `snapshot` gives; or the state
                is not the one that was saved. Nothing has changed then.
            KpiError: what is kept of the old set does not fit the budget beside the new one.
        """
        before = self.engine.snapshot(), self.table, self.horizon, self.ledger
        producers, uuids = self._remembered
        try:
            self._take(Snapshot.from_bytes(blobs["engine"]), ProducerTable(producers), UuidHorizon(uuids), Ledger())
            self.table.load(blobs["producers"])
            self.horizon.load(blobs["uuids"])
            self.ledger.load(blobs["ledger"])
            state = self.state()
            if "state" in blobs and (wrong := State.from_bytes(blobs["state"]).differences(state)):
                raise ValueError(f"the hash of its state is not the one stored with it: {', '.join(wrong)}")
        except KpiError:
            raise
        except Exception as error:  # whatever it is, it is the snapshot's
            self._take(*before)
            raise ValueError(f"a snapshot that cannot be taken: {type(error).__name__}: {error}") from error
        return state

    def _take(self, engine: Snapshot, table: ProducerTable, horizon: UuidHorizon, ledger: Ledger) -> None:
        self._run(self.specs, engine)
        self.table, self.horizon, self.ledger = table, horizon, ledger
