"""KPI files: what is read, and what a refusal tells its author."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analytics.spec import KpiError, KpiSpec, unique_names

GOOD = """
[[kpi]]
name = "sales"
value = "sum(price)"
window = "sliding 1m every 10s"
where = "event = 'buy'"
by = ["country", '"city name"']
delay = "3s"
grace = "1h"
"""


def table(**changes: str) -> str:
    """A KPI file with one definition, whose keys are TOML texts."""
    keys = {"name": '"k"', "value": '"count(*)"', "window": '"tumbling 1m"'} | changes
    return "\n".join(["[[kpi]]", *(f"{key} = {value}" for key, value in keys.items())])


def test_file_is_compiled() -> None:
    """Durations become milliseconds, quotes around column names go, the SQL is read."""
    (spec,) = KpiSpec.parse(GOOD)
    compiled = spec.compile()
    assert (compiled.window.size, compiled.window.hop) == (60_000, 10_000)
    assert (compiled.delay, compiled.grace) == (3_000, 3_600_000)
    assert compiled.by == ("country", "city name")
    assert compiled.where is not None
    assert [aggregate.measure for aggregate in compiled.definition.aggregates] == ["sum"]


def test_meta_is_complete_and_json_able() -> None:
    """A viewer is told a title even if there is none, and nothing of the limit on keys."""
    (spec,) = KpiSpec.parse(GOOD)
    meta = spec.meta()
    assert json.loads(json.dumps(meta)) == meta
    assert (meta["title"], meta["by"], meta["unit"]) == ("sales", ["country", "city name"], "")
    assert "max_keys" not in meta


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "there is no [[kpi]]"),
        ("[other]\na = 1", "unknown table 'other'"),
        ("kpi = [1]", "a [[kpi]] is a table"),
        (table(nmae='"x"'), "unknown key 'nmae'"),
        (table(tz='"Berlin"'), "there is no time zone 'Berlin', such as Europe/Berlin"),
        (table(tz='"../etc"'), "there is no time zone"),
        (table(tz="1"), "'tz' is a text"),
        (table(window='"cumulative 1d every 7m"'), "the window 1d is not a multiple of its step 7m"),
        (table(name='"9"'), "a name is letters"),
        (table(name="5"), "'name' is a text"),
        (table(max_keys="true"), "'max_keys' is a whole number"),
        (table(max_keys="0"), "between 1 and 1000000"),
        (table(by='"country"'), "'by' is a list of column names"),
        (table(by='["a", "b", "c", "d"]'), "at most 3 columns"),
        (table(by="""["a", '"a"']"""), "each column once"),
        (table(by="['a\\b']"), "its name holds a quote, a backslash or a control character"),
        (table(grace='"8d"'), "at most 7d"),
        (table(delay='"soon"'), "'soon' is not a duration"),
        (table(freshness='"soon"'), "'soon' is not a duration"),
        (table(good='"left"'), "'up', 'down' or nothing"),
        (table(window='"session 1m every 1s"'), "is not a window"),
        ('[[kpi]]\nname = "k"\nvalue = "count(*)"', "'window' is missing"),
        (table() + "\n" + table(), "the name is taken"),
    ],
)
def test_refusal_gives_its_reason_in_one_line(text: str, reason: str) -> None:
    """A definition that cannot run is refused with its own reason."""
    with pytest.raises(KpiError) as caught:
        KpiSpec.parse(text)
    assert reason in caught.value.reason
    assert "\n" not in str(caught.value)


def test_refusal_points_at_the_place_in_the_file() -> None:
    """An error in SQL has the line and column of the part it is about, and the KPI's name."""
    text = table(value='"sum(price) + city"')
    with pytest.raises(KpiError) as caught:
        KpiSpec.parse(text)
    error = caught.value
    lines = text.splitlines()
    assert error.line is not None
    assert error.column is not None
    assert lines[error.line - 1][error.column - 1 :].startswith("city")
    assert str(error).startswith(f"line {error.line}, column {error.column}: KPI 'k': ")


def test_broken_toml_has_a_place_and_the_origin() -> None:
    """What is not TOML is refused under the name of the file."""
    with pytest.raises(KpiError) as caught:
        KpiSpec.parse('[[kpi]]\nname = "a" "b"', "my.toml")
    assert (caught.value.kpi, caught.value.line, caught.value.slug) == ("my.toml", 2, "syntax")
    assert str(caught.value).startswith("my.toml: line 2, column ")


@pytest.mark.parametrize("text", ["[[kpi]]\nname = 'a", "[[kpi]]\n[[kpi", "[[kpi]]\r\nvalue = "])
def test_toml_that_ends_early_has_the_place_of_its_end(text: str) -> None:
    """The parser has no numbers for it."""
    with pytest.raises(KpiError) as caught:
        KpiSpec.parse(text)
    last = text.splitlines()[-1]
    assert (caught.value.line, caught.value.column) == (2, len(last) + 1)
    assert "end of document" not in caught.value.reason


@pytest.mark.parametrize(
    ("text", "reason"), [("max_keys = " + "9" * 5_000, "too many digits"), ("by = " + "[" * 5_000, "nested too deep")]
)
def test_toml_beyond_what_python_reads_is_refused(text: str, reason: str) -> None:
    """Numbers of thousands of digits and arrays of thousands of levels: a KpiError like any other."""
    with pytest.raises(KpiError, match=reason):
        KpiSpec.parse(f"[[kpi]]\n{text}")


def test_files_that_cannot_be_read_are_kpi_errors(tmp_path: Path) -> None:
    """A missing file and one that is not UTF-8 are refused like a wrong definition; a good one loads."""
    path = tmp_path / "kpis.toml"
    with pytest.raises(KpiError, match="cannot be read"):
        KpiSpec.load(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(KpiError, match="cannot be read"):
        KpiSpec.load(path)
    for encoding in ("utf-8", "utf-8-sig"):
        path.write_text(GOOD, encoding)
        assert KpiSpec.load(path) == KpiSpec.parse(GOOD)


def test_sessions_of_the_default_set_are_one_number() -> None:
    """All sessions, not those of the largest group."""
    assert [spec.by for spec in KpiSpec.default() if spec.name == "sessions"] == [()]


def test_default_set_compiles_under_unique_names() -> None:
    """The built-in KPIs all run, and no two have the same name."""
    specs = KpiSpec.default()
    assert list(unique_names(specs).values()) == specs
    assert all(spec.compile().definition.aggregates for spec in specs)
    with pytest.raises(KpiError, match="the name is taken"):
        unique_names([specs[0], specs[0]])
