"""Expressions whose best evaluation is known by hand, with its FLOP count and a line of derivation.

FLOPs: a dense product of [m, k] with [k, n] counts 2mnk, a product with known zeros only the terms
that remain, a symmetric result its lower half; a reduction counts 1 for each element it reads;
pointwise arithmetic counts 1 for each element it makes; solving with a dense matrix counts 2/3 n³
and 2n² a column. Movement, copies and fills count nothing. ``best`` gives the terms that matter at
n = 1000: counts agree when they differ by less than 1 in 200, or exactly where they are below n.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Callable, NamedTuple

import bafe
import numpy as np

THIN = 8


class Row(NamedTuple):
    """One expression: its shapes and best count for a size n and a thin size t."""

    name: str
    function: Callable[..., Any]
    shapes: Callable[[int, int], Sequence[Any]]
    best: Callable[[int, int], float]
    derivation: str
    rule: str = ""  # a rule of the user's own, in force for this row
    positive: bool = False  # arguments are drawn from [1, 2) for the check of values


def _squares(count: int) -> Callable[[int, int], Sequence[Any]]:
    return lambda n, t: [(n, n)] * count


def _with_vectors(squares: int, vectors: int) -> Callable[[int, int], Sequence[Any]]:
    return lambda n, t: [(n, n)] * squares + [(n,)] * vectors


class Index(NamedTuple):
    """A vector of positions below its size, as an argument."""

    size: int


def _eye(like: Any) -> Any:
    if isinstance(like, np.ndarray):
        return np.eye(like.shape[0], dtype=like.dtype)
    return bafe.diag(bafe.ones((like.shape[0],), dtype=like.dtype))


def _blocks(a: Any, b: Any) -> Any:
    zero = np.zeros_like(a)
    top = np.concatenate([a, zero], axis=1)
    bottom = np.concatenate([zero, b], axis=1)
    return np.concatenate([top, bottom], axis=0)


def _unrolled(a: Any, b: Any, x: Any) -> Any:
    y = x
    for _ in range(3):
        y = np.tanh((a @ b) * y)
    return y


def _softmax(z: Any) -> Any:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def _layer_norm(z: Any) -> Any:
    d = z - z.mean(axis=1, keepdims=True)
    return d / np.sqrt((d * d).mean(axis=1, keepdims=True) + 1e-5)


WOODBURY = """
(rule my-woodbury
  (solve (add ?d (matmul ?u ?v)) ?b)
  => (let ?y (solve ?d ?b)
     (let ?z (solve ?d ?u)
     (let ?s (add (matmul ?v ?z) (cast (equal (iota :dtype i64 :shape (list ?k ?k) :axis 0)
                                              (iota :dtype i64 :shape (list ?k ?k) :axis 1))
                                       :dtype (dtype ?d)))
       (sub ?y (matmul ?z (solve ?s (matmul ?v ?y)))))))
  :types (?d [n n]) (?u [n k]) (?v [k n]) (?b [n p])
  :let ((?k (dim ?u 1)))
  :when (diagonal ?d) (< (* 4 (dim ?u 1)) (dim ?u 0))
  :class reals  :set structural
  :why "a small system instead of a large one")
"""

LAAB = (
    Row(
        "AᵀB",
        lambda a, b: a.T @ b,
        _squares(2),
        lambda n, t: 2 * n**3,
        "one product, the transpose is read by strides",
    ),
    Row(
        "LB",
        lambda a, b: np.tril(a) @ b,
        _squares(2),
        lambda n, t: n**3,
        "row i of L has i terms: half of 2n³",
    ),
    Row(
        "AAᵀ",
        lambda a: a @ a.T,
        _squares(1),
        lambda n, t: n**3,
        "symmetric: half of 2n³",
    ),
    Row(
        "TB",
        lambda a, b: np.triu(np.tril(a, 1), -1) @ b,
        _squares(2),
        lambda n, t: 6 * n**2,
        "three terms a row: 2·3·n·n",
    ),
    Row(
        "AᵀB+AᵀB",
        lambda a, b: a.T @ b + a.T @ b,
        _squares(2),
        lambda n, t: 2 * n**3 + n**2,
        "one product, then doubled",
    ),
    Row(
        "(AᵀB)ᵀ(AᵀB)",
        lambda a, b: (a.T @ b).T @ (a.T @ b),
        _squares(2),
        lambda n, t: 3 * n**3,
        "S = AᵀB once, SᵀS is symmetric: 2n³ + n³",
    ),
    Row(
        "(AᵀB)ᵀAᵀB",
        lambda a, b: (a.T @ b).T @ a.T @ b,
        _squares(2),
        lambda n, t: 3 * n**3,
        "regrouped to (AᵀB)ᵀ(AᵀB): 2n³ + n³",
    ),
    Row(
        "AᵀBAᵀBy",
        lambda a, b, y: a.T @ b @ a.T @ b @ y,
        _with_vectors(2, 1),
        lambda n, t: 8 * n**2,
        "from the right: four products with a vector",
    ),
    Row(
        "HᵀHx",
        lambda h, x: h.T @ h @ x,
        _with_vectors(1, 1),
        lambda n, t: 4 * n**2,
        "Hᵀ(Hx)",
    ),
    Row(
        "yᵀHᵀH",
        lambda h, y: y @ h.T @ h,
        _with_vectors(1, 1),
        lambda n, t: 4 * n**2,
        "(yᵀHᵀ)H",
    ),
    Row(
        "HᵀyxᵀH",
        lambda h, x, y: h.T @ y[:, None] @ x[None, :] @ h,
        _with_vectors(1, 2),
        lambda n, t: 5 * n**2,
        "(Hᵀy)(xᵀH): two products with a vector and an outer one",
    ),
    Row(
        "AB+AC",
        lambda a, b, c: a @ b + a @ c,
        _squares(3),
        lambda n, t: 2 * n**3 + n**2,
        "A(B+C)",
    ),
    Row(
        "(A−HᵀH)x",
        lambda a, h, x: (a - h.T @ h) @ x,
        _with_vectors(2, 1),
        lambda n, t: 6 * n**2,
        "Ax − Hᵀ(Hx): three products with a vector",
    ),
    Row(
        "BᵀAAᵀB",
        lambda a, b: b.T @ a @ a.T @ b,
        _squares(2),
        lambda n, t: 3 * n**3,
        "S = AᵀB, then SᵀS is symmetric: 2n³ + n³",
    ),
    Row(
        "block-diagonal times dense",
        lambda a, b, c: _blocks(a, b) @ c,
        lambda n, t: [(n // 2, n // 2)] * 2 + [(n, n)],
        lambda n, t: n**3,
        "two products of halves: 2 · 2(n/2)²n",
    ),
    Row(
        "a product in an unrolled loop",
        _unrolled,
        _squares(3),
        lambda n, t: 2 * n**3 + 6 * n**2,
        "the product once, three steps of two operators",
    ),
    Row(
        "(A+B)[2,2]",
        lambda a, b: (a + b)[2, 2],
        _squares(2),
        lambda n, t: 1,
        "one sum",
    ),
    Row(
        "(AB)[2,2]",
        lambda a, b: (a @ b)[2, 2],
        _squares(2),
        lambda n, t: 2 * n,
        "a row times a column",
    ),
)

SUMS = (
    Row(
        "row sums of a product",
        lambda a, b: (a @ b).sum(axis=1),
        _squares(2),
        lambda n, t: 3 * n**2,
        "A(row sums of B): n² + 2n²",
    ),
    Row(
        "column sums of a product",
        lambda a, b: (a @ b).sum(axis=0),
        _squares(2),
        lambda n, t: 3 * n**2,
        "(column sums of A)B: n² + 2n²",
    ),
    Row(
        "sum of a product",
        lambda a, b: (a @ b).sum(),
        _squares(2),
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
        _squares(2),
        lambda n, t: 3 * n**2,
        "x(row means of W)",
    ),
    Row(
        "mean of a linear layer",
        lambda x, w, b: (x @ w + b).mean(axis=1),
        _with_vectors(2, 1),
        lambda n, t: 3 * n**2,
        "x(row means of W) + mean of b",
    ),
    Row(
        "mean over the batch of a linear layer",
        lambda x, w, b: (x @ w + b).mean(axis=0),
        _with_vectors(2, 1),
        lambda n, t: 3 * n**2,
        "(column means of x)W + b",
    ),
    Row(
        "sums of centred columns",
        lambda x: (x - x.mean(axis=0)).sum(axis=0),
        _squares(1),
        lambda n, t: 0,
        "zero",
    ),
    Row(
        "sum of centred rows",
        lambda x: (x - x.mean(axis=1, keepdims=True)).sum(axis=1),
        _squares(1),
        lambda n, t: 0,
        "zero",
    ),
    Row(
        "mean of means",
        lambda x: x.mean(axis=1).mean(),
        _squares(1),
        lambda n, t: n**2,
        "one sum of everything",
    ),
    Row(
        "maxima of shifted rows",
        lambda x, r: (x + r[:, None]).max(axis=1),
        _with_vectors(1, 1),
        lambda n, t: n**2,
        "the shift is added to the maximum",
    ),
    Row(
        "sum of a scaled matrix",
        lambda x, r, c: (r[:, None] * x * c).sum(),
        _with_vectors(1, 2),
        lambda n, t: 2 * n**2,
        "rᵀ(xc)",
    ),
)

TRACES = (
    Row(
        "trace of AB",
        lambda a, b: np.trace(a @ b),
        _squares(2),
        lambda n, t: 2 * n**2,
        "sum of A ∘ Bᵀ: n² products, n² sums",
    ),
    Row(
        "trace of AᵀB",
        lambda a, b: ((a.T @ b) * _eye(a)).sum(),
        _squares(2),
        lambda n, t: 2 * n**2,
        "sum of A ∘ B",
    ),
    Row(
        "trace of ABC",
        lambda a, b, c: np.trace(a @ b @ c),
        _squares(3),
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

FORMS = (
    Row(
        "xᵀAy",
        lambda a, x, y: x @ a @ y,
        _with_vectors(1, 2),
        lambda n, t: 2 * n**2,
        "xᵀ(Ay)",
    ),
    Row(
        "A against an outer product",
        lambda a, x, y: (a * (x[:, None] * y[None, :])).sum(),
        _with_vectors(1, 2),
        lambda n, t: 2 * n**2,
        "xᵀ(Ay), no outer product",
    ),
    Row(
        "xᵀAᵀAx",
        lambda a, x: x @ a.T @ a @ x,
        _with_vectors(1, 1),
        lambda n, t: 2 * n**2,
        "Ax once, then its square sum",
    ),
    Row(
        "outer product times vector",
        lambda x, y, z: (x[:, None] @ y[None, :]) @ z,
        _with_vectors(0, 3),
        lambda n, t: 3 * n,
        "x(y·z): 2n + n",
    ),
    Row(
        "outer product times matrix",
        lambda x, y, a: (x[:, None] * y) @ a,
        lambda n, t: [(n,), (n,), (n, n)],
        lambda n, t: 3 * n**2,
        "x(yᵀA): 2n² + n²",
    ),
    Row(
        "rank-one update times vector",
        lambda a, u, v, x: (a + u[:, None] * v) @ x,
        _with_vectors(1, 3),
        lambda n, t: 2 * n**2,
        "Ax + u(v·x)",
    ),
    Row(
        "low-rank update times thin",
        lambda w, a, b, x: (w + a @ b) @ x,
        lambda n, t: [(n, n), (n, t), (t, n), (n, t)],
        lambda n, t: 2 * n**2 * t + 4 * n * t**2 + n * t,
        "Wx + A(Bx)",
    ),
    Row(
        "linear attention",
        lambda q, k, v: (q @ k.T) @ v,
        lambda n, t: [(n, t)] * 3,
        lambda n, t: 4 * n * t**2,
        "Q(KᵀV)",
    ),
    Row(
        "AB+CB",
        lambda a, b, c: a @ b + c @ b,
        _squares(3),
        lambda n, t: 2 * n**3 + n**2,
        "(A+C)B",
    ),
    Row(
        "columns of a product",
        lambda a, b: (a @ b)[:, 0],
        _squares(2),
        lambda n, t: 2 * n**2,
        "A times one column",
    ),
    Row(
        "product of transposes, transposed",
        lambda a, b, x: (a.T @ b.T).T @ x,
        _with_vectors(2, 1),
        lambda n, t: 4 * n**2,
        "B(Ax)",
    ),
)

STRUCTURE = (
    Row(
        "product with an identity",
        lambda a: a @ _eye(a),
        _squares(1),
        lambda n, t: 0,
        "A",
    ),
    Row(
        "product with a permutation",
        lambda a, p: _eye(a)[p] @ a,
        lambda n, t: [(n, n), Index(n)],
        lambda n, t: 0,
        "the rows of A in another order",
    ),
    Row(
        "diagonal times dense",
        lambda d, a: np.diag(d) @ a,
        lambda n, t: [(n,), (n, n)],
        lambda n, t: n**2,
        "each row scaled",
    ),
    Row(
        "dense times diagonal",
        lambda d, a: a @ np.diag(d),
        lambda n, t: [(n,), (n, n)],
        lambda n, t: n**2,
        "each column scaled",
    ),
    Row(
        "diagonal on both sides",
        lambda d, a, e: np.diag(d) @ a @ np.diag(e),
        lambda n, t: [(n,), (n, n), (n,)],
        lambda n, t: 2 * n**2,
        "rows scaled, columns scaled",
    ),
    Row(
        "lower times lower",
        lambda a, b: np.tril(a) @ np.tril(b),
        _squares(2),
        lambda n, t: n**3 / 3,
        "row i, column j: i − j + 1 terms",
    ),
    Row(
        "dense times block-diagonal",
        lambda c, a, b: c @ _blocks(a, b),
        lambda n, t: [(n, n)] + [(n // 2, n // 2)] * 2,
        lambda n, t: n**3,
        "two products of halves: 2 · 2n(n/2)²",
    ),
    Row(
        "product with zeros",
        lambda a, b: np.tril(a, -a.shape[0]) @ b,
        _squares(2),
        lambda n, t: 0,
        "zero",
    ),
    Row(
        "inv(A) @ b",
        lambda a, b: np.linalg.inv(a + 5 * _eye(a)) @ b,
        _with_vectors(1, 1),
        lambda n, t: 2 / 3 * n**3,
        "one factorisation, no inverse",
    ),
    Row(
        "a diagonal plus a low rank, by the user's rule",
        lambda d, u, v, b: np.linalg.solve(np.diag(d) + u @ v, b),
        lambda n, t: [(n,), (n, t), (t, n), (n, 1)],
        lambda n, t: 2 * n * t**2 + 5 * n * t + 3 * n,
        "Woodbury: b/d, U/d, V(U/d), V(b/d), a system of size t, U times its solution",
        rule=WOODBURY,
        positive=True,
    ),
)

ROWS = (
    Row(
        "softmax of shifted rows",
        lambda x, r: _softmax(x + r[:, None]),
        _with_vectors(1, 1),
        lambda n, t: 5 * n**2,
        "softmax(x): max, minus, exp, sum, scale",
    ),
    Row(
        "layer norm of a shifted input",
        lambda x, r: _layer_norm(x + r[:, None]),
        _with_vectors(1, 1),
        lambda n, t: 5 * n**2,
        "layer_norm(x): sum, minus, square, sum, scale",
    ),
)

TABLE = LAAB + SUMS + TRACES + FORMS + STRUCTURE + ROWS


def arguments(row: Row, n: int, t: int, rng: Any) -> list[Any]:
    """Draw values for a row."""
    low = 1 if row.positive else -1
    return [
        rng.permutation(shape.size)
        if isinstance(shape, Index)
        else rng.uniform(low, 2, shape).astype(np.float32)
        for shape in row.shapes(n, t)
    ]


def same_count(found: float, best: float) -> bool:
    """Do two counts agree up to terms of lower order?"""
    return abs(found - best) <= best / 200


class Found(NamedTuple):
    """What a search gave: FLOPs of both programs, milliseconds, the chosen program."""

    flops: float
    as_written: float
    ms: float
    chosen: str


def found_flops(row: Row, n: int = 1000) -> Found:
    """Search only: nothing is compiled or run."""
    specs = [
        bafe.ShapeDtype((shape.size,), "int64")
        if isinstance(shape, Index)
        else bafe.ShapeDtype(shape)
        for shape in row.shapes(n, THIN)
    ]
    found = bafe.jit(row.function).explain(*specs).to_dict()
    return Found(
        found["flops"], found["flops_as_written"], found["stats"]["ms"], found["chosen"]
    )
