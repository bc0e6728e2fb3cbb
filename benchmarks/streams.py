"""Recorded streams for the engine benchmarks: seeded, one JSON event a line, the same bytes for every side."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random

from benchmarks.sides import Contest

__all__ = ["START", "write", "ysb"]

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


def write(lines: Iterator[str], events: int, folder: Path, name: str) -> Contest:
    """Write a stream to a file, and its first tenth to another."""
    file, warm = folder / f"{name}.ndjson", folder / f"{name}.warm.ndjson"
    with file.open("w", encoding="ascii") as whole, warm.open("w", encoding="ascii") as part:
        for number, line in enumerate(islice(lines, events)):
            whole.write(line + "\n")
            if number * _WARM < events:
                part.write(line + "\n")
    return Contest(file, warm, events)
