"""Convolutions as sums of products with shifted slices, in the NHWC order."""

from __future__ import annotations

import numpy as np


def conv(x: np.ndarray, taps: list[list[np.ndarray]]) -> np.ndarray:
    """Same-padded convolution of ``x`` [h, w, c]; ``taps[i][j]`` is [c, d]."""
    height, width = len(taps), len(taps[0])
    top, left = height // 2, width // 2
    h, w, _ = x.shape
    padded = np.pad(x, ((top, top), (left, left), (0, 0)))
    total = None
    for i in range(height):
        for j in range(width):
            part = padded[i : i + h, j : j + w] @ taps[i][j]
            total = part if total is None else total + part
    return total


def average_pool(x: np.ndarray) -> np.ndarray:
    """Mean over 3x3 neighbours with zero padding."""
    h, w, _ = x.shape
    padded = np.pad(x, ((1, 1), (1, 1), (0, 0)))
    rows = padded[0:h] + padded[1 : h + 1] + padded[2 : h + 2]
    return (rows[:, 0:w] + rows[:, 1 : w + 1] + rows[:, 2 : w + 2]) * np.float32(1 / 9)
