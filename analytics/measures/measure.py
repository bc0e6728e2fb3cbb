"""What every measure can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from analytics.arrays import Ints, Reading

__all__ = ["Arrays", "Cellwise", "Measure", "Takes"]

Takes: TypeAlias = Literal["nothing", "number", "hash", "visits"]
Arrays: TypeAlias = dict[str, NDArray[Any]]
"""State as named buffers. Equal states give equal bytes, whatever the order of events and whichever slots were used."""


class Measure(ABC):
    """State of one aggregate over `slots` x `keys` cells; the cell of (slot, key) is `slot * keys + key`.

    A slot holds one pane, or the part of a coarser window that has closed so far.
    """

    takes: ClassVar[Takes]
    """What `add` is given: None, `Numbers`, `Coded` or `Visits`, in step with `cells`."""
    tracks: ClassVar[bool] = False
    """Whether an event can change panes before its own: see `Tracker`."""
    invertible: ClassVar[bool] = False
    """Whether `subtract` takes a pane back out exactly."""
    folds: ClassVar[bool] = False
    """Whether slots can be read from rows that are the sums of several: see `Cellwise`."""
    estimates: ClassVar[bool] = False
    """Whether its values may have a stated error."""
    placed: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Buffers of a dump that hold cells, ascending, and the names of those in step with each."""

    def __init__(self, slots: int, keys: int, parameter: Any = 0) -> None:
        self.slots = slots
        self.keys = keys
        self.parameter = parameter

    def bound(self, longest: int) -> None:  # noqa: B027  to most measures it is all the same
        """No window that is read will be longer than this, in ms. Said before any event comes."""

    @classmethod
    @abstractmethod
    def budget(cls, slots: int, keys: int, parameter: Any) -> int:
        """Bytes it may take at worst, exhausted pools included."""

    @classmethod
    def window_budget(cls, slots: int, keys: int, parameter: Any) -> int:  # noqa: ARG003
        """Bytes more at worst when windows of several panes are read, as sliding ones are."""
        return 0

    @classmethod
    def passing(cls, slots: int, keys: int, parameter: Any) -> int:  # noqa: ARG003
        """Bytes at worst of what it has for a moment only, while its pools grow or are tidied."""
        return 0

    @classmethod
    def value_bytes(cls, parameter: Any) -> int:  # noqa: ARG003
        """Bytes of one published value beyond those of a number."""
        return 0

    @classmethod
    def takes_unmarked(cls, parameter: Any) -> bool:  # noqa: ARG003
        """Of a measure that takes `visits`: whether events that meet none of its conditions matter to it."""
        return False

    @abstractmethod
    def add(self, cells: Ints, values: Any) -> None:
        """Take events. Cost: a few array operations, whatever the number of keys."""

    def settling(self, *, much: bool = False) -> Iterator[None]:  # noqa: ARG002  most measures let nothing wait
        """Take up what has waited since the last reading, in steps; whatever comes in between, reading is as before.

        `much`: only if so much waits that the next batch may not wait with it.
        """
        return iter(())

    @abstractmethod
    def read(self, slots: Ints, keys: Ints) -> Reading:
        """The value of a window, for each of `keys`, ascending. Cost: proportional to slots x keys, or to the pairs.

        `slots` hold one pane, or all open panes between the first and the last of several.
        """

    def read_views(self, views: Sequence[Any], slots: Ints, keys: Ints) -> list[Reading]:
        """`read`, for each of the views that are asked for; most measures have just one, None."""
        return [self.read(slots, keys) for _ in views]

    @abstractmethod
    def merge(self, sources: Ints, target: int) -> None:
        """Add the panes in `sources` to the slot `target`."""

    def subtract(self, source: int, target: int) -> None:
        """Take the pane in `source` out of the slot `target`. Only where `invertible`."""
        raise NotImplementedError(f"{type(self).__name__} cannot be subtracted")

    def open(self, slot: int, pane: int) -> None:  # noqa: B027  only sparse measures care which pane a slot holds
        """A cleared slot starts to hold a pane; `pane` is a number that no other slot ever had or will have."""

    @abstractmethod
    def clear(self, slot: int) -> None:
        """The slot is free again."""

    @abstractmethod
    def join(self, sources: Ints, targets: Ints) -> None:
        """Add each of the cells in `sources` to the one in `targets`, in step, as when sessions become one.

        A source occurs once and is no target; `vacate` empties it afterwards. Cost: a few array operations, or a scan
        of the pairs.
        """

    @abstractmethod
    def vacate(self, cells: Ints) -> None:
        """Empty these cells of the only slot, for others to use. Cost: a few array operations."""

    @abstractmethod
    def dump(self, slots: Ints, keys: Ints) -> Arrays:
        """The state of these slots, which the dump knows as 0, 1, .. in the order given; only `keys` occur in them."""

    def freeze(self, slots: Ints, keys: Ints) -> Callable[[], Arrays]:
        """What `dump` would give now; called, it is made of that, in any thread. What is cheap is made at once."""
        made = self.dump(slots, keys)
        return lambda: made

    @abstractmethod
    def load(self, slots: Ints, keys: Ints, state: Mapping[str, NDArray[Any]]) -> None:
        """Put a dump of as many slots, with the same keys, into these, which are open and empty."""

    @classmethod
    def renumbered(cls, state: Arrays, order: Ints, numbers: Ints) -> Arrays:
        """A dump of the only slot with its keys in another order.

        `order`: which key comes first, second, .. of those that were dumped; `numbers`: what a key is called then.
        """
        in_step = {other for others in cls.placed.values() for other in others}
        made = {
            name: array[:, order] if array.ndim > 1 and name not in in_step else array for name, array in state.items()
        }
        for name, others in cls.placed.items():
            if name in state:
                cells = numbers[state[name]]
                by = cells.argsort(kind="stable")
                made |= {name: cells[by]} | {other: state[other][by] for other in others if other in state}
        return made

    def note(self) -> Mapping[str, int]:
        """Counters of what the bounds of this measure cost, for `stats()`."""
        return {}


class Cellwise(Measure):
    """A measure whose state is one or more arrays with one number per cell."""

    folds = True
    blank: ClassVar[float] = 0
    """What an untouched cell holds."""
    cell_bytes: ClassVar[int] = 8
    joins: ClassVar[np.ufunc] = np.add
    """How the numbers of two cells make one."""

    @classmethod
    def budget(cls, slots: int, keys: int, parameter: Any) -> int:  # noqa: ARG003  dense state has no parameter
        return cls.cell_bytes * slots * keys

    @abstractmethod
    def arrays(self) -> dict[str, NDArray[Any]]:
        """Name -> state, each of `slots * keys` numbers."""

    def table(self, array: NDArray[Any]) -> NDArray[Any]:
        """The array as slots x keys."""
        return array.reshape(self.slots, self.keys)

    def fold(self, sources: Ints, target: int) -> None:
        """Make a slot the sum of others, for `read_folded` only. Cost: their rows."""
        for array in self.arrays().values():
            table = self.table(array)
            self.joins.reduce(table[sources], axis=0, out=table[target])

    def read_folded(self, rows: Ints, slots: Ints, keys: Ints) -> Reading:  # noqa: ARG002
        """`read` of `slots`, from fewer rows that hold the same."""
        return self.read(rows, keys)

    def clear(self, slot: int) -> None:
        for array in self.arrays().values():
            self.table(array)[slot] = self.blank

    def join(self, sources: Ints, targets: Ints) -> None:
        for array in self.arrays().values():
            self.joins.at(array, targets, array[sources])

    def vacate(self, cells: Ints) -> None:
        for array in self.arrays().values():
            array[cells] = self.blank

    def dump(self, slots: Ints, keys: Ints) -> Arrays:
        return {name: over(self.table(array), slots, keys) for name, array in self.arrays().items()}

    def load(self, slots: Ints, keys: Ints, state: Mapping[str, NDArray[Any]]) -> None:
        for name, array in self.arrays().items():
            self.table(array)[np.ix_(slots, keys)] = state[name]


def over(table: NDArray[Any], slots: Ints, keys: Ints) -> NDArray[Any]:
    """The part of a slots x keys table that `slots` and `keys` select; a whole row costs no second copy."""
    if 2 * len(keys) < table.shape[1]:
        return table[slots[:, None], keys]
    rows = table[slots]
    return rows if len(keys) == table.shape[1] else rows[:, keys]


def total(table: NDArray[np.int64], slots: Ints, keys: Ints) -> NDArray[np.int64]:
    """Sum over `slots` for each of `keys`."""
    result: NDArray[np.int64] = table[slots[0], keys] if len(slots) == 1 else over(table, slots, keys).sum(axis=0)
    return result
