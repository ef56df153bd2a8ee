"""Expressions whose best evaluation is known by hand, with its FLOP count and a line of derivation.

FLOPs: a dense product of [m, k] with [k, n] counts 2mnk, a product with known zeros only the terms
that remain, a symmetric result its lower half; a reduction counts 1 for each element it reads;
pointwise arithmetic counts 1 for each element it makes; solving with a dense matrix counts 2/3 n³
and 2n² a column. Movement, copies and fills count nothing. ``best`` gives the terms that matter at
n = 1000: counts agree when they differ by less than 1 in 200, or exactly where they are below n.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import bafe
import numpy as np
from algebra_forms import FORMS, STRUCTURE
from algebra_laab import LAAB
from algebra_row import Index, Row
from algebra_sums import ROWS, SUMS, TRACES

THIN = 8
TABLE = LAAB + SUMS + TRACES + FORMS + STRUCTURE + ROWS


def arguments(row: Row, n: int, t: int, rng: Any) -> list[Any]:
    """Draw values for a row."""
    low = 1 if row.positive else -1
    return [
        rng.permutation(shape.size)
        if isinstance(shape, Index)
        else rng.uniform(low, 2, shape).astype(np.float32)
        for shape in row.shapes(n, t)
    ]


def same_count(found: float, best: float) -> bool:
    """Do two counts agree up to terms of lower order?"""
    return abs(found - best) <= best / 200


class Found(NamedTuple):
    """What a search gave: FLOPs of both programs, milliseconds, the chosen program."""

    flops: float
    as_written: float
    ms: float
    chosen: str


def found_flops(row: Row, n: int = 1000) -> Found:
    """Search only: nothing is compiled or run."""
    specs = [
        bafe.ShapeDtype((shape.size,), "int64")
        if isinstance(shape, Index)
        else bafe.ShapeDtype(shape)
        for shape in row.shapes(n, THIN)
    ]
    found = bafe.jit(row.function).explain(*specs).to_dict()
    return Found(found["flops"], found["flops_as_written"], found["stats"]["ms"], found["chosen"])
