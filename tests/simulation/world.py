"""A run: the dice choose who acts next, until all is said; then the disk heals and everything must be there, once."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from gateway.errors import TidegateError
from gateway.main import CLOSE_GRACE_S
from gateway.store import folder as data_folder
from gateway.store import schema, snapshots, wal, writer
from tests.core.simulation import refold
from tests.simulation.client import Client
from tests.simulation.disk import CrashError, Disk, Faults
from tests.simulation.loop import Loop
from tests.simulation.model import Expected, rows_of
from tests.simulation.node import Node, new_fold
from tests.simulation.options import NOW, Options
from tests.simulation.vfs import mounted
from tests.store.answers import TestDisk

__all__ = ["World", "run"]

PATIENCE = 3_000
"""Steps of the healed world; a run that needs more has stuck."""


class World:
    """The parts of a run, and what they do."""

    def __init__(self, options: Options, folder: Path, disk: Disk, forget: Callable[[], None]) -> None:
        self.options = options
        self.chance = random.Random(options.seed)
        self.seen = disk.seen
        self.disk = disk
        self.node: Node | None = None
        self._folder = folder
        self._forget = forget
        self._skew = 0
        self._room = TestDisk()
        self._loop = Loop(self.chance, 0)
        self._said = options.events()
        self.clients = [Client(f"p{n}", batches, self.seen) for n, batches in enumerate(self._said)]
        self._inside = False
        disk.during = self._during

    # ---- time and threads -------------------------------------------------------------------------------------------

    def clock(self) -> int:
        """The wall clock."""
        return NOW + int(self._loop.now) + self._skew

    def _during(self) -> None:
        """The writer thread waits for the disk; the loop goes on."""
        if self.node is not None and not self._inside and self.chance.random() < self.options.busy:
            self._inside = True
            self.seen["loop_during_io"] += 1
            try:
                for client in self.clients:
                    client.deliver_up()
                    client.deliver_down()
                self._loop.turn()
                for client in self.clients:
                    client.deliver_down()
            finally:
                self._inside = False

    # ---- a life of the process --------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin, or end as a process does that cannot: code 74, and somebody tries again."""
        self._loop = Loop(self.chance, self._loop.now)
        log = self.disk.files.get(str(self._folder / "events.db-wal"))
        assert log is None or wal.parse(bytes(log.now)).hidden == 0, "a crash looks like damage of flushed pages"
        keep = {"retention_ms": 1 if self.options.trim else 10**12, "max_bytes": 10**12, "keep_snapshots": 2}
        try:
            self.node = Node(self._folder, self._loop, self.clock, self._room, self.options.snapshot_ms, **keep)
        except TidegateError as error:
            self.seen["failed_start"] += 1
            if self.disk.faults == Faults() and self._room.free:
                raise AssertionError(f"it does not start on a whole disk: {error}") from error
            self._lose_process(power=self.disk.stopped)
            return
        assert not self.node.log.damage, self.node.log.damage
        assert not self.node.log.bad_snapshots
        self.seen["start"] += 1
        snapshot, replayed = self.node.recovered.snapshot > 0, self.node.recovered.events > 0
        self.seen["start_from_snapshot"] += snapshot
        self.seen["start_with_replay"] += replayed
        self.seen["start_from_snapshot_with_replay"] += snapshot and replayed

    def _lose_process(self, *, power: bool) -> None:
        """The process is gone, by itself or with the machine."""
        for client in self.clients:
            client.cut_off()
        node, self.node = self.node, None
        self.disk.stopped = True
        if node is not None:
            node.vanish()
        self._forget()
        if power:
            self.disk.cut_power()
        else:
            self.disk.kill()

    def end(self) -> None:
        """A drain: what is under way is written, a snapshot is taken, the store closes."""
        node = self.node
        assert node is not None
        node.drain()
        assert node.drained is not None
        until = self._loop.now + CLOSE_GRACE_S * 1000
        while not (node.drained.done() or self.disk.stopped or node.failure is not None):
            if self._loop.now > until:
                self.seen["drain_gave_up"] += 1  # the disk is full; what is not written is not acked
                break
            self._loop.pass_time(20)
            self._loop.turn()
            node.write()
        if not self.disk.stopped and node.failure is None:
            node.close()
            self.seen["drained"] += 1
        self._lose_process(power=self.disk.stopped)

    # ---- steps ------------------------------------------------------------------------------------------------------

    def step(self) -> None:
        """One act of one of the parts."""
        options, node = self.options, self.node
        if node is None:
            self.start()
            return
        for chance, act in ((options.kill, self._kill), (options.cut, self._cut), (options.drain, self.end)):
            if self.chance.random() < chance:
                act()
                return
        if self.chance.random() < options.full:
            self._room.free = 0
            self.seen["low_water"] += 1
        elif self.chance.random() < 0.1:
            self._room.free = 1 << 40
        if self.chance.random() < options.jump:
            self._skew = self.chance.randint(-120_000, 120_000)
            self.seen["clock_jump"] += 1
        self._act(node)
        if self.disk.stopped:
            self._lose_process(power=True)
        elif node.failure is not None:
            self.seen["exit_74"] += 1
            self._lose_process(power=False)

    def _act(self, node: Node) -> None:
        client = self.chance.choice(self.clients)
        match self.chance.randrange(18):
            case 0 | 1 if client.line is None:
                client.connect(node)
            case 0 | 1 | 2:
                client.send(self.chance)
            case 3:
                client.post(node, self.clock())
            case 4 | 5:
                client.deliver_up()
            case 6:
                client.deliver_down()
            case 7 | 8:
                self._loop.turn()
            case 9 | 10:
                node.write()
            case 11 | 12 | 13 | 14 | 15:
                self._bustle(node)
            case _:
                self._loop.pass_time(self.chance.randrange(200))
                if self.chance.random() < 0.3:
                    node.tick(self.clock())
                elif self.chance.random() < 0.2:
                    client.hang_up()

    def _bustle(self, node: Node) -> None:
        """A while in which everyone gets on."""
        for client in self.clients:
            if client.line is None:
                client.connect(node)
            client.send(self.chance)
            client.deliver_up()
            client.deliver_up()
        self._loop.pass_time(self.chance.randrange(60))
        for _ in range(self.chance.randrange(1, 4)):
            self._loop.turn()
            if not self.disk.stopped:
                node.write()
        for client in self.clients:
            client.deliver_down()
            client.deliver_down()

    def _kill(self) -> None:
        self.seen["kill"] += 1
        self._lose_process(power=False)

    def _cut(self) -> None:
        self.seen["power_cut"] += 1
        self._lose_process(power=True)

    def heal(self) -> None:
        """No more faults; everything is said and acked."""
        self.disk.faults = Faults()
        self._room.free = 1 << 40
        for _ in range(PATIENCE):
            if self.node is None:
                self.start()
            elif all(client.done for client in self.clients):
                return
            else:
                self._serve(self.node)
        raise AssertionError(f"stuck: {[(c.name, c.acked, len(c.batches)) for c in self.clients]}")

    def _serve(self, node: Node) -> None:
        for client in self.clients:
            if client.line is None and not client.done:
                client.connect(node)
            client.send(self.chance)
            for _ in range(4):
                client.deliver_up()
                client.deliver_down()
        self._loop.pass_time(100)
        self._loop.turn()
        node.write()
        if node.failure is not None:
            self._lose_process(power=False)

    # ---- what must hold ---------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Nothing acked was lost, nothing counted twice, the ledger closes; the log alone says the same once more."""
        _hold([loss for client in self.clients for loss in client.losses], [], "what clients were told")
        expected = Expected(self._said)
        # A clean end, and the state from its snapshot: what is on the disk is what is compared.
        self.end()
        self.start()
        node = self.node
        assert node is not None
        ledger, end = node.fold.ledger, self.clock() + 600_000
        _hold((ledger.accepted, ledger.rejected), (expected.accepted, expected.rejected), "accepted and rejected")
        _hold(ledger.duplicate, expected.duplicate, "duplicates")
        if not self.options.trim:
            anew = new_fold()
            for row in node.log.read(0):
                refold(anew, row.payload)
            _hold(node.log.damage, [], "damage of the log")
            _hold(anew.ledger.as_dict(), ledger.as_dict(), "ledger of a replay")
            _hold(rows_of(anew, end), expected.rows, "rows of a replay")
        _hold(rows_of(node.fold, end), expected.rows, "rows")
        self.seen["acked_events"] += expected.accepted + expected.duplicate + expected.rejected
        self._lose_process(power=False)


def _hold(found: object, expected: object, what: str) -> None:
    if found != expected:
        raise AssertionError(f"{what}: found {found}, expected {expected}")


@contextmanager
def _in_our_hands(options: Options, disk: Disk) -> Iterator[None]:
    """The writer has no thread, and sizes so small that a short run sees all it does."""
    kept = writer.CHECKPOINT_BYTES, snapshots.PIECE_BYTES, writer.Writer.start, data_folder.sync
    files = schema.empty_unmade, wal.write_anew
    writer.CHECKPOINT_BYTES, snapshots.PIECE_BYTES = options.checkpoint_bytes, options.piece_bytes
    writer.Writer.start = lambda self: None  # type: ignore[method-assign]
    data_folder.sync = lambda folder: None  # names are not simulated
    schema.empty_unmade = lambda file: disk.empty_unmade(str(file))
    wal.write_anew = lambda file: disk.write_anew(str(file))
    try:
        yield
    finally:
        writer.CHECKPOINT_BYTES, snapshots.PIECE_BYTES = kept[:2]
        writer.Writer.start = kept[2]  # type: ignore[method-assign]
        data_folder.sync = kept[3]
        schema.empty_unmade, wal.write_anew = files


def run(seed: int, folder: Path, faults: Faults | None = None) -> Counter[str]:
    """One run; what it has seen. `folder` gets a lock and an empty file, and may be that of an earlier run.

    `faults` are those of the disk, if not those that the seed says.

    Raises:
        AssertionError: a promise was broken; with the options and the seed that does it again.
    """
    options = Options.of(seed)
    if faults is not None:
        options = replace(options, faults=faults)
    random.seed(seed)  # the jitter of a hold
    disk = Disk(random.Random(f"disk {seed}"), options.faults)
    with _in_our_hands(options, disk), mounted(disk) as forget:
        world = World(options, folder, disk, forget)
        try:
            for _ in range(options.steps):
                world.step()
            world.heal()
            world.check()
        except (AssertionError, CrashError, TidegateError) as error:
            if world.node is not None:
                world._lose_process(power=False)
            raise AssertionError(f"{error}\n{options}\npython -m tests.simulation 1 --from {seed}") from error
    return disk.seen
