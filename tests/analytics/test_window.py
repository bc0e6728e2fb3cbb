"""Windows and durations: what is read, and which windows hold a time."""

from __future__ import annotations

import pytest

from analytics.window import Window, duration_ms, duration_text


@pytest.mark.parametrize(("text", "ms"), [("250ms", 250), ("2s", 2_000), (" 1 h ", 3_600_000), ("7d", 604_800_000)])
def test_duration_is_read_in_every_unit(text: str, ms: int) -> None:
    """A duration is a whole number and a unit, blanks around them do not matter."""
    assert duration_ms(text) == ms


@pytest.mark.parametrize("text", ["", "5", "-1s", "1.5s", "1w", "1s2", "1234567890s", "\u0661m"])
def test_text_that_is_no_duration_is_refused(text: str) -> None:
    """What is not a duration is refused with the text in the message."""
    with pytest.raises(ValueError, match="is not a duration") as caught:
        duration_ms(text)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize("ms", [0, 1, 999, 1_000, 90_000, 3_600_000, 5_400_000, 86_400_000, 90_000_001])
def test_duration_text_reads_back(ms: int) -> None:
    """The text of a duration means the same number of milliseconds."""
    assert duration_ms(duration_text(ms)) == ms


@pytest.mark.parametrize("text", ["tumbling 1m", "sliding 30m every 10s", "cumulative 1d every 1m", "session 30m"])
def test_window_writes_itself_as_it_was_read(text: str) -> None:
    """A window's text is the one it was parsed from."""
    window = Window.parse(text)
    assert str(window) == text
    assert window.tumbling is text.startswith("tumbling")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is not a window"),
        ("tumbling", "is not a window"),
        ("sliding 1m by 1s", "is not a window"),
        ("session", "is not a window"),
        ("session 0s", "a session lasts at least 1ms"),
        ("session 1m every 1s", "is not a window"),
        ("tumbling 0s", "at least 1ms"),
        ("sliding 1m every 0s", "at least 1ms"),
        ("sliding 1m every 2m", "the hop 2m is longer than the window 1m"),
        ("cumulative 1d", "is not a window"),
        ("cumulative 1m every 2m", "the hop 2m is longer than the window 1m"),
        ("cumulative 1d every 7m", "the window 1d is not a multiple of its step 7m"),
    ],
)
def test_bad_window_is_refused_with_its_reason(text: str, reason: str) -> None:
    """A window that cannot run names what is wrong with it."""
    with pytest.raises(ValueError, match=reason):
        Window.parse(text)


def test_pane_divides_size_and_hop() -> None:
    """A pane is the widest piece that makes up both the window and the hop."""
    assert Window(10, 4).pane == 2
    assert Window(60, 60).pane == 60
    assert Window.parse("cumulative 1d every 7200s").pane == 7_200_000


@pytest.mark.parametrize(
    ("text", "zoned"),
    [
        ("tumbling 1d", True),
        ("tumbling 24h", True),
        ("sliding 7d every 1d", True),
        ("cumulative 1d every 1m", True),
        ("cumulative 2d every 1d", True),
        ("tumbling 1h", False),
        ("sliding 1d every 1h", False),
        ("cumulative 12h every 1h", False),
    ],
)
def test_only_windows_of_whole_days_follow_a_zone(text: str, zoned: bool) -> None:
    """All others are aligned to the epoch whatever the zone, and are the same windows as without one."""
    window = Window.parse(text, "Asia/Kolkata")
    assert (window.zone == "Asia/Kolkata") is zoned
    assert (window == Window.parse(text)) is not zoned
    assert str(window).endswith(" in Asia/Kolkata") is zoned


def test_a_window_of_a_zone_starts_at_its_midnight() -> None:
    """In Kolkata the second day of 1970 began at 18:30 UTC of the first; a cumulative one has its steps from there."""
    midnight = 66_600_000
    for text, step in (("tumbling 1d", 86_400_000), ("cumulative 1d every 1h", 3_600_000)):
        geometry = Window.parse(text, "Asia/Kolkata").geometry()
        axis = geometry.axis
        end = geometry.first_end(axis.number(midnight))
        assert (axis.ms(geometry.start(end)), axis.ms(end)) == (midnight, midnight + step)
        before = geometry.last_end(axis.number(midnight - 1))
        assert axis.ms(before) == midnight
