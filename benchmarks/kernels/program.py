"""One program of the benchmark: data, no code that measures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Callable

import numpy as np

Arrays = tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Program:
    """What is computed, on what, and how each library says it.

    ``run(xp, *arrays)`` is the program over NumPy's interface: ``xp`` is ``numpy`` for NumPy and
    for BAFE's tracing, ``jax.numpy`` for JAX, ``torch`` for torch. ``own`` has the wording of a
    library where another one is natural there: a function of the arrays; under ``numba`` a
    function that takes the module and whether to be parallel, and gives the compiled function.
    """

    family: str
    name: str
    arrays: Callable[[], Arrays]
    run: Callable[..., Any]
    own: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    flops: float = 0  # 0: memory bounds it, the probe is one of bandwidth
    depth: int = 1  # terms of the longest sum, for the tolerance
    compiled: bool = True  # whether torch.compile may do better than torch
    skip: tuple[str, ...] = ()  # libraries that cannot say it


def tolerance(program: Program, dtype: np.dtype) -> float:
    """Give the largest error allowed, relative to the largest magnitude of the result.

    Rounding errors of a sum of k terms of mean zero grow as sqrt(k) unit roundoffs (the
    probabilistic bound, constant 4 for all elements of a large array at once); the 16 covers
    element-wise functions of a few ULP, one after another.
    """
    if dtype.kind not in "fc":
        return 0.0
    return (4 * np.sqrt(program.depth) + 16) * float(np.finfo(dtype).eps) / 2


def normal(*shape: int, dtype: Any = np.float32, seed: int = 7) -> np.ndarray:
    """Give reproducible normal values."""
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(dtype)
