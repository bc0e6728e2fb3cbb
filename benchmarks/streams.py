"""Recorded streams for the engine benchmarks: seeded, one JSON event a line, the same bytes for every side."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random

from benchmarks.sides import Contest

__all__ = ["START", "auctions", "keyed", "shop", "visits", "write", "ysb"]

START = 1_795_334_400_000
_WARM = 10


def ysb(events: int, seed: int = 1, rate: int = 20_000) -> Iterator[str]:
    """The Yahoo Streaming Benchmark's events, `rate` a second: about 290 bytes each, the campaign among the properties.

    Fields and their values are those of yahoo/streaming-benchmarks (100 campaigns of 10 ads, users and pages from pools
    of 100, kinds drawn evenly, in order of time); the look-up of the campaign by the ad has been done.
    """
    rng = Random(seed)

    def identities(count: int) -> list[str]:
        return [str(uuid.UUID(int=rng.getrandbits(128), version=4)) for _ in range(count)]

    ads = [(ad, campaign) for campaign in identities(100) for ad in identities(10)]
    users, pages = identities(100), identities(100)
    kinds, looks = ("view", "click", "purchase"), ("banner", "modal", "sponsored-search", "mail", "mobile")
    for number in range(events):
        ad, campaign = rng.choice(ads)
        yield (
            f'{{"event":"{rng.choice(kinds)}","timestamp":{START + number * 1_000 // rate},'
            f'"distinct_id":"{rng.choice(users)}","properties":{{"campaign":"{campaign}","page_id":"{rng.choice(pages)}",'
            f'"ad_id":"{ad}","ad_type":"{rng.choice(looks)}","ip_address":"1.2.3.4"}}}}'
        )


def shop(events: int, seed: int = 1, rate: int = 20_000) -> Iterator[str]:
    """Visits to a shop, for the twenty aggregates: about 240 bytes each, all with a price and a loading time."""
    rng = Random(seed)
    kinds, devices, browsers = ("view", "click", "buy"), ("desktop", "mobile", "tablet"), ("chrome", "safari", "other")
    for number in range(events):
        user = rng.randrange(10_000)
        page = min(rng.randrange(40), rng.randrange(40))
        yield (
            f'{{"event":"{rng.choice(kinds)}","timestamp":{START + number * 1_000 // rate},"distinct_id":"u{user}",'
            f'"session_id":"s{user // 2}","properties":{{"country":"c{rng.randrange(20)}",'
            f'"browser":"{rng.choice(browsers)}","device":"{rng.choice(devices)}","page":"/{page}",'
            f'"campaign":"k{rng.randrange(100)}","variant":"v{user % 4}","price":{rng.randrange(100, 50_000) / 100},'
            f'"load":{round(rng.lognormvariate(6, 0.8), 1)}}}}}'
        )


def keyed(events: int, seed: int = 1, rate: int = 20_000) -> Iterator[str]:
    """Events of 100 keys (`distinct_id`) in order of time, with a value, one of 2,000 users and one of 40 paths."""
    rng = Random(seed)
    for number in range(events):
        path = min(rng.randrange(40), rng.randrange(40))
        yield (
            f'{{"event":"e","timestamp":{START + number * 1_000 // rate},"distinct_id":"k{rng.randrange(100)}",'
            f'"properties":{{"value":{rng.randrange(100_000)},"user":"u{rng.randrange(2_000)}","path":"/{path}"}}}}'
        )


def auctions(events: int, seed: int = 1, rate: int = 5_000) -> Iterator[str]:
    """Nexmark's stream in order of time: 1 person, 3 auctions and 46 bids of 50 events.

    Half of the bids go to the hot auction, the first of the newest hundred, the others to one of the last 100; three of
    four bids and sellers are the hot person, the others one of the last 1,000. Prices are 10^U[0,6) * 100.
    """
    rng = Random(seed)

    def person(newest: int) -> int:
        return newest // 100 * 100 if rng.randrange(4) else rng.randint(max(0, newest - 999), newest)

    for number in range(events):
        epoch, offset = divmod(number, 50)
        time, newest = START + number * 1_000 // rate, epoch * 3 + min(offset, 3) - 1
        if offset == 0:
            yield f'{{"event":"person","timestamp":{time},"distinct_id":"p{epoch}","properties":{{"state":"OR"}}}}'
        elif offset < 4:
            yield (
                f'{{"event":"auction","timestamp":{time},"distinct_id":"p{person(epoch)}",'
                f'"properties":{{"auction":"a{newest}"}}}}'
            )
        else:
            auction = rng.randint(max(0, newest - 99), newest) if rng.randrange(2) else newest // 100 * 100
            price = round(10 ** (rng.random() * 6) * 100)
            yield (
                f'{{"event":"bid","timestamp":{time},"distinct_id":"p{person(epoch)}",'
                f'"properties":{{"auction":"a{auction}","price":{price}}}}}'
            )


def visits(events: int, seed: int = 1, rate: int = 1_500) -> Iterator[str]:
    """Events of 5,000 users, each of whom comes every 3.3 s on average, up to 500 ms out of order.

    A gap of 10 s ends a visit after about 20 events.
    """
    rng = Random(seed)
    for number in range(events):
        time = START + number * 1_000 // rate - rng.randrange(500)
        yield (
            f'{{"event":"e","timestamp":{time},"distinct_id":"u{rng.randrange(5_000)}",'
            f'"properties":{{"value":{rng.randrange(100)}}}}}'
        )


def write(lines: Iterator[str], events: int, folder: Path, name: str) -> Contest:
    """Write a stream to a file, and its first tenth to another."""
    file, warm = folder / f"{name}.ndjson", folder / f"{name}.warm.ndjson"
    with file.open("w", encoding="ascii") as whole, warm.open("w", encoding="ascii") as part:
        for number, line in enumerate(islice(lines, events)):
            whole.write(line + "\n")
            if number * _WARM < events:
                part.write(line + "\n")
    return Contest(file, warm, events)
