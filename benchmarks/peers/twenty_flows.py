"""R5: the twenty aggregates of `twenty.toml` by the engine, and as a loop over events as one would write it by hand.

Rows are [kpi, dimensions, start of the window, value].
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import orjson

from analytics import Changes, KpiSpec
from benchmarks.peers.flow import Flow, main
from benchmarks.peers.own_flows import blocks, decode_and_run, prepared, run_engine
from benchmarks.peers.sketch import LOG_GAMMA, quantile

__all__ = ["FLOWS", "SPECS"]

SPECS = KpiSpec.load(Path(__file__).parent.parent / "twenty.toml")
_WINDOW_MS = 10_000


def _rows(changes: Changes) -> Iterable[Any]:
    return [[row.kpi, list(row.dims.values()), row.start, row.value] for row in changes.rows if row.kind != "partial"]


class _Window:
    """What one window holds."""

    def __init__(self) -> None:
        self.counts: dict[str, defaultdict[Any, int]] = {
            name: defaultdict(int)
            for name in ("event", "country", "browser", "device", "page", "campaign", "variant", "country_device")
        }
        self.price = 0.0
        self.price_country: defaultdict[str, float] = defaultdict(float)
        self.price_campaign: defaultdict[str, float] = defaultdict(float)
        self.load_page: defaultdict[str, float] = defaultdict(float)
        self.users: set[str] = set()
        self.users_country: defaultdict[str, set[str]] = defaultdict(set)
        self.users_page: defaultdict[str, set[str]] = defaultdict(set)
        self.sessions_device: defaultdict[str, set[str]] = defaultdict(set)
        self.load: defaultdict[int, int] = defaultdict(int)
        self.load_country: defaultdict[str, defaultdict[int, int]] = defaultdict(lambda: defaultdict(int))
        self.load_by_page: defaultdict[str, defaultdict[int, int]] = defaultdict(lambda: defaultdict(int))
        self.price_variant: defaultdict[str, defaultdict[int, int]] = defaultdict(lambda: defaultdict(int))

    def rows(self, start: int) -> Iterable[Any]:
        """The rows of this window."""
        for name, counts in self.counts.items():
            for key, n in counts.items():
                yield [f"n_{name}", list(key) if isinstance(key, tuple) else [key], start, n]
        yield ["sum_price", [], start, self.price]
        sums = {"price_country": self.price_country, "price_campaign": self.price_campaign, "load_page": self.load_page}
        for name, by in sums.items():
            yield from ([f"sum_{name}", [key], start, value] for key, value in by.items())
        yield ["uniq_users", [], start, len(self.users)]
        sets = {"users_country": self.users_country, "users_page": self.users_page}
        for name, members in (sets | {"sessions_device": self.sessions_device}).items():
            yield from ([f"uniq_{name}", [key], start, len(value)] for key, value in members.items())
        yield ["p75_load", [], start, quantile(self.load, 0.75)]
        sketches = {"p95_load_country": self.load_country, "p95_load_page": self.load_by_page}
        for name, sketch in sketches.items():
            yield from ([name, [key], start, quantile(bins, 0.95)] for key, bins in sketch.items())
        yield from (["p50_price_variant", [key], start, quantile(b, 0.5)] for key, b in self.price_variant.items())


def _loop(events: Iterable[dict[str, Any]]) -> list[Any]:
    """Event by event, in dictionaries and sets; each number's bin is computed once. Numbers are positive here."""
    windows: defaultdict[int, _Window] = defaultdict(_Window)
    log, ceil = math.log, math.ceil
    for event in events:
        window = windows[event["timestamp"] // _WINDOW_MS]
        properties, user = event["properties"], event["distinct_id"]
        country, page, device = properties["country"], properties["page"], properties["device"]
        campaign, variant, price, load = (
            properties["campaign"], properties["variant"], properties["price"], properties["load"]
        )  # fmt: skip
        counts = window.counts
        counts["event"][event["event"]] += 1
        counts["country"][country] += 1
        counts["browser"][properties["browser"]] += 1
        counts["device"][device] += 1
        counts["page"][page] += 1
        counts["campaign"][campaign] += 1
        counts["variant"][variant] += 1
        counts["country_device"][country, device] += 1
        window.price += price
        window.price_country[country] += price
        window.price_campaign[campaign] += price
        window.load_page[page] += load
        window.users.add(user)
        window.users_country[country].add(user)
        window.users_page[page].add(user)
        window.sessions_device[device].add(event["session_id"])
        number = ceil(log(load) / LOG_GAMMA)
        window.load[number] += 1
        window.load_country[country][number] += 1
        window.load_by_page[page][number] += 1
        window.price_variant[variant][ceil(log(price) / LOG_GAMMA)] += 1
    return [row for number, window in windows.items() for row in window.rows(number * _WINDOW_MS)]


def _decoded(path: str) -> list[list[dict[str, Any]]]:
    return [list(map(orjson.loads, block.splitlines())) for block in blocks(path)]


def _decode_and_loop(source: Sequence[bytes]) -> list[Any]:
    return _loop(chain.from_iterable(map(orjson.loads, block.splitlines()) for block in source))


FLOWS = {
    "engine": Flow(lambda path: prepared(path, SPECS), lambda source: run_engine(source, _rows)),
    "decode+engine": Flow(blocks, lambda source: decode_and_run(source, SPECS, _rows)),
    "loop": Flow(_decoded, lambda source: _loop(chain.from_iterable(source))),
    "decode+loop": Flow(blocks, _decode_and_loop),
}

if __name__ == "__main__":
    main(FLOWS, "tidegate", "numpy")
