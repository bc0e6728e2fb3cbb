"""Windows that stay open after their end: until some more calendar periods have passed, as a cohort is watched.

What is final and closed is decided as if the watermark lay so many periods back, at the start of a period. Window ends
lie on those, so nothing is lost by that.
"""

from __future__ import annotations

import numpy as np

from analytics.aggregation import RetentionSetting
from analytics.arrays import Ints
from analytics.window import duration_text

__all__ = ["Hold"]


class Hold:
    """Holds back by `setting.periods` periods of `setting.ms` each.

    >>> day = 86_400_000
    >>> hold = Hold(RetentionSetting(ms=day, periods=2))
    >>> hold.back(5 * day + 1) // day, hold.due(3 * day) // day
    (3, 5)
    """

    def __init__(self, setting: RetentionSetting) -> None:
        self.setting = setting
        self._axis = setting.axis()

    @property
    def key(self) -> str:
        """What tells it from others."""
        return f"{self.setting.periods} x {duration_text(self.setting.ms)}"

    def back(self, time: int) -> int:
        """The end up to which windows are due at a watermark."""
        return self._axis.ms(self._axis.number(time) - self.setting.periods)

    def backs(self, times: Ints) -> Ints:
        """The same for ascending watermarks. Cost: one division each, and one step for each different period."""
        numbers, places = np.unique(self._axis.numbers(times) - self.setting.periods, return_inverse=True)
        return np.array([self._axis.ms(number) for number in numbers.tolist()], np.int64)[places]

    def due(self, end: int) -> int:
        """The watermark at which a window with this end is due."""
        return self._axis.ms(self._axis.number(end) + self.setting.periods)
