"""One encoder block with everything: masked softmax, residuals, norms, biases, gelu."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphs.transformer import attention, gelu, layer_norm
from graphs.weights import Graph, normal, weight

NAME = "BERT block"
SOURCE = "64 tokens, width 1024, 16 heads, feed-forward 4096 (Tensat's sizes, a true block)"
TOKENS, WIDTH, HEADS, INNER = 64, 1024, 16, 4096


def build(rng: np.random.Generator) -> Graph:
    """Give the function, what varies from call to call, and the weights."""

    def block(
        x: Any,
        mask: Any,
        projections: list[Any],
        norms: list[Any],
        w1: Any,
        b1: Any,
        w2: Any,
        b2: Any,
    ) -> Any:
        x = layer_norm(x + attention(x, *projections, mask, HEADS), norms[0], norms[1])
        return layer_norm(x + gelu(x @ w1 + b1) @ w2 + b2, norms[2], norms[3])

    mask = np.where(rng.random((1, TOKENS, TOKENS)) < 0.1, -1e4, 0.0).astype(np.float32)
    weights = (
        [weight(rng, WIDTH, WIDTH) for _ in range(4)],
        [normal(rng, WIDTH) for _ in range(4)],
        weight(rng, WIDTH, INNER),
        normal(rng, INNER),
        weight(rng, INNER, WIDTH),
        normal(rng, WIDTH),
    )
    return Graph(block, (normal(rng, TOKENS, WIDTH), mask), weights)
