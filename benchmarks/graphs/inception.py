"""Four branches over one image, side by side: 1x1, 1x1 then 3x3, 1x1 then 5x5, pool then 1x1."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphs.convolution import average_pool, conv
from graphs.weights import Graph, normal, weight

NAME = "Inception-like block"
SOURCE = "block 4a of GoogLeNet: 14 x 14 x 480 -> 192 + 208 + 48 + 64 channels"
SIZE, CHANNELS = 14, 480


def build(rng: np.random.Generator) -> Graph:
    """Give the function, what varies from call to call, and the weights."""

    def block(x: Any, one: Any, by3: Any, taps3: Any, by5: Any, taps5: Any, pooled: Any) -> Any:
        branches = [
            x @ one,
            conv(np.maximum(x @ by3, 0.0), taps3),
            conv(np.maximum(x @ by5, 0.0), taps5),
            average_pool(x) @ pooled,
        ]
        return np.maximum(np.concatenate(branches, axis=2), 0.0)

    def taps(size: int, c: int, d: int) -> list[list[np.ndarray]]:
        return [[weight(rng, c, d) / size for _ in range(size)] for _ in range(size)]

    weights = (
        weight(rng, CHANNELS, 192),
        weight(rng, CHANNELS, 96),
        taps(3, 96, 208),
        weight(rng, CHANNELS, 16),
        taps(5, 16, 48),
        weight(rng, CHANNELS, 64),
    )
    return Graph(block, (normal(rng, SIZE, SIZE, CHANNELS),), weights)
