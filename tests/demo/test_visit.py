"""A visit is a funnel with drop-offs, and its events look like those of the shop's pages."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from random import Random

import pytest

from client_sdk.python.event import encode_event
from gateway.demo.people import Person
from gateway.demo.visit import Step, visit

RNG = Random(3)
VISITS = [list(visit(RNG, Person.draw(RNG, 0), "shop.example")) for _ in range(3_000)]
FUNNEL = ("/demo/", "product_viewed", "add_to_cart", "checkout_started", "purchase")
ALL = [step for steps in VISITS for step in steps]


def reached(steps: list[Step], stage: str) -> bool:
    """Whether a visit got to a stage of the funnel."""
    return any(stage in (step.event, step.properties["$pathname"]) for step in steps)


def test_the_funnel_narrows_at_every_stage() -> None:
    """Home, product, cart, checkout, purchase: fewer each time, and some at the end."""
    counts = [sum(reached(steps, stage) for steps in VISITS) for stage in FUNNEL]
    assert counts[0] == len(VISITS)
    assert all(later < 0.85 * earlier for earlier, later in pairwise(counts))
    assert 0.06 < counts[-1] / len(VISITS) < 0.20


def test_no_stage_is_skipped() -> None:
    """Whoever buys has begun to check out, with something in the cart, after seeing it."""
    for steps in VISITS:
        stages = [reached(steps, stage) for stage in FUNNEL]
        assert stages == sorted(stages, reverse=True)


def test_a_visit_begins_at_home_and_ends_with_its_leave() -> None:
    """One `$pageleave`, the last event, on the page where the visit ended."""
    for steps in VISITS:
        assert (steps[0].event, steps[0].properties["$pathname"]) == ("$pageview", "/demo/")
        leaves = [step for step in steps if step.event == "$pageleave"]
        pages = [step for step in steps if step.event == "$pageview"]
        assert leaves == [steps[-1]]
        assert leaves[0].properties["$pathname"] == pages[-1].properties["$pathname"]


def test_pages_follow_one_another() -> None:
    """A page's referrer is the page before it; all events of a page name it."""
    for steps in VISITS:
        views = [step.properties for step in steps if step.event == "$pageview"]
        for before, after in pairwise(views):
            assert after["$referrer"] == before["$current_url"]
        for step in steps:
            assert step.properties["$current_url"] == f"http://shop.example{step.properties['$pathname']}"


def test_a_purchase_has_its_value() -> None:
    """Positive, in euros, the same as at checkout, under an order number of its own."""
    orders = [step.properties["order_id"] for step in ALL if step.event == "purchase"]
    assert len(orders) == len(set(orders))
    for steps in VISITS:
        values = {step.properties["value"] for step in steps if step.event in ("checkout_started", "purchase")}
        assert len(values) <= 1
        assert all(value > 0 for value in values)


@pytest.mark.parametrize(("event", "low", "high"), [("$exception", 0.001, 0.03), ("$web_vitals", 0.05, 0.15)])
def test_some_pages_break_and_some_are_measured(event: str, low: float, high: float) -> None:
    """Errors are occasional, web vitals regular."""
    assert low < Counter(step.event for step in ALL)[event] / len(ALL) < high


def test_every_event_can_be_sent() -> None:
    """The client takes each of them, and no pause is longer than 20 s."""
    for step in ALL[:2_000]:
        assert encode_event(step.event, step.properties, uuid="01934d0e-7b00-7000-8000-000000000000", timestamp=0)
        assert 0 <= step.pause_ms <= 20_000
