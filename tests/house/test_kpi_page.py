"""docs/kpis.md says what the language is: its examples run, and each function is explained or named as refused."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Set as AbstractSet
from pathlib import Path

import pytest

from analytics import KpiError, KpiSpec
from analytics.measures import LATER, MEASURES
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


def untold_functions(page: Page, available: AbstractSet[str], refused: AbstractSet[str]) -> list[str]:
    """Aggregates without a row in the table, and functions to come that are not named as refused."""
    told = {token.split("(")[0] for token in page.first_tokens("Aggregates")}
    _, _, rest = page.text.partition("# Not in this version\n")
    named = set(re.findall(r"`([a-z_]+)`", rest.partition("\n## ")[0])) & {*refused, *told}
    return differences({*available}, told) + differences({*refused}, named)


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


def test_every_function_is_explained_or_named_as_refused() -> None:
    """kpis.md has a row for each aggregate there is, and names each that is still to come."""
    assert untold_functions(Page.of(ROOT, "kpis"), MEASURES.keys() | _COMPOSED, LATER) == []


def test_a_new_function_is_missed() -> None:
    """A planted aggregate, one that is gone, and one to come that is not named, are found."""
    page = Page(
        "## Aggregates\n\n| a |\n|---|\n| `count(*)` |\n| `old(x)` |\n\n## Not in this version\n\nNot `later`.\n"
    )
    assert untold_functions(page, {"count", "new"}, {"later", "unsaid"}) == [
        "undocumented: new",
        "gone: old",
        "undocumented: unsaid",
    ]


@pytest.mark.parametrize("name", sorted(LATER))
def test_what_is_said_to_be_refused_is_refused(name: str) -> None:
    """A definition that uses a function to come is refused by name."""
    with pytest.raises(KpiError, match=name):
        KpiSpec.parse(f'[[kpi]]\nname = "x"\nvalue = "{name}(price, 1)"\nwindow = "tumbling 1m"\n')


def test_every_built_in_kpi_is_documented() -> None:
    """kpis.md lists the built-in set, and nothing that is not in it."""
    assert untold_kpis(ROOT) == []


def test_a_new_built_in_kpi_is_missed(tmp_path: Path) -> None:
    """A planted KPI is found, and so is a row of a KPI that is gone."""
    page = "## The built-in set\n\n| name |\n|---|\n| `old` |\n"
    plant(tmp_path, {"analytics/default.toml": '[[kpi]]\nname = "new"\n', "docs/kpis.md": page})
    assert untold_kpis(tmp_path) == ["undocumented: new", "gone: old"]
