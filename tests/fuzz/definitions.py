"""What people write: expressions, KPI files, boards."""

from __future__ import annotations

from typing import Any

import orjson

from analytics import Batch, Engine, KpiError, KpiSpec
from analytics.definition import DefinitionError
from analytics.rowfilter import RowFilter
from gateway.core.board import Board, BoardError
from gateway.core.boardfile import BoardFileError, parse_boards, toml_of
from gateway.core.encoding import encode_row
from tests.fuzz.target import Target, one_line
from tests.house.tree import ROOT

__all__ = ["BOARDS", "CONDITIONS", "KPIS", "VALUES"]

VALUES_OF = [
    None,
    True,
    False,
    0,
    1,
    -7,
    2**53 + 1,
    2**63 - 1,
    1.5,
    -0.0,
    1e308,
    5e-324,
    "",
    "DE",
    "ä%_",
    "\u0000",
    "7",
]
EVENTS: list[dict[str, Any]] = [
    {
        "event": ("view", "buy", "")[n % 3],
        "timestamp": 700 * n,
        "distinct_id": f"u{n % 4}",
        "session_id": "s",
        "properties": {"a": a, "b": VALUES_OF[-n], "country": VALUES_OF[(n * 5) % len(VALUES_OF)]},
    }
    for n, a in enumerate(VALUES_OF)
]
BUDGET = 64 << 20


def run(specs: list[KpiSpec]) -> None:
    """A set that was taken runs over events of every kind, and its rows can be sent; or it needs too much memory."""
    try:
        engine = Engine(specs, memory_budget=BUDGET)
    except KpiError as refused:
        one_line(refused)
        return
    for spec in specs:
        orjson.dumps(spec.meta())
    engine.ingest(Batch.from_events(EVENTS), 20_000)
    for row in [*engine.advance(20_000).rows, *engine.finish().rows]:
        encode_row(row)


def values(data: bytes) -> None:
    """An expression is refused by name, or it is computed; so is the condition behind a line break."""
    value, _, where = data.decode("utf-8", "replace").partition("\n")
    spec = KpiSpec(name="x", value=value, where=where or None, by=("country",), window="tumbling 5s", max_keys=5)
    try:
        spec.compile()
    except KpiError:
        return
    run([spec])


def conditions(data: bytes) -> None:
    """A condition on rows is refused by name, or each row fulfils it or not."""
    engine = Engine([KpiSpec(name="x", value="count(*)", by=("country", "a"), window="tumbling 1s")])
    engine.ingest(Batch.from_events(EVENTS), 20_000)
    rows = engine.finish().rows
    try:
        kept = RowFilter(data.decode("utf-8", "replace"), ("country", "a")).keep(rows)
    except DefinitionError:
        return
    assert len(kept) <= len(rows)


def kpis(data: bytes) -> None:
    """A file is refused in one line, or it runs."""
    try:
        specs = KpiSpec.parse(data.decode("utf-8", "replace"))
    except KpiError as refused:
        one_line(refused)
        return
    run(specs)


def boards(data: bytes) -> None:
    """A file, or what a page saves, is refused in one line; what is taken is the same when written and read again."""
    try:
        shown = [Board.of(orjson.loads(data))] if data[:1] == b"{" else parse_boards(data.decode("utf-8", "replace"))
    except orjson.JSONDecodeError:
        return
    except (BoardError, BoardFileError) as refused:
        one_line(refused)
        return
    for board in shown:
        orjson.dumps(board.body())
        board.version()
    assert parse_boards(toml_of(shown)) == shown


_AGGREGATES = (
    *(b"count(*)", b"sum(a)", b"avg(b)", b"min(a)", b"max(b)", b"uniq(distinct_id)", b"quantile(a, 0.9)", b"top(a, 3)"),
    *(b"funnel(event = 'view', event = 'buy', within => '30m')", b"sessions()", b"bounce_rate()", b"session_seconds()"),
    *(b"retention(event = 'view', event = 'buy', period => '1d', periods => 3)", b"count(*) filter (where a > 1)"),
)
_SQL = (
    *(
        b" AND ",
        b" OR ",
        b" NOT ",
        b" IS NULL",
        b" IS NOT TRUE",
        b" LIKE '%a_'",
        b" ILIKE 'A%' ESCAPE '\\'",
        b" IN (1, 'a')",
    ),
    *(
        b" BETWEEN 1 AND 2",
        b"CASE WHEN a THEN 1 ELSE b END",
        b"(",
        b")",
        b"'",
        b'"',
        b"/*",
        b"--",
        b";",
        b"::int",
        b"*",
    ),
    *(
        b"1e309",
        b"0x",
        b" % 0",
        b" / 0",
        b" || ",
        b" = ",
        b" <> ",
        b"-",
        b"a",
        b"b",
        b"country",
        b"timestamp",
        b"event",
    ),
    *(
        b"9" * 400,
        b"SELECT ",
        b" FROM ",
        b"{{",
        b"$1",
        b"@x",
        b"[1]",
        b"a.b",
        b" OVER ()",
        b"INTERVAL '1' DAY",
        b"\\x00",
    ),
)
VALUES = Target(
    "values",
    values,
    (
        *_AGGREGATES,
        b"sum(a) / count(*) * 100 - uniq(event)\na > 1 AND country = 'DE'",
        b"max(a) - min(b)\nevent LIKE 'v%' OR (a IS NULL AND NOT b BETWEEN 1 AND 2)",
        b"sum(CASE WHEN a > 1 THEN b ELSE 0 END) filter (where event IN ('view', 'buy'))",
    ),
    (*_AGGREGATES, *_SQL),
)
CONDITIONS = Target(
    "conditions",
    conditions,
    (
        b"country = 'DE'",
        b"country IN ('DE', 'AT') AND a IS NOT NULL",
        b"country LIKE 'D%' OR a > 1.5",
        b"NOT a % 2 = 1",
    ),
    _SQL,
)
_WINDOWS = (
    *(b'"tumbling 1s"', b'"sliding 10s every 2s"', b'"session 30s"', b'"cumulative 1d every 1m"', b'"tumbling 1d"'),
    *(b'"sliding 1s every 2s"', b'"tumbling 0s"', b'"tumbling 999999999999d"', b'"session 0.5s"', b'"1s"'),
)
_KPI = b'[[kpi]]\nname = "n%d"\nvalue = "%b"\nwindow = %b\nby = ["country"]\ngrace = "1m"\n'
KPIS = Target(
    "kpis",
    kpis,
    (
        *(_KPI % (n, value, _WINDOWS[n % 5]) for n, value in enumerate(_AGGREGATES)),
        _KPI % (1, b"count(*)", _WINDOWS[0]) + b'tz = "Europe/Berlin"\ndelay = "2s"\nmax_keys = 7\ngood = "up"\n',
        b"".join(_KPI % (n, b"sum(a)", window) for n, window in enumerate(_WINDOWS[:3])),
    ),
    (
        *_WINDOWS,
        *(b'tz = "Europe/Berlin"\n', b'tz = "../x"\n', b"max_keys = 1000000\n", b'where = "a > 1"\n', b'good = "x"\n'),
        *(
            b'delay = "9d"\n',
            b'by = ["a", "b"]\n',
            b"[[kpi]]\n",
            b"[kpi]\n",
            b'"""',
            b"'''",
            b"\\n",
            b"\\u0000",
            b"\x00",
        ),
        *(b"1979-05-27T07:32:00Z", b"inf", b"9" * 5_000, b"[" * 300, b"{a={", b"#", b"\r", b"a.b.c = 1\n", b"\xff"),
    ),
)
_BOARDS = (ROOT / "gateway/boards.toml").read_bytes()
BOARDS = Target(
    "boards",
    boards,
    (
        _BOARDS[:1_500],
        b'[[board]]\nname = "a"\n[[board.tile]]\nkpi = "views"\nview = "band"\nlow = "x"\nrange = "1h"\n'
        b'[[board.annotation]]\nat = 2026-01-01T12:00:00Z\ntext = "Release"\n',
        b'{"name":"a","title":"A","range":"15m","tile":[{"kpi":"views","size":"wide"}],"annotation":[{"at":5,"text":"t"}]}',
    ),
    (
        *(
            b"[[board]]\n",
            b"[[board.tile]]\n",
            b"[[board.annotation]]\n",
            b'kpi = "x"\n',
            b"at = 1\n",
            b"at = 2026-01-01\n",
        ),
        *(b'"at":253402300800000', b'"at":-1', b'"at":1e300', b'"tile":null', b'"text":"\\ud800"', b'"text":"\\u0000"'),
        *(b'text = "\\u007f\\u0085\\u2028"\n', b"9999-12-31T23:59:59.999Z", b"0001-01-01T00:00:00+23:59", b"12:00:00"),
        *(
            b'view = "auto"\n',
            b'"range":"99999999999999999999d"',
            b'range = "1e3s"\n',
            b"[" * 300,
            b"9" * 5_000,
            b"\x00",
        ),
    ),
)
