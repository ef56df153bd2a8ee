"""Figures of merit of predicted times, and how many timings a search for the best plan takes."""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Sequence
from typing import Any, NamedTuple

from bafe.profile_plot import rank_correlation

Sample = tuple[str, list[float], float, float, bool]  # as bafe._core has it


class Verdict(NamedTuple):
    """How good predictions of some kernels are."""

    count: int
    spearman: float
    median_error: float
    within_one_sigma: float
    within_two_sigma: float


def judge(measured: Sequence[float], predicted: Sequence[tuple[float, float]]) -> Verdict:
    """Compare measured times with (predicted, sigma)."""
    if not measured:
        return Verdict(0, 0.0, 0.0, 0.0, 0.0)
    errors = [abs(p / m - 1) for m, (p, _) in zip(measured, predicted)]
    scores = [abs(math.log(m / p)) / max(s, 1e-9) for m, (p, s) in zip(measured, predicted)]
    return Verdict(
        len(measured),
        rank_correlation(measured, [p for p, _ in predicted]),
        statistics.median(errors),
        sum(s < 1 for s in scores) / len(scores),
        sum(s < 2 for s in scores) / len(scores),
    )


def _improvement(mean: float, sigma: float, best: float) -> float:
    """Expected gain of a timing over the best one so far, in logarithms of time."""
    if sigma <= 0:
        return max(0.0, best - mean)
    z = (best - mean) / sigma
    density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return sigma * (z * 0.5 * math.erfc(-z / math.sqrt(2)) + density)


def timings_needed(
    times: Sequence[float], estimates: Sequence[tuple[float, float]], within: float = 1.03
) -> int:
    """Timings until one within 3 % of the best was made, each next one where it promises most.

    What was timed tells of the rest: the estimates of one program err alike, so their common error
    is learned beside each one's own, half of the variance each.
    """
    wanted = min(times) * within
    seen: dict[int, float] = {}
    while len(seen) < len(times):
        shift_top = shift_weight = 0.0
        for i, error in seen.items():
            own = estimates[i][1] ** 2 / 2 + 1e-4
            shift_top += error / own
            shift_weight += 1 / own
        common = statistics.fmean(e[1] ** 2 / 2 for e in estimates) + 1e-9
        shift = shift_top / (shift_weight + 1 / common)
        left = 1 / (shift_weight + 1 / common)
        best = min((math.log(times[i]) for i in seen), default=math.inf)
        gains = []
        for i, (ns, sigma) in enumerate(estimates):
            if i in seen:
                continue
            mean = math.log(ns) + shift
            if not seen:
                gains.append((-mean, i))
                continue
            gains.append((_improvement(mean, math.sqrt(sigma**2 / 2 + left), best), i))
        chosen = max(gains, key=lambda gain: (gain[0], -gain[1]))[1]
        seen[chosen] = math.log(times[chosen]) - math.log(estimates[chosen][0])
        if times[chosen] <= wanted:
            return len(seen)
    return len(times)


def timings_in_order(times: Sequence[float], order: Sequence[int], within: float = 1.03) -> int:
    """Timings until one within 3 % of the best was made, in a given order."""
    wanted = min(times) * within
    return next(n for n, i in enumerate(order, 1) if times[i] <= wanted)


def timings_at_random(times: Sequence[float], tries: int = 200) -> float:
    """The same in random order, on average."""
    draw = random.Random(7)
    order = list(range(len(times)))
    total = 0
    for _ in range(tries):
        draw.shuffle(order)
        total += timings_in_order(times, order)
    return total / tries


def fold_of(name: str, folds: int = 5) -> int:
    """Where a kernel is held out: by its name, so that all its samples are."""
    return random.Random(f"fold {name}").randrange(folds)


def held_out(rows: list[dict[str, Any]], model_type: Any) -> list[tuple[float, float]]:
    """Predict each row by a model of the kernels of the other folds."""
    out: list[tuple[float, float]] = [(0.0, 0.0)] * len(rows)
    for fold in range(5):
        model = model_type.fit([r["sample"] for r in rows if fold_of(r["name"]) != fold])
        for i, row in enumerate(rows):
            if fold_of(row["name"]) == fold:
                out[i] = model.estimate(row["sample"])
    return out


def largest_held_out(
    rows: list[dict[str, Any]], model_type: Any
) -> tuple[list[dict[str, Any]], list[tuple[float, float]]]:
    """The slowest fifth of each family, predicted by a model of the rest: larger than any seen."""
    families: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        families.setdefault(row["sample"][0], []).append(row)
    known, unknown = [], []
    for members in families.values():
        members.sort(key=lambda row: row["sample"][2])
        cut = len(members) * 4 // 5
        known += members[:cut]
        unknown += members[cut:]
    model = model_type.fit([row["sample"] for row in known])
    return unknown, [model.estimate(row["sample"]) for row in unknown]
