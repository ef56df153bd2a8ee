"""A gated feed-forward layer: two products of one input, one through silu, multiplied."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphs.weights import Graph, normal, weight

NAME = "gated MLP"
SOURCE = "X [8, 4096] and two weights [4096, 4096] (Mirage's sizes)"
ROWS, WIDTH = 8, 4096


def build(rng: np.random.Generator) -> Graph:
    """Give the function, what varies from call to call, and the weights."""

    def gated(x: Any, gate: Any, up: Any) -> Any:
        g = x @ gate
        return g / (np.float32(1) + np.exp(-g)) * (x @ up)

    weights = (weight(rng, WIDTH, WIDTH), weight(rng, WIDTH, WIDTH))
    return Graph(gated, (normal(rng, ROWS, WIDTH),), weights)
