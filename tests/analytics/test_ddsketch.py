"""Bins of numbers: what they answer is near all that they hold."""

from __future__ import annotations

import numpy as np

from analytics.ddsketch import ACCURACY, accuracy, answers, bins_of, coarser, exact_answers


def numbers() -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Of all magnitudes and both signs, ascending, and zero."""
    some = 10.0 ** np.random.default_rng(3).uniform(-300, 300, 500)
    return np.sort(np.concatenate([some, -some, [0.0], 10.0 ** np.arange(-6, 13)]))


def test_a_bin_answers_within_the_accuracy() -> None:
    """Zero exactly; the order of numbers is that of their bins."""
    values = numbers()
    bins = bins_of(values)
    assert (np.diff(bins) >= 0).all()
    said = exact_answers(bins)
    assert (np.abs(said - values) <= ACCURACY * 1.000001 * np.abs(values)).all()
    assert exact_answers(bins_of(np.array([0.0]))).tolist() == [0.0]


def test_joined_bins_answer_within_what_they_state() -> None:
    """Each time that bins are joined in twos, the error about doubles."""
    values = numbers()
    for times in range(4):
        bins = coarser(bins_of(values), np.int64(times))
        levels = np.full(len(values), times)
        error = float(accuracy(levels)[0])
        assert ACCURACY * 0.99 < error / 2**times < ACCURACY * 1.01
        assert (np.abs(answers(bins, levels) - values) <= error * 1.000001 * np.abs(values)).all()


def test_what_is_kept_is_what_is_worked_out() -> None:
    """Of the usual magnitudes as of others."""
    bins = bins_of(numbers())
    assert exact_answers(bins[:10]).tolist() == answers(bins[:10], np.zeros(1, np.int64)).tolist()
    usual = bins_of(np.linspace(1, 1_000, 50))
    assert exact_answers(usual).tolist() == answers(usual, np.zeros(1, np.int64)).tolist()
