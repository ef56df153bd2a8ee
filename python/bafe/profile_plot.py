"""Predicted against measured times of the kernels that a profile store holds, as a picture."""

from __future__ import annotations

import math
import os
import statistics
from collections.abc import Sequence
from typing import Any, NamedTuple

from bafe import _core

Sample = tuple[str, list[float], float, float, bool]  # family, features, predicted, measured, warm
LEAST_KERNELS = 3
COLOURS = (
    "#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf", "#8c564b", "#e377c2",
    "#bcbd22", "#7f7f7f", "#005f73", "#ae2012",
)  # fmt: skip


class Fit(NamedTuple):
    """Kernels of a store, each predicted by a model that has not seen it."""

    samples: list[Sample]
    predicted: list[tuple[float, float]]  # nanoseconds, deviation of their logarithm
    spearman: float
    median_error: float
    within_one_sigma: float


def _ranks(values: Sequence[float]) -> list[float]:
    places = sorted(range(len(values)), key=lambda i: values[i])
    ranks = [0.0] * len(values)
    begin = 0
    while begin < len(places):
        end = begin
        while end < len(places) and values[places[end]] == values[places[begin]]:
            end += 1
        for i in range(begin, end):
            ranks[places[i]] = (begin + end - 1) / 2
        begin = end
    return ranks


def rank_correlation(a: Sequence[float], b: Sequence[float]) -> float:
    """Spearman's; 0 when one side is constant.

    Example:
        >>> from bafe.profile_plot import rank_correlation
        >>> round(rank_correlation([1, 2, 3], [10, 30, 20]), 3)
        0.5
    """
    x, y = _ranks(a), _ranks(b)
    mean_x, mean_y = statistics.fmean(x), statistics.fmean(y)
    top = sum((p - mean_x) * (q - mean_y) for p, q in zip(x, y))
    bottom = sum((p - mean_x) ** 2 for p in x) * sum((q - mean_y) ** 2 for q in y)
    return top / math.sqrt(bottom) if bottom > 0 else 0.0


def _usable(sample: Sample) -> bool:
    times = (sample[2], sample[3])
    return all(math.isfinite(ns) and ns > 0 for ns in times) and len(sample[1]) == len(
        _core.step_feature_names()
    )


def fit(store: str | os.PathLike[str], machine: str | None = None) -> Fit:
    """Predict every kernel of a store by what the others teach.

    Args:
        store: file of a profile store.
        machine: only kernels timed there; by default the machine with the most kernels, since
            models of several machines do not mix.

    Raises:
        ParseError: there are too few kernels.
    """
    if not os.path.exists(store):
        raise FileNotFoundError(2, "there is no profile store", os.fspath(store))
    rows = [row for row in _core.stored_samples(os.fspath(store)) if _usable(row[1])]
    counts: dict[str, int] = {}
    for name, _ in rows:
        counts[name] = counts.get(name, 0) + 1
    wanted = machine or max(sorted(counts), key=lambda name: counts[name], default="")
    samples = [sample for name, sample in rows if name == wanted]
    if len(samples) < LEAST_KERNELS:
        raise _core.ParseError(
            f"{os.fspath(store)}: {len(samples)} timed kernels, a picture needs {LEAST_KERNELS}\n"
            "  fix: call bafe.autotune(f, args, seconds=5), or ./run bench cost_model --store FILE"
        )
    predicted = _core.ResidualModel.fit(samples).estimate_held_out(samples)
    pairs = list(zip(samples, predicted))
    return Fit(
        samples,
        predicted,
        rank_correlation([s[3] for s in samples], [ns for ns, _ in predicted]),
        statistics.median(abs(ns / s[3] - 1) for s, (ns, _) in pairs),
        sum(abs(math.log(s[3] / ns)) < sigma for s, (ns, sigma) in pairs) / len(pairs),
    )


def _figure(found: Fit, title: str) -> Any:
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ModuleNotFoundError(
            "bafe profile plot needs matplotlib, which is not installed\n"
            "  fix: pip install 'bafe-engine[plot]', or pip install matplotlib"
        ) from error
    figure = Figure(figsize=(9, 8), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    families = sorted({sample[0] for sample in found.samples})
    for i, family in enumerate(families):
        chosen = [p for p in zip(found.samples, found.predicted) if p[0][0] == family]
        measured = [sample[3] / 1e3 for sample, _ in chosen]
        middle = [ns / 1e3 for _, (ns, _) in chosen]
        below = [ns / 1e3 * (1 - math.exp(-sigma)) for _, (ns, sigma) in chosen]
        above = [ns / 1e3 * (math.exp(sigma) - 1) for _, (ns, sigma) in chosen]
        axes.errorbar(
            measured,
            middle,
            yerr=[below, above],
            fmt="o",
            markersize=4,
            elinewidth=0.8,
            alpha=0.75,
            color=COLOURS[i % len(COLOURS)],
            label=f"{family} ({len(chosen)})",
        )
    ends = [min(s[3] for s in found.samples) / 1.5e3, max(s[3] for s in found.samples) * 1.5e-3]
    axes.plot(ends, ends, color="black", linewidth=1, label="measured")
    axes.set(xscale="log", yscale="log", xlim=ends, ylim=ends)
    axes.set_xlabel("measured, µs")
    axes.set_ylabel("predicted without having seen the kernel, µs (bars: one sigma)")
    axes.set_title(title)
    axes.grid(True, which="major", color="#dddddd", linewidth=0.6)
    axes.legend(loc="upper left", fontsize=8, framealpha=0.9)
    return figure


def plot(
    store: str | os.PathLike[str], output: str | os.PathLike[str], machine: str | None = None
) -> Fit:
    """Draw predicted against measured times of a store's kernels into a PNG file.

    Args:
        store: file of a profile store; it is only read.
        output: the picture to write.
        machine: only kernels timed there; see ``fit``.

    Returns:
        The kernels and figures shown.

    Raises:
        ModuleNotFoundError: matplotlib is missing.
        ParseError: there are too few kernels.
    """
    found = fit(store, machine)
    title = (
        f"{len(found.samples)} kernels: Spearman {found.spearman:.3f}, median error "
        f"{found.median_error:.1%}, {found.within_one_sigma:.0%} within one sigma"
    )
    _figure(found, title).savefig(os.fspath(output), format="png")
    return found
