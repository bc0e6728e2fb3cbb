"""The queue as a person sees it."""

from __future__ import annotations

from gateway.core.letter import Letter
from gateway.quarantine.listing import details, summary

LETTER = Letter(3, "too_deep", 1_795_334_400_000, "p", {"distinct_id": "u"}, {"event": "x"}, "", False)


def test_reasons_come_with_their_counts_and_what_to_do() -> None:
    """The most frequent first; then the newest events, newest first."""
    letters = [LETTER._replace(identity=number) for number in range(1, 6)]
    said = list(summary({"late": 2, "too_deep": 90}, letters, 2))
    assert said[0] == "too_deep: 90 events, 5 kept"
    assert "Flatten it" in said[1]
    assert "late: 2 events, 0 kept" in said
    assert [line.split()[0] for line in said[-2:]] == ["5", "4"]
    assert said[-1].endswith('2026-11-22T08:00:00.000+00:00  too_deep  p  {"event":"x"}')
    assert list(summary({}, [], 5)) == ["nothing was ever rejected"]


def test_one_is_shown_whole() -> None:
    """With its reason, what to do, and what its connection said."""
    said = "\n".join(details(LETTER))
    for words in ("id        3", "too_deep", "Flatten it", "producer  p", '{"distinct_id":"u"}', '"event": "x"'):
        assert words in said
    broken = "\n".join(details(LETTER._replace(event=None, text="{", cut=True, source="", defaults={})))
    assert "the beginning of its text, which is no JSON object:\n{" in broken
    assert "producer  -" in broken


def test_a_hostile_text_moves_no_cursor() -> None:
    """Control characters of an event are shown, and not obeyed."""
    hostile = LETTER._replace(event=None, text="a\x1b[2J\nb\x07", source="p\r", reason="schema:\x1b")
    for line in [*details(hostile), *summary({"schema:\x1b": 1}, [hostile], 9)]:
        assert line.isprintable()
    assert "a\\x1b[2J\\nb\\x07" in "\n".join(details(hostile))


def test_a_long_sample_and_an_odd_time_fit_on_a_line() -> None:
    """Whatever the row holds."""
    letter = LETTER._replace(event={"event": "x" * 500}, received_at=1 << 62)
    (line,) = list(summary({}, [letter], 1))[1:]
    assert len(line) < 200
    assert str(1 << 62) in line
