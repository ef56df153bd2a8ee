"""The kinds of expressions of the Linear Algebra Awareness Benchmark (Sankaran et al. 2022)."""

from __future__ import annotations

from typing import Any

import numpy as np
from algebra_row import Row, squares, with_vectors


def blocks(a: Any, b: Any) -> Any:
    zero = np.zeros_like(a)
    top = np.concatenate([a, zero], axis=1)
    bottom = np.concatenate([zero, b], axis=1)
    return np.concatenate([top, bottom], axis=0)


def _unrolled(a: Any, b: Any, x: Any) -> Any:
    y = x
    for _ in range(3):
        y = np.tanh((a @ b) * y)
    return y


LAAB = (
    Row(
        "AᵀB",
        lambda a, b: a.T @ b,
        squares(2),
        lambda n, t: 2 * n**3,
        "one product, the transpose is read by strides",
    ),
    Row(
        "LB",
        lambda a, b: np.tril(a) @ b,
        squares(2),
        lambda n, t: n**3,
        "row i of L has i terms: half of 2n³",
    ),
    Row(
        "AAᵀ",
        lambda a: a @ a.T,
        squares(1),
        lambda n, t: n**3,
        "symmetric: half of 2n³",
    ),
    Row(
        "TB",
        lambda a, b: np.triu(np.tril(a, 1), -1) @ b,
        squares(2),
        lambda n, t: 6 * n**2,
        "three terms a row: 2·3·n·n",
    ),
    Row(
        "AᵀB+AᵀB",
        lambda a, b: a.T @ b + a.T @ b,
        squares(2),
        lambda n, t: 2 * n**3 + n**2,
        "one product, then doubled",
    ),
    Row(
        "(AᵀB)ᵀ(AᵀB)",
        lambda a, b: (a.T @ b).T @ (a.T @ b),
        squares(2),
        lambda n, t: 3 * n**3,
        "S = AᵀB once, SᵀS is symmetric: 2n³ + n³",
    ),
    Row(
        "(AᵀB)ᵀAᵀB",
        lambda a, b: (a.T @ b).T @ a.T @ b,
        squares(2),
        lambda n, t: 3 * n**3,
        "regrouped to (AᵀB)ᵀ(AᵀB): 2n³ + n³",
    ),
    Row(
        "AᵀBAᵀBy",
        lambda a, b, y: a.T @ b @ a.T @ b @ y,
        with_vectors(2, 1),
        lambda n, t: 8 * n**2,
        "from the right: four products with a vector",
    ),
    Row(
        "HᵀHx",
        lambda h, x: h.T @ h @ x,
        with_vectors(1, 1),
        lambda n, t: 4 * n**2,
        "Hᵀ(Hx)",
    ),
    Row(
        "yᵀHᵀH",
        lambda h, y: y @ h.T @ h,
        with_vectors(1, 1),
        lambda n, t: 4 * n**2,
        "(yᵀHᵀ)H",
    ),
    Row(
        "HᵀyxᵀH",
        lambda h, x, y: h.T @ y[:, None] @ x[None, :] @ h,
        with_vectors(1, 2),
        lambda n, t: 5 * n**2,
        "(Hᵀy)(xᵀH): two products with a vector and an outer one",
    ),
    Row(
        "AB+AC",
        lambda a, b, c: a @ b + a @ c,
        squares(3),
        lambda n, t: 2 * n**3 + n**2,
        "A(B+C)",
    ),
    Row(
        "(A−HᵀH)x",
        lambda a, h, x: (a - h.T @ h) @ x,
        with_vectors(2, 1),
        lambda n, t: 6 * n**2,
        "Ax − Hᵀ(Hx): three products with a vector",
    ),
    Row(
        "BᵀAAᵀB",
        lambda a, b: b.T @ a @ a.T @ b,
        squares(2),
        lambda n, t: 3 * n**3,
        "S = AᵀB, then SᵀS is symmetric: 2n³ + n³",
    ),
    Row(
        "block-diagonal times dense",
        lambda a, b, c: blocks(a, b) @ c,
        lambda n, t: [(n // 2, n // 2)] * 2 + [(n, n)],
        lambda n, t: n**3,
        "two products of halves: 2 · 2(n/2)²n",
    ),
    Row(
        "a product in an unrolled loop",
        _unrolled,
        squares(3),
        lambda n, t: 2 * n**3 + 6 * n**2,
        "the product once, three steps of two operators",
    ),
    Row(
        "(A+B)[2,2]",
        lambda a, b: (a + b)[2, 2],
        squares(2),
        lambda n, t: 1,
        "one sum",
    ),
    Row(
        "(AB)[2,2]",
        lambda a, b: (a @ b)[2, 2],
        squares(2),
        lambda n, t: 2 * n,
        "a row times a column",
    ),
)
