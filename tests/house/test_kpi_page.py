"""docs/kpis.md says what the language is: its examples run, and each function is explained."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Set as AbstractSet
from pathlib import Path

from analytics import KpiError, KpiSpec
from analytics.measures import MEASURES
from tests.house.surface import Page
from tests.house.test_docs import differences
from tests.house.tree import ROOT, plant

# Made of other aggregates, or another reading of one, so they have no measure of their own.
_COMPOSED = {"avg", "rate", "session_seconds", "bounce_rate"}


def broken_examples(page: Page) -> list[str]:
    """What is wrong with the KPI files that a page shows."""
    found = []
    for block in re.findall(r"^```toml\n(.*?)^```", page.text, re.MULTILINE | re.DOTALL):
        if "[[kpi]]" in block:
            try:
                KpiSpec.parse(block)
            except KpiError as error:
                found.append(str(error))
    return found


def untold_functions(page: Page, available: AbstractSet[str]) -> list[str]:
    """Aggregates without a row in the table, and rows of those that are gone."""
    told = {token.split("(")[0] for token in page.first_tokens("Aggregates")}
    return differences({*available}, told)


def untold_kpis(root: Path) -> list[str]:
    """KPIs of the built-in set that kpis.md does not list, and the other way round."""
    built_in = tomllib.loads((root / "analytics" / "default.toml").read_text("utf-8"))["kpi"]
    return differences({kpi["name"] for kpi in built_in}, Page.of(root, "kpis").first_tokens("The built-in set"))


def test_every_example_runs() -> None:
    """The KPI files in kpis.md can be loaded as they stand."""
    assert broken_examples(Page.of(ROOT, "kpis")) == []


def test_a_broken_example_is_found() -> None:
    """A planted definition that cannot run is found."""
    block = '[[kpi]]\nname = "x"\nvalue = "median(price)"\nwindow = "tumbling 1m"\n'
    (found,) = broken_examples(Page(f"```toml\n{block}```\n"))
    assert "median" in found


def test_every_function_is_explained() -> None:
    """kpis.md has a row for each aggregate there is."""
    assert untold_functions(Page.of(ROOT, "kpis"), MEASURES.keys() | _COMPOSED) == []


def test_a_new_function_is_missed() -> None:
    """A planted aggregate, and one that is gone, are found."""
    page = Page("## Aggregates\n\n| a |\n|---|\n| `count(*)` |\n| `old(x)` |\n\n## Windows\n")
    assert untold_functions(page, {"count", "new"}) == ["undocumented: new", "gone: old"]


def test_every_built_in_kpi_is_documented() -> None:
    """kpis.md lists the built-in set, and nothing that is not in it."""
    assert untold_kpis(ROOT) == []


def test_a_new_built_in_kpi_is_missed(tmp_path: Path) -> None:
    """A planted KPI is found, and so is a row of a KPI that is gone."""
    page = "## The built-in set\n\n| name |\n|---|\n| `old` |\n"
    plant(tmp_path, {"analytics/default.toml": '[[kpi]]\nname = "new"\n', "docs/kpis.md": page})
    assert untold_kpis(tmp_path) == ["undocumented: new", "gone: old"]
