"""Bilinear forms, updates, matrices of known structure, systems."""

from __future__ import annotations

import numpy as np
from algebra_laab import blocks
from algebra_row import Index, Row, eye, squares, with_vectors

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

FORMS = (
    Row(
        "xᵀAy",
        lambda a, x, y: x @ a @ y,
        with_vectors(1, 2),
        lambda n, t: 2 * n**2,
        "xᵀ(Ay)",
    ),
    Row(
        "A against an outer product",
        lambda a, x, y: (a * (x[:, None] * y[None, :])).sum(),
        with_vectors(1, 2),
        lambda n, t: 2 * n**2,
        "xᵀ(Ay), no outer product",
    ),
    Row(
        "(x ⊗ y) · vec(A)",
        lambda a, x, y: (x[:, None] * y).reshape(-1) @ a.reshape(-1),
        with_vectors(1, 2),
        lambda n, t: 2 * n**2,
        "xᵀ(Ay), no Kronecker product",
    ),
    Row(
        "xᵀAᵀAx",
        lambda a, x: x @ a.T @ a @ x,
        with_vectors(1, 1),
        lambda n, t: 2 * n**2,
        "Ax once, then its square sum",
    ),
    Row(
        "outer product times vector",
        lambda x, y, z: (x[:, None] @ y[None, :]) @ z,
        with_vectors(0, 3),
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
        with_vectors(1, 3),
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
        squares(3),
        lambda n, t: 2 * n**3 + n**2,
        "(A+C)B",
    ),
    Row(
        "columns of a product",
        lambda a, b: (a @ b)[:, 0],
        squares(2),
        lambda n, t: 2 * n**2,
        "A times one column",
    ),
    Row(
        "product of transposes, transposed",
        lambda a, b, x: (a.T @ b.T).T @ x,
        with_vectors(2, 1),
        lambda n, t: 4 * n**2,
        "B(Ax)",
    ),
)

STRUCTURE = (
    Row(
        "product with an identity",
        lambda a: a @ eye(a),
        squares(1),
        lambda n, t: 0,
        "A",
    ),
    Row(
        "product with a permutation",
        lambda a, p: eye(a)[p] @ a,
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
        squares(2),
        lambda n, t: n**3 / 3,
        "row i, column j: i − j + 1 terms",
    ),
    Row(
        "dense times block-diagonal",
        lambda c, a, b: c @ blocks(a, b),
        lambda n, t: [(n, n)] + [(n // 2, n // 2)] * 2,
        lambda n, t: n**3,
        "two products of halves: 2 · 2n(n/2)²",
    ),
    Row(
        "product with zeros",
        lambda a, b: np.tril(a, -a.shape[0]) @ b,
        squares(2),
        lambda n, t: 0,
        "zero",
    ),
    Row(
        "inv(A) @ b",
        lambda a, b: np.linalg.inv(a + 5 * eye(a)) @ b,
        with_vectors(1, 1),
        lambda n, t: 2 / 3 * n**3,
        "one factorisation, no inverse",
    ),
    Row(
        "a diagonal plus a low rank, by the user's rule",
        lambda d, u, v, b: np.linalg.solve(np.diag(d * d + 1) + u @ v, b),
        lambda n, t: [(n,), (n, t), (t, n), (n, 1)],
        lambda n, t: 2 * n * t**2 + 5 * n * t + 6 * n,
        "Woodbury: q = d² + 1 and 1/q, b/q, U/q, V(U/q), V(b/q), a system of size t, U times it",
        rule=WOODBURY,
        positive=True,
    ),
)
