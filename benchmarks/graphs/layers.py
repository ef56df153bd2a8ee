"""Equal layers in a row: what is searched once should not be searched again."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphs.transformer import layer_norm
from graphs.weights import Graph, normal, weight

NAME = "24 equal layers"
SOURCE = "x + relu(norm(x) W1) W2 at width 256, 24 times"
LAYERS, ROWS, WIDTH = 24, 64, 256


def build(rng: np.random.Generator, layers: int = LAYERS) -> Graph:
    """Give the function, what varies from call to call, and the weights."""

    def stack(x: Any, parameters: list[Any]) -> Any:
        for w1, w2, gain, shift in parameters:
            x = x + np.maximum(layer_norm(x, gain, shift) @ w1, 0.0) @ w2
        return x

    def one() -> tuple[Any, ...]:
        return (
            weight(rng, WIDTH, WIDTH),
            weight(rng, WIDTH, WIDTH),
            normal(rng, WIDTH),
            normal(rng, WIDTH),
        )

    return Graph(stack, (normal(rng, ROWS, WIDTH),), ([one() for _ in range(layers)],))
