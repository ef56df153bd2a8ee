"""What a graph is, and random arrays for it."""

from __future__ import annotations

from typing import Any, Callable, NamedTuple

import numpy as np


class Graph(NamedTuple):
    """A network: ``function(*activations, *weights)``; the weights stay the same."""

    function: Callable[..., Any]
    activations: tuple[Any, ...]
    weights: tuple[Any, ...]


def normal(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Give f32 values of unit scale."""
    return rng.standard_normal(shape).astype(np.float32)


def weight(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Give f32 values that keep the scale of what they multiply."""
    return (rng.standard_normal(shape) / np.sqrt(shape[-2])).astype(np.float32)
