"""Products of matrices with known zeros or symmetry, found in the arguments, n = 1000, f32.

The peers are given what they need for their best: BLAS's own triangular routine, views of the
diagonals. BAFE gets the plain product and finds the structure itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from kernels.program import Arrays, Program, normal

N = 1000


def _band(below: int, above: int) -> np.ndarray:
    return np.triu(np.tril(normal(N, N), above), -below)


def _product(xp: Any, a: Any, b: Any) -> Any:
    return a @ b


def _trmm_left(a: Any, b: Any) -> Any:
    """(L B)^T = B^T L^T over the transposes, which are Fortran's order of the same memory."""
    from scipy.linalg import blas

    return blas.strmm(1.0, a.T, b.T, side=1, lower=0).T


def _trmm_right(a: Any, b: Any) -> Any:
    from scipy.linalg import blas

    return blas.strmm(1.0, b.T, a.T, side=0, lower=0).T


def _trmv(a: Any, x: Any) -> Any:
    from scipy.linalg import blas

    return blas.strmv(a.T, x, lower=0, trans=1)


def _tridiagonal_hand(a: Any, b: Any) -> Any:
    middle, low, high = (np.diagonal(a, k)[:, None] for k in (0, -1, 1))
    out = middle * b
    out[1:] += low * b[:-1]
    out[:-1] += high * b[1:]
    return out


def _diagonal_hand(a: Any, b: Any) -> Any:
    return np.diagonal(a)[:, None] * b


def _blocks() -> Arrays:
    return normal(N // 2, N // 2), normal(N // 2, N // 2, seed=8), normal(N, N, seed=9)


def block_diagonal(xp: Any, a: Any, b: Any, c: Any) -> Any:
    """Stack a and b on the diagonal of a matrix, and multiply that by c."""
    zero = xp.zeros_like(a)
    top = xp.concatenate([a, zero], axis=1)
    return xp.concatenate([top, xp.concatenate([zero, b], axis=1)], axis=0) @ c


def block_diagonal_by_hand(a: Any, b: Any, c: Any) -> Any:
    """Give the same by two products."""
    out, n = np.empty_like(c), len(a)
    np.matmul(a, c[:n], out=out[:n])
    np.matmul(b, c[n:], out=out[n:])
    return out


def _torch_block_diagonal(a: Any, b: Any, c: Any) -> Any:
    import torch

    return torch.block_diag(a, b) @ c


def _four_blocks() -> np.ndarray:
    out = np.zeros((N, N), np.float32)
    for i in range(0, N, N // 4):
        out[i : i + N // 4, i : i + N // 4] = normal(N // 4, N // 4, seed=i)
    return out


def _four_hand(a: Any, b: Any) -> Any:
    out, q = np.empty_like(b), N // 4
    for i in range(0, N, q):
        np.matmul(a[i : i + q, i : i + q], b[i : i + q], out=out[i : i + q])
    return out


def _one(name: str, left: Any, right: Any, flops: float, depth: int, **own: Any) -> Program:
    return Program(
        "structured", name, lambda: (left(), right()), _product, own, flops, depth, compiled=False
    )


def _declared(structure: str) -> Any:
    def run(a: Any, b: Any) -> Any:
        import bafe

        return bafe.input(a.shape, a.dtype, name="a", structure=structure) @ b

    return run


def _dense() -> np.ndarray:
    return normal(N, N, seed=9)


PROGRAMS = [
    _one("triangular @ dense", lambda: _band(N, 0), _dense, 1.0 * N**3, N, scipy=_trmm_left),
    _one("dense @ triangular", _dense, lambda: _band(N, 0), 1.0 * N**3, N, scipy=_trmm_right),
    _one(
        "triangular @ triangular",
        lambda: _band(N, 0),
        lambda: _band(N, 0),
        N**3 / 3,
        N,
        scipy=_trmm_left,
    ),
    _one("triangular @ vector", lambda: _band(N, 0), lambda: normal(N), 0, N, scipy=_trmv),
    Program(
        "structured",
        "A @ A.T",
        lambda: (normal(N, N),),
        lambda xp, a: a @ a.T,
        flops=1.0 * N**3,
        depth=N,
        compiled=False,
    ),
    _one("banded(60,20) @ dense", lambda: _band(60, 20), _dense, 2.0 * 81 * N * N, 81),
    _one("banded(8,8) @ dense", lambda: _band(8, 8), _dense, 0, 17),
    _one("tridiagonal @ dense", lambda: _band(1, 1), _dense, 0, 3, scipy=_tridiagonal_hand),
    _one("dense @ tridiagonal", _dense, lambda: _band(1, 1), 0, 3),
    _one("diagonal @ dense", lambda: _band(0, 0), _dense, 0, 1, scipy=_diagonal_hand),
    Program(
        "structured",
        "block-diagonal of two @ dense, written",
        _blocks,
        block_diagonal,
        {"scipy": block_diagonal_by_hand, "torch": _torch_block_diagonal},
        flops=1.0 * N**3,
        depth=N // 2,
        compiled=False,
    ),
    _one(
        "triangular @ vector, declared",
        lambda: _band(N, 0),
        lambda: normal(N),
        0,
        N,
        scipy=_trmv,
        bafe=_declared("lower"),
    ),
    _one(
        "block-diagonal of four @ dense, declared",
        _four_blocks,
        _dense,
        N**3 / 2,
        N // 4,
        scipy=_four_hand,
        bafe=_declared(f"block_diagonal({N // 4})"),
    ),
    _one(
        "block-diagonal of four @ dense, found",
        _four_blocks,
        _dense,
        N**3 / 2,
        N // 4,
        scipy=_four_hand,
    ),
]
