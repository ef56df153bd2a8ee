"""A weight with a low-rank correction, multiplied out as adapters are trained: x (W + AB)."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphs.weights import Graph, normal, weight

NAME = "LoRA"
SOURCE = "x [16, 256], W [256, 4096], rank 16 (Mirage's sizes), as x @ W + x @ (A @ B) * s"
ROWS, WIDTH, OUT, RANK = 16, 256, 4096, 16


def build(rng: np.random.Generator) -> Graph:
    """Give the function, what varies from call to call, and the weights."""

    def adapted(x: Any, w: Any, a: Any, b: Any) -> Any:
        return x @ w + x @ (a @ b) * np.float32(2)

    weights = (weight(rng, WIDTH, OUT), weight(rng, WIDTH, RANK), weight(rng, RANK, OUT))
    return Graph(adapted, (normal(rng, ROWS, WIDTH),), weights)
