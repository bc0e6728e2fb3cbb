"""Windows and durations: what is read, and which windows hold a time."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.window import Window, duration_ms, duration_text


@pytest.mark.parametrize(("text", "ms"), [("250ms", 250), ("2s", 2_000), (" 1 h ", 3_600_000), ("7d", 604_800_000)])
def test_duration_is_read_in_every_unit(text: str, ms: int) -> None:
    """A duration is a whole number and a unit, blanks around them do not matter."""
    assert duration_ms(text) == ms


@pytest.mark.parametrize("text", ["", "5", "-1s", "1.5s", "1w", "1s2", "1234567890s"])
def test_text_that_is_no_duration_is_refused(text: str) -> None:
    """What is not a duration is refused with the text in the message."""
    with pytest.raises(ValueError, match="is not a duration") as caught:
        duration_ms(text)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize("ms", [0, 1, 999, 1_000, 90_000, 3_600_000, 5_400_000, 86_400_000, 90_000_001])
def test_duration_text_reads_back(ms: int) -> None:
    """The text of a duration means the same number of milliseconds."""
    assert duration_ms(duration_text(ms)) == ms


@pytest.mark.parametrize("text", ["tumbling 1m", "sliding 30m every 10s"])
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
        ("session 1m", "session windows are not available"),
        ("tumbling 0s", "at least 1ms"),
        ("sliding 1m every 0s", "at least 1ms"),
        ("sliding 1m every 2m", "the hop 2m is longer than the window 1m"),
    ],
)
def test_bad_window_is_refused_with_its_reason(text: str, reason: str) -> None:
    """A window that cannot run names what is wrong with it."""
    with pytest.raises(ValueError, match=reason):
        Window.parse(text)


@pytest.mark.parametrize("window", [Window(10, 10), Window(10, 5), Window(10, 4), Window(7, 3)])
def test_ends_are_those_of_the_windows_that_hold_a_time(window: Window) -> None:
    """First and last end agree with a search through all windows, also before the epoch and for arrays."""
    times = np.arange(-40, 40)
    all_ends = [start + window.size for start in range(-30 * window.hop, 30 * window.hop, window.hop)]
    for time in times.tolist():
        holding = [end for end in all_ends if end - window.size <= time < end]
        assert (window.first_end(time), window.last_end(time)) == (min(holding), max(holding))
        assert window.end_at_most(time) == max(end for end in all_ends if end <= time)
    assert window.first_end(times).tolist() == [window.first_end(time) for time in times.tolist()]


def test_pane_divides_size_and_hop() -> None:
    """A pane is the widest piece that makes up both the window and the hop."""
    assert Window(10, 4).pane == 2
    assert Window(60, 60).pane == 60
