"""Recurrent cells found by architecture search, in a chain: eight gates, two products each."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphs.weights import Graph, normal, weight

NAME = "NasRNN, 5 steps"
SOURCE = "hidden 512, batch 1, 5 steps, as in TASO's and Tensat's evaluation"
STEPS, HIDDEN, GATES = 5, 512, 8


def sigmoid(x: np.ndarray) -> np.ndarray:
    """Logistic function."""
    return 1.0 / (1.0 + np.exp(-x))


def relu(x: np.ndarray) -> np.ndarray:
    """Positive part."""
    return np.maximum(x, 0.0)


def cell(x: np.ndarray, h: np.ndarray, wx: list[Any], wh: list[Any]) -> np.ndarray:
    """One step: eight sums of two products through a tree of activations."""
    gates = [x @ a + h @ b for a, b in zip(wx, wh)]
    one = relu(gates[0]) + sigmoid(gates[3])
    two = sigmoid(gates[1]) * np.tanh(gates[2])
    three = np.tanh(gates[4]) * sigmoid(gates[5])
    four = sigmoid(gates[6]) * relu(gates[7])
    return np.tanh(sigmoid(one + two) * np.tanh(three + four))


def build(rng: np.random.Generator) -> Graph:
    """Give the function, what varies from call to call, and the weights."""

    def chain(h: Any, xs: list[Any], wx: list[Any], wh: list[Any]) -> Any:
        for x in xs:
            h = cell(x, h, wx, wh)
        return h

    matrices = [[weight(rng, HIDDEN, HIDDEN) for _ in range(GATES)] for _ in range(2)]
    xs = [normal(rng, 1, HIDDEN) for _ in range(STEPS)]
    return Graph(chain, (normal(rng, 1, HIDDEN), xs), tuple(matrices))
