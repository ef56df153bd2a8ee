"""Attention in which a group of query heads shares keys and values."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphs.transformer import softmax
from graphs.weights import Graph, normal

NAME = "group-query attention"
SOURCE = "Q [2, 256, 64], K [2, 64, 4096], V [2, 4096, 64] (Mirage's sizes), stable softmax"


def build(rng: np.random.Generator) -> Graph:
    """Give the function, what varies from call to call, and the weights."""

    def attend(q: Any, k: Any, v: Any) -> Any:
        return softmax(q @ k * np.float32(0.125)) @ v

    q, k, v = (normal(rng, *shape) for shape in ((2, 256, 64), (2, 64, 4096), (2, 4096, 64)))
    return Graph(attend, (q, k, v), ())
