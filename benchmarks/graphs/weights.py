"""Random arrays for the graphs."""

from __future__ import annotations

import numpy as np


def normal(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Give f32 values of unit scale."""
    return rng.standard_normal(shape).astype(np.float32)


def weight(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Give f32 values that keep the scale of what they multiply."""
    return (rng.standard_normal(shape) / np.sqrt(shape[-2])).astype(np.float32)
