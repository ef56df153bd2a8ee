"""A gated feed-forward layer: two products of one input, one through silu, multiplied."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from graphs.weights import normal, weight

NAME = "gated MLP"
SOURCE = "X [8, 4096] and two weights [4096, 4096] (Mirage's sizes)"
ROWS, WIDTH = 8, 4096


def build(rng: np.random.Generator) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """Give the function and its arguments."""

    def gated(x: Any, gate: Any, up: Any) -> Any:
        g = x @ gate
        return g / (np.float32(1) + np.exp(-g)) * (x @ up)

    return gated, (normal(rng, ROWS, WIDTH), weight(rng, WIDTH, WIDTH), weight(rng, WIDTH, WIDTH))
