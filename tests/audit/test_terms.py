"""Expressions in DuckDB against the engine's own, value by value."""

from __future__ import annotations

from itertools import product

import duckdb
import pytest

from analytics import Batch, Engine, KpiSpec
from gateway.audit.table import EventTable
from gateway.audit.terms import Columns, Terms

VALUES = [None, 0, 1, -2.5, 3, "1", "a", "a_b", "", True, False, "true", 2**53]
CONDITIONS = [
    *(f"a {sign} b" for sign in ("=", "<>", "<", "<=", ">", ">=")),
    *(f"a {sign} {side}" for sign in ("=", "<>", "<", ">=") for side in ("1", "'1'", "'a'", "-2.5")),
    "a = TRUE",
    "a <> FALSE",
    "a IS TRUE",
    "a IS NOT FALSE",
    "a IS NULL OR b IS NOT NULL",
    "NOT a",
    "a AND b",
    "NOT (a OR b)",
    "a IN (1, 'a', TRUE)",
    "a NOT IN ('1', 'a', 'a_b')",
    "a BETWEEN b AND 3",
    "a LIKE 'a%'",
    "a LIKE '_'",
    "a NOT LIKE 'a!_%' ESCAPE '!'",
    "a ILIKE 'TRU_'",
    "a + b > 1",
    "a / b >= 1",
    "a % b = 1",
    "-a < b * 2",
    "CASE WHEN a > 1 THEN a ELSE b END = 1",
    "CASE a WHEN 1 THEN 'one' WHEN 'a' THEN 'letter' END = 'letter'",
    "CASE WHEN a > 1 THEN 5 END IS NULL",
    "(a > 1) = (b > 1)",
    "(a > 1) IS NULL",
    "a = NULL",
    "timestamp >= 5000",
    "'it''s' = a",
]


@pytest.mark.parametrize("text", CONDITIONS)
def test_a_condition_is_true_where_the_engine_has_it_true(text: str) -> None:
    """For every pair of values of every kind, the condition and its opposite."""
    pairs = list(product(VALUES, VALUES))
    events = [{"event": "e", "timestamp": i * 1_000, "properties": {"a": a, "b": b}} for i, (a, b) in enumerate(pairs)]
    value = f"count(*) FILTER (WHERE {text}) + 2 * count(*) FILTER (WHERE NOT ({text}))"
    engine = Engine([KpiSpec("n", value, "tumbling 1s", delay="0s", grace="0s")])
    engine.ingest(Batch.from_events(events), 0)
    expected = [row.value for row in engine.finish().rows]
    columns = Columns()
    truth = Terms(text, columns).read().truth
    with duckdb.connect() as database:
        table = EventTable(database, columns, delay=0)
        table.add(Batch.from_events(events), 0)
        table.close()
        rows = database.execute(
            f"SELECT CASE WHEN {truth} THEN 1 WHEN NOT ({truth}) THEN 2 ELSE 0 END FROM events ORDER BY n"
        )
        assert [row[0] for row in rows.fetchall()] == expected
