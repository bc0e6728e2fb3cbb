"""Draws the curves of docs/performance.md from the result files, as SVG and PNG. Runs in its own environment.

PYTHON curves.py RESULTS IMAGES
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")
import matplotlib.pyplot as plt

Series = dict[str, dict[str, Any]]
INK, SOFT, FIRST, SECOND = "#1d2733", "#8a97a5", "#0b7285", "#c2410c"
# Fixed, so that equal results give equal bytes.
_METADATA: dict[str, dict[str, Any]] = {"svg": {"Date": None, "Creator": None}, "png": {"Software": None}}


def _points(series: Series, prefix: str, suffix: str = "") -> list[tuple[float, dict[str, Any]]]:
    """(x, figures) of the series named PREFIX/X or PREFIX/X/SUFFIX, by x."""
    found = []
    for name, figures in series.items():
        parts = name.split("/")
        if parts[0] == prefix and parts[2:] == ([suffix] if suffix else []):
            found.append((float(parts[1]), figures))
    return sorted(found, key=lambda point: point[0])


def _line(axes: Any, points: list[tuple[float, dict[str, Any]]], color: str, label: str, inverse: float = 0.0) -> None:
    """A line through the medians in a band from min to max; with `inverse`, of so much over the values."""
    turn: Callable[[float], float] = (lambda value: inverse / value) if inverse else (lambda value: value)
    xs = [x for x, _ in points]
    axes.plot(xs, [turn(one["median"]) for _, one in points], color=color, label=label, marker="o", markersize=3.5)
    low, high = ([turn(one[key]) for _, one in points] for key in ("min", "max"))
    axes.fill_between(xs, low, high, color=color, alpha=0.15, linewidth=0)


def _figure(title: str, x: str, y: str) -> tuple[Any, Any]:
    figure, axes = plt.subplots(figsize=(6.4, 3.4), layout="constrained")
    axes.set_title(title, loc="left", fontsize=11, color=INK)
    axes.set_xlabel(x, color=SOFT)
    axes.set_ylabel(y, color=SOFT)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(SOFT)
    axes.tick_params(colors=SOFT)
    axes.grid(axis="y", color="#e6eaee", linewidth=0.8)
    axes.set_axisbelow(True)
    return figure, axes


def _save(figure: Any, images: Path, name: str) -> None:
    for kind in ("svg", "png"):
        figure.savefig(images / f"performance-{name}.{kind}", dpi=120, metadata=_METADATA[kind])
    plt.close(figure)


def draw(series: Series, images: Path) -> list[str]:
    """Draw what there are figures for; the names of what was drawn."""
    drawn = []
    for name, title, x in (
        ("connections", "Throughput by connections, 12 KPIs", "connections"),
        ("kpis", "Throughput by KPIs", "KPIs"),
        ("keys", "Throughput by keys of a KPI", "keys"),
    ):
        if points := _points(series, name):
            figure, axes = _figure(title, x, "k events per CPU-second")
            _line(axes, points, FIRST, "gateway", inverse=1e3)
            axes.set_xscale("log")
            axes.set_ylim(bottom=0)
            _save(figure, images, name)
            drawn.append(name)
    if _points(series, "load", "p50"):
        figure, axes = _figure("Event sent to delta received, by load", "share of peak", "ms")
        _line(axes, _points(series, "load", "p50"), FIRST, "p50")
        _line(axes, _points(series, "load", "p99"), SECOND, "p99")
        axes.set_ylim(bottom=0)
        axes.legend(frameon=False)
        _save(figure, images, "latency")
        drawn.append("latency")
    if _points(series, "rss"):
        figure, axes = _figure("Memory while ten million events pass, 12 KPIs", "events, millions", "MB")
        for prefix, color, label in (("rss", FIRST, "gateway, resident"), ("traced", SECOND, "engine, tracemalloc")):
            points = [(x / 1e6, one) for x, one in _points(series, prefix)]
            _line(axes, points, color, label)
        axes.set_ylim(bottom=0)
        axes.legend(frameon=False)
        _save(figure, images, "memory")
        drawn.append("memory")
    return drawn


def main() -> None:
    """Draw from the files of the folder named first into the folder named second."""
    results, images = Path(sys.argv[1]), Path(sys.argv[2])
    mpl.rcParams["svg.hashsalt"] = "tidegate"
    file = results / "growth.json"
    if file.exists():
        print("drawn:", ", ".join(draw(json.loads(file.read_text("utf-8"))["series"], images)))


if __name__ == "__main__":
    main()
