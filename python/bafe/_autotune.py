"""Autotune: the log of timed calls, the eight-feature model fitted to it, the machine model."""

from __future__ import annotations

import os
from typing import Any

from bafe import _core, arguments


@arguments.named
def configure_autotune(
    refit_threshold: int = 20,
    invalidation_drift: float = 0.25,
    warmup_calls: int = 2,
    timing_iters: int = 5,
) -> None:
    """Set how autotune measures and learns.

    Args:
        refit_threshold: refit whenever the log's size is a multiple of it.
        invalidation_drift: a program whose prediction is off by more than this fraction is searched
            anew.
        warmup_calls: calls of a (function, signature) before its first record.
        timing_iters: compiled runs averaged in one record.

    Raises:
        ShapeError: a number is out of range.
    """
    _core.configure_autotune(refit_threshold, invalidation_drift, warmup_calls, timing_iters)


def autotune_stats() -> dict[str, Any]:
    """Count calls, compiles, refits, invalidations, records since the start or the last reset.

    Example:
        >>> sorted(bafe.autotune_stats())[:3]
        ['last_refit_r_squared', 'log_size', 'total_calls']
    """
    return _core.autotune_stats()


def autotune_model() -> dict[str, Any]:
    """Give the fitted model: weights (8), bias, r_squared (0 to 1), n_samples, valid.

    It predicts the logarithm of milliseconds.
    """
    return _core.autotune_model()


def autotune_refit() -> bool:
    """Fit the model now; say whether the log held enough."""
    return _core.autotune_refit()


def autotune_reset() -> None:
    """Forget log, model and counters; the configuration stays."""
    _core.autotune_reset()


def autotune_dump_log(path: str | os.PathLike[str]) -> int:
    """Write the log, one JSON object a line; give the number of lines.

    Keys: ``graph_hash``, ``features`` (8), ``predicted_cost`` (nanoseconds), ``observed_runtime``
    and ``observed_ms`` (both milliseconds).

    Raises:
        OSError: the file cannot be written.
    """
    return _core.autotune_dump_log(os.fspath(path))


def calibrate() -> dict[str, float]:
    """Measure this machine now (takes a second) and give ``calibrated_cost_model()``."""
    return _core.calibrate()


def calibrated_cost_model() -> dict[str, float]:
    """Give the machine model as BAFE 0.1's seven numbers, in nanoseconds.

    Example:
        >>> len(bafe.calibrated_cost_model())
        7
    """
    return _core.calibrated_cost_model()
