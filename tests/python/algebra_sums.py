"""Sums, means, extremes and traces of products; rows of softmax and layer norm."""

from __future__ import annotations

from typing import Any

import numpy as np
from algebra_row import Row, eye, squares, with_vectors


def _softmax(z: Any) -> Any:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def _layer_norm(z: Any) -> Any:
    d = z - z.mean(axis=1, keepdims=True)
    return d / np.sqrt((d * d).mean(axis=1, keepdims=True) + 1e-5)


SUMS = (
    Row(
        "row sums of a product",
        lambda a, b: (a @ b).sum(axis=1),
        squares(2),
        lambda n, t: 3 * n**2,
        "A(row sums of B): n² + 2n²",
    ),
    Row(
        "column sums of a product",
        lambda a, b: (a @ b).sum(axis=0),
        squares(2),
        lambda n, t: 3 * n**2,
        "(column sums of A)B: n² + 2n²",
    ),
    Row(
        "sum of a product",
        lambda a, b: (a @ b).sum(),
        squares(2),
        lambda n, t: 2 * n**2,
        "column sums of A · row sums of B: n² + n²",
    ),
    Row(
        "row sums of a thin product",
        lambda a, b, v: (a @ b @ v).sum(axis=1),
        lambda n, t: [(n, n), (n, n), (n, t)],
        lambda n, t: 4 * n**2,
        "A(B(row sums of V))",
    ),
    Row(
        "means of a thin product",
        lambda a, b, v: (a @ b @ v).mean(axis=1),
        lambda n, t: [(n, n), (n, n), (n, t)],
        lambda n, t: 4 * n**2,
        "A(B(row means of V))",
    ),
    Row(
        "maxima of a thin product",
        lambda a, b, v: (a @ b @ v).max(axis=1),
        lambda n, t: [(n, n), (n, n), (n, t)],
        lambda n, t: 4 * n**2 * t,
        "A(BV), then the maxima of n·t",
    ),
    Row(
        "x @ W, sum over outputs",
        lambda x, w: (x @ w).sum(axis=1),
        lambda n, t: [(n, t), (t, n)],
        lambda n, t: 3 * n * t,
        "x(row sums of W): nt + 2nt",
    ),
    Row(
        "x @ W, mean over outputs",
        lambda x, w: (x @ w).mean(axis=1),
        squares(2),
        lambda n, t: 3 * n**2,
        "x(row means of W)",
    ),
    Row(
        "mean of a linear layer",
        lambda x, w, b: (x @ w + b).mean(axis=1),
        with_vectors(2, 1),
        lambda n, t: 3 * n**2,
        "x(row means of W) + mean of b",
    ),
    Row(
        "mean over the batch of a linear layer",
        lambda x, w, b: (x @ w + b).mean(axis=0),
        with_vectors(2, 1),
        lambda n, t: 3 * n**2,
        "(column means of x)W + b",
    ),
    Row(
        "sums of centred columns",
        lambda x: (x - x.mean(axis=0)).sum(axis=0),
        squares(1),
        lambda n, t: 0,
        "zero",
    ),
    Row(
        "sum of centred rows",
        lambda x: (x - x.mean(axis=1, keepdims=True)).sum(axis=1),
        squares(1),
        lambda n, t: 0,
        "zero",
    ),
    Row(
        "mean of means",
        lambda x: x.mean(axis=1).mean(),
        squares(1),
        lambda n, t: n**2,
        "one sum of everything",
    ),
    Row(
        "maxima of shifted rows",
        lambda x, r: (x + r[:, None]).max(axis=1),
        with_vectors(1, 1),
        lambda n, t: n**2,
        "the shift is added to the maximum",
    ),
    Row(
        "sum of a scaled matrix",
        lambda x, r, c: (r[:, None] * x * c).sum(),
        with_vectors(1, 2),
        lambda n, t: 2 * n**2,
        "rᵀ(xc)",
    ),
)

TRACES = (
    Row(
        "trace of AB",
        lambda a, b: np.trace(a @ b),
        squares(2),
        lambda n, t: 2 * n**2,
        "sum of A ∘ Bᵀ: n² products, n² sums",
    ),
    Row(
        "trace of AᵀB",
        lambda a, b: ((a.T @ b) * eye(a)).sum(),
        squares(2),
        lambda n, t: 2 * n**2,
        "sum of A ∘ B",
    ),
    Row(
        "trace of ABC",
        lambda a, b, c: np.trace(a @ b @ c),
        squares(3),
        lambda n, t: 2 * n**3 + 2 * n**2,
        "sum of AB ∘ Cᵀ",
    ),
    Row(
        "trace of a thin product",
        lambda a, u, v: np.trace(a @ u @ v),
        lambda n, t: [(n, n), (n, t), (t, n)],
        lambda n, t: 2 * n**2 * t,
        "sum of AU ∘ Vᵀ",
    ),
)

ROWS = (
    Row(
        "softmax of shifted rows",
        lambda x, r: _softmax(x + r[:, None]),
        with_vectors(1, 1),
        lambda n, t: 5 * n**2,
        "softmax(x): max, minus, exp, sum, scale",
    ),
    Row(
        "layer norm of a shifted input",
        lambda x, r: _layer_norm(x + r[:, None]),
        with_vectors(1, 1),
        lambda n, t: 5 * n**2,
        "layer_norm(x): sum, minus, square, sum, scale",
    ),
)
