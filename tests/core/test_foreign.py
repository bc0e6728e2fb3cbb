"""Pages that were turned away."""

from __future__ import annotations

from gateway.core.foreign import MOST, MOST_CHARS, Foreign, Foreigners


def test_the_last_ones_are_kept_the_newest_first() -> None:
    """Of more origins than are kept those go that were refused longest ago; one that comes again counts on."""
    refused = Foreigners()
    for i in range(MOST + 2):
        refused.refuse(f"https://{i}.example", i)
        refused.refuse("https://mine.example", i)
    newest = refused.newest()
    assert newest[0] == Foreign("https://mine.example", MOST + 2, MOST + 1)
    assert [one.origin for one in newest[1:]] == [f"https://{i}.example" for i in range(MOST + 1, 2, -1)]


def test_a_log_of_new_ones_stays_short() -> None:
    """Only the first few are told to be new, however many are made up."""
    refused = Foreigners()
    told = [refused.refuse(f"https://{i}.example", 0) for i in range(1_000)]
    assert (sum(told), all(told[:MOST])) == (MOST, True)
    assert not refused.refuse("https://0.example", 0)


def test_a_long_one_is_cut() -> None:
    """And is the same one the next time."""
    refused = Foreigners()
    for _ in range(2):
        refused.refuse("x" * 100_000, 5)
    assert refused.newest() == [Foreign("x" * MOST_CHARS, 2, 5)]
