"""Attention in which a group of query heads shares keys and values."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from graphs.transformer import softmax
from graphs.weights import normal

NAME = "group-query attention"
SOURCE = "Q [2, 256, 64], K [2, 64, 4096], V [2, 4096, 64] (Mirage's sizes), stable softmax"


def build(rng: np.random.Generator) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """Give the function and its arguments."""

    def attend(q: Any, k: Any, v: Any) -> Any:
        return softmax(q @ k * np.float32(0.125)) @ v

    return attend, (normal(rng, 2, 256, 64), normal(rng, 2, 64, 4096), normal(rng, 2, 4096, 64))
