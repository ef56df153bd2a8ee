"""Matrix products: squares, odd sizes, thin shapes, all transposes, batches; and small ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from kernels.program import Program, normal

SQUARES = (8, 16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048)
ODD = (7, 17, 31, 63, 65, 97, 127, 129, 255, 257, 511, 513, 1000, 1023)
THIN = (  # m, k, n
    (1, 1024, 1024),
    (1024, 1024, 1),
    (1024, 1, 1024),
    (1, 4096, 512),
    (8, 1024, 1024),
    (1024, 8, 1024),
    (1024, 1024, 8),
    (16, 2048, 2048),
    (64, 784, 512),
    (100, 784, 10),
    (64, 4096, 64),
    (4096, 64, 64),
    (2048, 32, 2048),
    (2000, 3, 2000),
    (5, 3000, 7),
)
TRANSPOSED = (128, 256, 1000, 1024)
BATCHED = (  # batch, m, k, n
    (1000, 8, 8, 8),
    (256, 16, 16, 16),
    (64, 32, 32, 32),
    (16, 100, 100, 100),
    (32, 128, 64, 128),
    (8, 512, 64, 512),
    (8, 512, 512, 64),
)
SMALL = (*((n, n, n) for n in (2, 4, 5, 8, 12, 16, 20, 24, 31, 32, 33, 40, 48, 56, 63, 64)),)
SMALL_THIN = ((1, 64, 64), (64, 64, 1), (64, 1, 64), (8, 64, 8), (64, 8, 64), (3, 50, 17))


def _product(xp: Any, a: Any, b: Any) -> Any:
    return a @ b


def _left(xp: Any, a: Any, b: Any) -> Any:
    return a.T @ b


def _right(xp: Any, a: Any, b: Any) -> Any:
    return a @ b.T


def _both(xp: Any, a: Any, b: Any) -> Any:
    return a.T @ b.T


FORMS = {"nn": _product, "tn": _left, "nt": _right, "tt": _both}


def one(family: str, m: int, k: int, n: int, dtype: Any, form: str = "nn") -> Program:
    """Give the product of an m x k and a k x n matrix, each stored as it is or transposed."""
    left = (k, m) if form[0] == "t" else (m, k)
    right = (n, k) if form[1] == "t" else (k, n)
    return Program(
        family,
        f"{m}x{k}x{n}" + (f" {form}" if form != "nn" else ""),
        lambda: (normal(*left, dtype=dtype), normal(*right, dtype=dtype, seed=8)),
        FORMS[form],
        flops=2.0 * m * k * n,
        depth=k,
        compiled=False,
    )


def batched(family: str, b: int, m: int, k: int, n: int, dtype: Any) -> Program:
    """Give b products of their own."""
    return Program(
        family,
        f"{b} of {m}x{k}x{n}",
        lambda: (normal(b, m, k, dtype=dtype), normal(b, k, n, dtype=dtype, seed=8)),
        _product,
        flops=2.0 * b * m * k * n,
        depth=k,
        compiled=False,
    )


def _large(family: str, dtype: Any) -> list[Program]:
    squares = [one(family, n, n, n, dtype) for n in (*SQUARES, *ODD)]
    thin = [one(family, *sizes, dtype) for sizes in THIN]
    turned = [one(family, n, n, n, dtype, form) for n in TRANSPOSED for form in ("tn", "nt", "tt")]
    return squares + thin + turned + [batched(family, *sizes, dtype) for sizes in BATCHED]


def relu_bias(family: str, n: int) -> Program:
    """Give relu(a @ b + c) of n x n matrices."""
    return Program(
        family,
        f"relu(a@b+c) {n}",
        lambda: (normal(n, n), normal(n, n, seed=8), normal(n, n, seed=9)),
        lambda xp, a, b, c: xp.maximum(a @ b + c, 0),
        {"torch": lambda a, b, c: (a @ b + c).relu()},
        flops=2.0 * n**3,
        depth=n,
    )


def _small() -> list[Program]:
    out = [one("small", *sizes, np.float32) for sizes in (*SMALL, *SMALL_THIN)]
    out += [one("small", 32, 32, 32, np.float32, form) for form in ("tn", "nt", "tt")]
    out += [relu_bias("small", n) for n in (8, 16, 32, 64)]
    return out


PROGRAMS = [*_large("gemm_f32", np.float32), *_large("gemm_f64", np.float64), *_small()]
