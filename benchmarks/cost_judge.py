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


def timings_needed(
    times: Sequence[float],
    estimates: Sequence[tuple[float, float]],
    kinds: Sequence[int],
    picker_type: Any,
    within: float = 1.03,
) -> int:
    """Timings until one within 3 % of the best was made.

    The tuner's own picker says which way is timed next, from the estimates and what was timed
    before; the way that is believed to be the fastest runs first.
    """
    first = min(range(len(times)), key=lambda i: estimates[i][0])
    order = [first, *(i for i in range(len(times)) if i != first)]
    picker = picker_type([(*estimates[i], kinds[i]) for i in order])
    best, wanted, count = times[first], min(times) * within, 1
    while best > wanted:
        arm = picker.next(-1.0)
        count += 1
        found = times[order[arm]]
        picker.observe(arm, math.log(found / best), 0.02)
        picker.drop(arm)
        if found < 0.98 * best:
            picker.adopt(arm)
        best = min(best, found)
    return count


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
