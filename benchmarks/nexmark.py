"""Queries of Nexmark as KPIs: events per second of one core, rows equal to DuckDB's.

How each is expressed, and what a KPI cannot say:

* q5, the hottest auctions: `top(auction, 100)` over 10 s every 2 s; those equal to the first are the answer.
* q7, the highest bid: `max(price)` over 10 s. Which bid it was is not an aggregate; that column of q7 is left out.
* q8, new users who sell: `funnel(event = 'person', event = 'auction')` over 10 s counts them, the second step is the
  answer. A KPI gives numbers and no lists of users, so the ids and names are left out.
* q11, bids of a user's session: `count(*)` over `session 10s` by user; start and end are the row's.
* q12, bids of a user: `count(*)` over 10 s by user. Its windows are of processing time; a KPI knows event time only.
* q15, the day's bids: twelve KPIs over a day - bids, bidders and auctions, in all and in three bands of price. Distinct
  counts above 512 are estimates, with a standard error of 1.6 %.
"""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.environments import BYTEWAX
from benchmarks.machine import real_disk, versions
from benchmarks.report import Report
from benchmarks.samples import ratio
from benchmarks.sides import Side, available, race
from benchmarks.streams import auctions, write

__all__ = ["NAMES", "different", "expect", "run"]

EVENTS = 500_000
NAMES = ("q5", "q7", "q8", "q11", "q12", "q15")
_BYTEWAX = ("q5", "q7", "q11", "q12")
_FEWER = 5
"""Bytewax gets one event of so many: the first ones, while there are few users, which is to its advantage."""

_METHOD = """
Nexmark's stream (1 person, 3 auctions, 46 bids of 50 events; hot auctions 1:2, hot bidders and sellers 3:4) at 5,000
events a second of event time, as JSON of about 110 bytes. qN: the engine alone, from batches of 1,000 columns as the
gateway's decoder hands them over (texts as codes); decode+qN: from encoded lines. A tick every 10,000 events, rows in
a list, start-up and loading not included, one process on one core; a sample is events over CPU time. bytewax+qN: the
same on one worker of Bytewax, from encoded lines, in batches of 10,000, which it likes better than 1,000; it has q5,
q7, q11 and q12, and gets the first fifth of the stream: an event of q11 costs it three times as much over all of it.
The rows of every run are compared with DuckDB's over the same file: equal, but for distinct counts above 512, which are
estimates.
"""

_DISTINCT_ERROR = 4 * 1.04 / math.sqrt(4_096)
_EXACT_DISTINCT = 512

_EVENTS = """
CREATE TABLE events AS SELECT event, timestamp AS t, distinct_id AS person, properties.auction AS auction,
    properties.price AS price
FROM read_json(?, format = 'newline_delimited', columns = {
    event: 'VARCHAR', timestamp: 'BIGINT', distinct_id: 'VARCHAR', properties: 'STRUCT(auction VARCHAR, price BIGINT)'
})
"""
_TEN = "t // 10000 * 10000"
_BANDS = {"total": "true", "low": "price < 10000", "middle": "price >= 10000 AND price < 1000000"}
_BANDS["high"] = "price >= 1000000"
_COUNTED = {"bids": "*", "bidders": "DISTINCT person", "auctions": "DISTINCT auction"}
_DAY = " UNION ALL ".join(
    f"SELECT '{band}_{what}', t // 86400000 * 86400000, count({counted}) FILTER (WHERE {condition}) "
    "FROM events WHERE event = 'bid' GROUP BY 2"
    for what, counted in _COUNTED.items()
    for band, condition in _BANDS.items()
)
_QUERIES = {
    "q5": """
        WITH counted AS (
            SELECT t // 2000 * 2000 - 2000 * hop AS start, auction, count(*) AS n
            FROM events, range(5) AS hops(hop) WHERE event = 'bid' GROUP BY ALL
        )
        SELECT * FROM counted QUALIFY n = max(n) OVER (PARTITION BY start)
    """,
    "q7": f"SELECT {_TEN}, max(price) FROM events WHERE event = 'bid' GROUP BY 1",
    "q8": f"""
        SELECT p.start, count(DISTINCT p.person) FROM
            (SELECT {_TEN} AS start, person, t FROM events WHERE event = 'person') p JOIN
            (SELECT {_TEN} AS start, person, t FROM events WHERE event = 'auction') a
            ON p.start = a.start AND p.person = a.person AND a.t >= p.t
        GROUP BY 1
    """,
    "q11": """
        WITH marked AS (
            SELECT person, t, coalesce(t - lag(t) OVER (PARTITION BY person ORDER BY t) > 10000, true) AS starts
            FROM events WHERE event = 'bid'
        ), numbered AS (
            SELECT *, sum(starts::INT) OVER (PARTITION BY person ORDER BY t ROWS UNBOUNDED PRECEDING) AS nth FROM marked
        )
        SELECT person, min(t), max(t) + 10000, count(*) FROM numbered GROUP BY person, nth
    """,
    "q12": f"SELECT person, {_TEN}, count(*) FROM events WHERE event = 'bid' GROUP BY ALL",
    "q15": _DAY,
}


def expect(file: Path, names: list[str]) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of these queries, by DuckDB."""
    with duckdb.connect() as database:
        database.execute(_EVENTS, [str(file)])
        return {name: database.execute(_QUERIES[name]).fetchall() for name in names}


def different(expected: list[tuple[Any, ...]], rows: list[Any]) -> list[str]:
    """Which rows are only on one side, or have another last column than they should."""
    want, have = {row[:-1]: row[-1] for row in expected}, {tuple(row[:-1]): row[-1] for row in rows}
    places = [f"{len(rows) - len(have)} rows too many"] if len(rows) != len(have) else []
    for key in sorted(want.keys() | have.keys(), key=str):
        a, b = want.get(key), have.get(key)
        estimated = str(key[0]).endswith(("_bidders", "_auctions")) and a is not None and a > _EXACT_DISTINCT
        if a is None or b is None or abs(a - b) > (_DISTINCT_ERROR * a if estimated else 0):
            places.append(f"{key}: expected {a}, found {b}")
    return places


def run(names: list[str], rounds: int = 5, events: int = EVENTS) -> Report:
    """Check and time the queries named (none: all)."""
    chosen = [name for name in NAMES if not names or name in names]
    parameters = {"rounds": rounds, "events": events, "rate": 5_000, "seed": 1}
    report = Report("nexmark", _METHOD, parameters, versions("tidegate", "numpy", "msgspec", "duckdb"))
    sides = [
        Side(f"{way}{q}", "benchmarks.peers.nexmark_flows", f"{way}{q}") for q in chosen for way in ("", "decode+")
    ]
    peers = [Side(f"bytewax+{q}", "benchmarks.peers.bytewax_nexmark", q, BYTEWAX) for q in chosen if q in _BYTEWAX]
    peers = available(peers, report.notes)
    with tempfile.TemporaryDirectory(prefix="tidegate-bench-", dir=real_disk()[0]) as folder:
        whole, part = (write(auctions(n), n, Path(folder), f"auctions-{n}") for n in (events, max(events // _FEWER, 1)))
        entries = [*((side, whole) for side in sides), *((side, part) for side in peers)]
        expected = {contest.events: expect(contest.file, chosen) for contest in (whole, part)}
        events_of = {side.name: contest.events for side, contest in entries}

        def check(name: str, rows: list[Any]) -> list[str]:
            return different(expected[events_of[name]][name.rpartition("+")[2]], rows)

        series = race(report, entries, rounds, check)
    for q in chosen:
        if f"bytewax+{q}" in series:
            report.add(ratio(f"decode+{q} to bytewax+{q}", series[f"decode+{q}"], series[f"bytewax+{q}"]))
    return report
