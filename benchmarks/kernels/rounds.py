"""Times calls in turns: in every round a sample of each."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from itertools import repeat
from typing import Any, Callable

SAMPLE_S = 4e-3  # a sample repeats the call until it takes this long
SETTLE_S = 0.06  # longer than worker threads of the libraries spin after a call


def _sample(call: Callable[[], Any], count: int) -> float:
    start = time.perf_counter()
    for _ in repeat(None, count):
        call()
    return (time.perf_counter() - start) / count


def _counts(calls: Mapping[str, Callable[[], Any]]) -> dict[str, tuple[int, float]]:
    out = {}
    for name, call in calls.items():
        call()
        once = max(_sample(call, 1), 1e-7)
        if once < 1e-4:
            once = max(_sample(call, 20), 1e-7)
        out[name] = max(1, int(SAMPLE_S / once)), once
    return out


def time_in_turns(
    calls: Mapping[str, Callable[[], Any]], threads: int, rounds: int, limit_s: float
) -> dict[str, float]:
    """Give the median microseconds of a call of each, from interleaved rounds.

    Args:
        calls: name to a call without arguments, compiled before.
        threads: above one, every sample begins after a pause: the worker threads of OpenBLAS and
            OpenMP spin for tens of milliseconds after a call, which would take a core from
            whoever comes next.
        rounds: samples of each; fewer (at least 3) where `limit_s` would be passed.
        limit_s: seconds for all rounds together.
    """
    counts = _counts(calls)
    pause = SETTLE_S if threads > 1 else 0.0
    round_s = sum((count + 1) * once + pause for count, once in counts.values())
    rounds = max(3, min(rounds, int(limit_s / round_s)))
    samples: dict[str, list[float]] = {name: [] for name in calls}
    names = list(calls)
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            time.sleep(pause)
            calls[name]()  # not counted: brings its arrays to the caches and wakes its threads
            samples[name].append(_sample(calls[name], counts[name][0]))
    return {name: statistics.median(values) * 1e6 for name, values in samples.items()}
