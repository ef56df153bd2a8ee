"""Comparing functions: interleaved timings as ratios, errors against a reference."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from typing import Any, Callable, NamedTuple

import numpy as np


class Timing(NamedTuple):
    """Median milliseconds of one call, and of the first (cold) call."""

    ms: float
    first_ms: float


def time_together(
    functions: Mapping[str, Callable[[], Any]], rounds: int = 15, sample_ms: float = 2.0
) -> dict[str, Timing]:
    """Time functions in interleaved rounds and give medians.

    Args:
        functions: name to a call without arguments.
        rounds: samples of each function; they alternate, so that a slow minute hits all alike.
        sample_ms: a sample repeats the call until it takes this long.

    Example:
        >>> found = time_together({"a": lambda: sum(range(10)), "b": lambda: None}, rounds=3)
        >>> sorted(found)
        ['a', 'b']
    """
    first, repeats = {}, {}
    for name, function in functions.items():
        start = time.perf_counter()
        function()
        first[name] = time.perf_counter() - start
        start = time.perf_counter()
        function()
        once = max(time.perf_counter() - start, 1e-7)
        repeats[name] = max(1, int(sample_ms / 1e3 / once))
    samples: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(rounds):
        for name, function in functions.items():
            count = repeats[name]
            start = time.perf_counter()
            for _ in range(count):
                function()
            samples[name].append((time.perf_counter() - start) / count)
    return {
        name: Timing(statistics.median(values) * 1e3, first[name] * 1e3)
        for name, values in samples.items()
    }


def largest_error(got: Any, want: Any) -> float:
    """Give the largest difference, relative to the largest magnitude of ``want``.

    Example:
        >>> float(largest_error(np.array([1.0, 2.0]), np.array([1.0, 2.5])))
        0.2
    """
    got, want = np.asarray(got), np.asarray(want)
    if got.shape != want.shape:
        raise AssertionError(f"shapes differ: {got.shape} and {want.shape}")
    if want.size == 0:
        return 0.0
    a, b = got.astype(np.float64), want.astype(np.float64)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    difference = np.where(same, 0.0, np.abs(a - b))
    scale = np.max(np.abs(b[np.isfinite(b)]), initial=0.0)
    return float(np.max(difference)) / float(scale or 1.0)


__all__ = ["Timing", "largest_error", "time_together"]
