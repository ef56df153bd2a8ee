"""A residual block with grouped convolution: narrow, convolve by groups, widen, add."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphs.convolution import conv
from graphs.weights import Graph, normal, weight

NAME = "ResNeXt-like block"
SOURCE = "stage 3 of ResNeXt-50: 14 x 14, 1024 -> 512 -> 1024 channels; 8 groups of 64"
SIZE, WIDE, NARROW, GROUPS = 14, 1024, 512, 8


def build(rng: np.random.Generator) -> Graph:
    """Give the function, what varies from call to call, and the weights."""

    def block(x: Any, narrow: Any, groups: list[Any], widen: Any, shift: Any) -> Any:
        y = np.maximum(x @ narrow + shift, 0.0)
        width = NARROW // GROUPS
        parts = [conv(y[:, :, g * width : (g + 1) * width], taps) for g, taps in enumerate(groups)]
        y = np.maximum(np.concatenate(parts, axis=2), 0.0)
        return np.maximum(y @ widen + x, 0.0)

    width = NARROW // GROUPS
    groups = [
        [[weight(rng, width, width) / 3 for _ in range(3)] for _ in range(3)] for _ in range(GROUPS)
    ]
    weights = (weight(rng, WIDE, NARROW), groups, weight(rng, NARROW, WIDE), normal(rng, NARROW))
    return Graph(block, (normal(rng, SIZE, SIZE, WIDE),), weights)
