"""One visit to the demo shop as a sequence of events: home, products, cart, checkout, purchase, and where people leave.

Pure: the generator of random numbers is an argument, and pauses are numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

from gateway.demo.people import Person

__all__ = ["Step", "visit"]

_PRODUCTS = (
    ("1", "Dusk lamp", "Light", 89),
    ("2", "Tide mug", "Table", 24),
    ("3", "Heath blanket", "Textile", 129),
    ("4", "Meadow vase", "Table", 46),
    ("5", "Field notes", "Paper", 18),
    ("6", "Amber candle", "Light", 32),
)
_POPULARITY = (30, 26, 12, 14, 10, 8)
_SOURCES = ("", "https://search.example/", "https://social.example/", "https://news.example/")
_SOURCE_SHARES = (40, 35, 18, 7)
_ERRORS = ("TypeError", "NetworkError", "RangeError")

PAUSE_MS = 1_700
"""Mean time between two events of a visit."""

GOES_ON = 0.78
"""From the home page to a product."""
NEXT_PRODUCT = 0.45
"""From a product to another."""
ADDS = {"Desktop": 0.42, "Mobile": 0.30, "Tablet": 0.34}
"""From the products seen to the cart."""
CHECKS_OUT = 0.66
BUYS = {"Desktop": 0.80, "Mobile": 0.64, "Tablet": 0.70}
CLICKS = 0.55
"""One more click on a page, after each."""
MEASURED = 0.35
"""Pages that report their web vitals."""
BREAKS = 0.008
"""Pages on which something throws; twice as often on Safari, so that there is something to find."""


class Step(NamedTuple):
    """One event of a visit, `pause_ms` after the one before."""

    pause_ms: int
    event: str
    properties: dict[str, Any]


def visit(rng: Random, person: Person, host: str) -> Iterator[Step]:
    """A whole visit, from the first page to the `$pageleave` of the last."""
    device = person.properties["$device_type"]
    source = rng.choices(_SOURCES, _SOURCE_SHARES)[0]
    trip = _Trip(rng, person, host, source)
    yield from trip.page("/demo/")
    if rng.random() < GOES_ON:
        yield from _shop(rng, trip, device)
    yield trip.step("$pageleave")


def _shop(rng: Random, trip: _Trip, device: str) -> Iterator[Step]:
    """Products, and for some the way to the till."""
    seen = rng.choices(_PRODUCTS, _POPULARITY)[0]
    yield from trip.product(seen)
    while rng.random() < NEXT_PRODUCT:
        seen = rng.choices(_PRODUCTS, _POPULARITY)[0]
        yield from trip.product(seen)
    if rng.random() >= ADDS[device]:
        return
    items = rng.choices((1, 2, 3), (76, 18, 6))[0]
    total = seen[3] * items
    yield trip.step("add_to_cart", **_facts(seen), quantity=items)
    yield from trip.page("/demo/cart")
    if rng.random() >= CHECKS_OUT:
        return
    yield trip.step("checkout_started", value=total, currency="EUR", items=items)
    yield from trip.page("/demo/checkout")
    if rng.random() >= BUYS[device]:
        return
    order = f"L{rng.getrandbits(40):08X}"
    yield trip.step("purchase", value=total, currency="EUR", items=items, order_id=order)
    yield from trip.page("/demo/thanks")


def _facts(product: tuple[str, str, str, int]) -> dict[str, Any]:
    number, name, category, price = product
    return {"product_id": number, "name": name, "category": category, "price": price, "currency": "EUR"}


class _Trip:
    """Where a visit is, and how its events look."""

    def __init__(self, rng: Random, person: Person, host: str, source: str) -> None:
        self._rng = rng
        self._person = person
        self._host = host
        self._path = ""
        self._referrer = source

    def step(self, event: str, **properties: Any) -> Step:
        """An event on the present page."""
        pause = self._rng.expovariate(1 / (PAUSE_MS * self._person.patience))
        where = {"$pathname": self._path, "$current_url": f"http://{self._host}{self._path}", "$host": self._host}
        return Step(min(int(pause), 20_000), event, {**self._person.properties, **where, **properties})

    def product(self, product: tuple[str, str, str, int]) -> Iterator[Step]:
        """A product's page."""
        yield from self.page(f"/demo/product/{product[0]}", self.step("product_viewed", **_facts(product)))

    def page(self, path: str, *extra: Step) -> Iterator[Step]:
        """A page: its view, what else it is worth, vitals of some, clicks, and now and then an error."""
        rng = self._rng
        referrer, self._referrer, self._path = self._referrer, f"http://{self._host}{path}", path
        yield self.step("$pageview", **{"$referrer": referrer})
        for step in extra:
            yield Step(20, step.event, {**step.properties, "$pathname": path, "$current_url": self._referrer})
        if rng.random() < MEASURED:
            yield self._vitals()
        while rng.random() < CLICKS:
            yield self.step("$autocapture", **{"$event_type": "click", "tag": rng.choice(("a", "button", "img"))})
        risk = BREAKS * (2 if self._person.properties["$browser"] == "Safari" else 1)
        if rng.random() < risk:
            kind = rng.choice(_ERRORS)
            yield self.step("$exception", **{"$exception_type": kind, "$exception_message": "a simulated error"})

    def _vitals(self) -> Step:
        """The largest contentful paint (ms), slower on phones; the interaction delay and the layout shift beside it."""
        rng = self._rng
        slow = {"Desktop": 1.0, "Tablet": 1.3, "Mobile": 1.6}[self._person.properties["$device_type"]]
        paint = round(rng.lognormvariate(7.2, 0.45) * slow, 1)
        delay = round(rng.lognormvariate(4.3, 0.6) * slow, 1)
        shift = round(min(1.0, rng.expovariate(18)), 4)
        return self.step(
            "$web_vitals",
            metric="LCP",
            value=paint,
            **{
                "$web_vitals_LCP_value": paint,
                "$web_vitals_INP_value": delay,
                "$web_vitals_CLS_value": shift,
            },
        )
