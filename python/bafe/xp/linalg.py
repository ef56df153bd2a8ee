"""The extension ``linalg``. Decompositions are NumPy's LAPACK on the same memory; products, norms,
traces and the triangle forms run on BAFE's operators, as do solve, inv and cholesky in traces."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from bafe import _core
from bafe.tracer import _call, _place, _reduce
from bafe.xp.array_object import Array
from bafe.xp.data_types import (
    ANY,
    FLOATING,
    NUMERIC,
    check_kind,
    operands,
)
from bafe.xp.eager import host, is_traced, move, parametrised, run
from bafe.xp.linear_algebra import matmul, matrix_transpose, tensordot, vecdot
from bafe.xp.manipulation import common_shape, moveaxis, stack
from bafe.xp.statistics import axes_of
from bafe.xp.statistics import sum as _sum

__all__ = [
    "cholesky",
    "cross",
    "det",
    "diagonal",
    "eigh",
    "eigvalsh",
    "inv",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "matrix_transpose",
    "outer",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "svd",
    "svdvals",
    "tensordot",
    "trace",
    "vecdot",
    "vector_norm",
]


class EighResult(NamedTuple):
    """Eigenvalues, ascending, and eigenvectors as columns."""

    eigenvalues: Array
    eigenvectors: Array


class QRResult(NamedTuple):
    """An orthogonal and an upper triangular factor."""

    Q: Array
    R: Array


class SlogdetResult(NamedTuple):
    """Sign and logarithm of the absolute determinant."""

    sign: Array
    logabsdet: Array


class SVDResult(NamedTuple):
    """Left vectors as columns, singular values, right vectors as rows."""

    U: Array
    S: Array
    Vh: Array


def _error(what: str, fact: str, fix: str) -> Exception:
    return _core.ShapeError(f"{_place()}{what}: {fact}\n  fix: {fix}")


def _check_matrix(what: str, x: Any, is_square: bool = False, kinds: str = FLOATING) -> None:
    check_kind(what, kinds, x)
    if x.ndim < 2 or (is_square and x.shape[-1] != x.shape[-2]):
        word = "square matrix" if is_square else "matrix"
        raise _error(what, f"an array of shape {x.shape} is no {word}", f"give a {word}")


def _lapack(what: str, function: Any, *values: Any) -> Any:
    """NumPy's function; float16, which LAPACK has not, goes through float32."""

    def eager(*arrays: np.ndarray) -> Any:
        is_half = arrays[0].dtype == np.float16
        given = [a.astype(np.float32) if a.dtype == np.float16 else a for a in arrays]
        out = function(*given)
        out = tuple(out) if isinstance(out, tuple) else (out,)
        out = tuple(np.asarray(one).astype(np.float16) if is_half else one for one in out)
        return out if len(out) > 1 else out[0]

    try:
        return host(what, eager, *values)
    except np.linalg.LinAlgError as error:
        raise _error(what, str(error).rstrip("."), "use pinv, or another matrix") from None


def cholesky(x: Any, /, *, upper: bool = False) -> Any:
    """Triangular factor L with L Lᵀ = x, or its transpose if ``upper``; x is positive definite."""
    _check_matrix("cholesky", x, True)
    if is_traced(x):
        out = run(lambda a: _call("cholesky", (a,)), x)
    else:
        out = _lapack("cholesky", np.linalg.cholesky, x)
    return matrix_transpose(out) if upper else out


def inv(x: Any, /) -> Any:
    """Inverse of square matrices."""
    _check_matrix("inv", x, True)
    if is_traced(x):
        return run(lambda a: _call("inv", (a,)), x)
    return _lapack("inv", np.linalg.inv, x)


def solve(x1: Any, x2: Any, /) -> Any:
    """Solution of x1 y = x2; ``x2`` of one axis is one right side, else its columns are several."""
    _check_matrix("solve", x1, True)
    operands("solve", FLOATING, x1, x2)
    if is_traced(x1, x2):
        return run(lambda a, b: _call("solve", (a, b)), x1, x2)

    def eager(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        if b.ndim == 1:
            return np.linalg.solve(a, b[:, None])[..., 0]
        return np.linalg.solve(a, b)

    return _lapack("solve", eager, x1, x2)


def det(x: Any, /) -> Any:
    """Determinants."""
    _check_matrix("det", x, True)
    return _lapack("det", np.linalg.det, x)


def slogdet(x: Any, /) -> SlogdetResult:
    """Signs and logarithms of the absolute determinants."""
    _check_matrix("slogdet", x, True)
    return SlogdetResult(*_lapack("slogdet", lambda a: tuple(np.linalg.slogdet(a)), x))


def eigh(x: Any, /) -> EighResult:
    """Eigenvalues and eigenvectors of symmetric matrices, whose lower triangle is read."""
    _check_matrix("eigh", x, True)
    return EighResult(*_lapack("eigh", lambda a: tuple(np.linalg.eigh(a)), x))


def eigvalsh(x: Any, /) -> Any:
    """Eigenvalues of symmetric matrices, ascending."""
    _check_matrix("eigvalsh", x, True)
    return _lapack("eigvalsh", np.linalg.eigvalsh, x)


def qr(x: Any, /, *, mode: str = "reduced") -> QRResult:
    """Orthogonal and upper triangular factors; ``mode`` is ``reduced`` or ``complete``."""
    _check_matrix("qr", x)
    if mode not in ("reduced", "complete"):
        raise _core.TraceError(
            f'{_place()}qr: mode {mode!r} is unknown\n  fix: use "reduced" or "complete"'
        )
    kind: Any = mode
    return QRResult(*_lapack("qr", lambda a: tuple(np.linalg.qr(a, kind)), x))


def svd(x: Any, /, *, full_matrices: bool = True) -> SVDResult:
    """Singular values, descending, and vectors: x = U diag(S) Vh."""
    _check_matrix("svd", x)
    return SVDResult(*_lapack("svd", lambda a: tuple(np.linalg.svd(a, full_matrices)), x))


def svdvals(x: Any, /) -> Any:
    """Singular values, descending."""
    _check_matrix("svdvals", x)
    return _lapack("svdvals", lambda a: np.linalg.svd(a, compute_uv=False), x)


def _tolerance(x: Any, rtol: Any) -> Any:
    """Smallest singular value that counts, as a part of the largest."""
    if rtol is None:
        return max(x.shape[-2:]) * float(np.finfo(x.dtype).eps)
    return rtol.numpy() if type(rtol) is Array else rtol


def matrix_rank(x: Any, /, *, rtol: Any = None) -> Any:
    """Number of singular values above ``rtol`` times the largest."""
    _check_matrix("matrix_rank", x)
    part = np.asarray(_tolerance(x, rtol))[..., None]

    def eager(a: np.ndarray) -> np.ndarray:
        values = np.linalg.svd(a, compute_uv=False)
        largest = values.max(-1, keepdims=True, initial=0)
        return np.asarray(np.count_nonzero(values > largest * part, axis=-1), np.int64)

    return host("matrix_rank", eager, x)


def pinv(x: Any, /, *, rtol: Any = None) -> Any:
    """Pseudo-inverses; singular values up to ``rtol`` times the largest count as zero."""
    _check_matrix("pinv", x)
    part = _tolerance(x, rtol)
    return _lapack("pinv", lambda a: np.linalg.pinv(a, part).astype(a.dtype), x)


def matrix_power(x: Any, n: int, /) -> Any:
    """Square matrices to an integer power; negative ones invert."""
    _check_matrix("matrix_power", x, True)
    if n < 0:
        return matrix_power(inv(x), -n)
    if n == 0:
        return _lapack("matrix_power", lambda a: np.linalg.matrix_power(a, 0), x)
    out = None
    while n:
        if n & 1:
            out = x if out is None else matmul(out, x)
        n >>= 1
        x = matmul(x, x) if n else x
    return out


def outer(x1: Any, x2: Any, /) -> Any:
    """Products of every element of one vector with every one of another."""
    a, b = operands("outer", NUMERIC, x1, x2)
    if a.ndim != 1 or b.ndim != 1:
        raise _error("outer", f"shapes {a.shape} and {b.shape} are no vectors", "flatten them")
    return x1[:, None] * x2[None, :]


def cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """Cross products of vectors of three elements along an axis; the other axes broadcast."""
    operands("cross", NUMERIC, x1, x2)
    common_shape("cross", x1.shape, x2.shape)
    if not -min(x1.ndim, x2.ndim) <= axis < min(x1.ndim, x2.ndim) or any(
        x.shape[axis] != 3 for x in (x1, x2)
    ):
        raise _error("cross", f"axis {axis} of {x1.shape} and {x2.shape}", "give it three elements")
    last = [moveaxis(x, axis, -1) for x in (x1, x2)]
    (a1, a2, a3), (b1, b2, b3) = ([x[..., i] for i in range(3)] for x in last)
    parts = [a2 * b3 - a3 * b2, a3 * b1 - a1 * b3, a1 * b2 - a2 * b1]
    return moveaxis(stack(parts, axis=-1), -1, axis)


def diagonal(x: Any, /, *, offset: int = 0) -> Any:
    """Diagonals of matrices, ``offset`` above the main one; a view."""
    _check_matrix("diagonal", x, kinds=ANY)
    return move(
        "diagonal",
        lambda a: a.diagonal(offset, -2, -1),
        lambda a: _call("diagonal", (a,), (offset,)),
        x,
    )


def trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    """Sums of diagonals; integers accumulate in 64 bits unless a dtype is given."""
    _check_matrix("trace", x, kinds=NUMERIC)
    return _sum(diagonal(x, offset=offset), axis=-1, dtype=dtype)


def _norm(x: Any, axes: tuple[int, ...], keepdims: bool, order: float) -> Any:
    size = _call("abs", (x,))
    if not axes:
        return size if order else (size != 0).astype(x.dtype)
    if order in (float("inf"), -float("inf")):
        return _reduce("reduce_max" if order > 0 else "reduce_min", size, axes, keepdims)
    if order == 0:
        return _reduce("reduce_sum", (size != 0).astype(x.dtype), axes, keepdims)
    if order == 1:
        return _reduce("reduce_sum", size, axes, keepdims)
    if order == 2:
        return _reduce("norm", x, axes, keepdims)
    powers = _call("pow", (size, float(order)))
    return _call("pow", (_reduce("reduce_sum", powers, axes, keepdims), 1 / float(order)))


def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: float = 2) -> Any:
    """Norms of vectors over axes: the ``ord``-th root of the sum of ``ord``-th powers.

    Example:
        >>> import bafe.xp as xp
        >>> xp.linalg.vector_norm(xp.asarray([3.0, 4.0]))
        Array(5., dtype=float64)
    """
    check_kind("vector_norm", FLOATING, x)
    axes = axes_of("vector_norm", x, axis)
    if ord in (float("inf"), -float("inf")) and any(x.shape[at] == 0 for at in axes):
        if ord < 0:
            raise _error("vector_norm", f"no element in {x.shape}", "give at least one")
        ord = 1  # nothing is as large as nothing
    how: dict[str, Any] = {"axes": axes, "keepdims": bool(keepdims), "order": float(ord)}
    return run(parametrised(_norm, **how), x)


def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """Norms of matrices: ``fro``, ``nuc``, 1, -1, 2, -2, inf, -inf."""
    _check_matrix("matrix_norm", x)
    if ord == "fro":
        return vector_norm(x, axis=(-2, -1), keepdims=keepdims)
    if ord not in ("nuc", 1, -1, 2, -2, float("inf"), -float("inf")):
        raise _core.TraceError(
            f"{_place()}matrix_norm: ord {ord!r} is unknown\n"
            '  fix: use "fro", "nuc", 1, -1, 2, -2 or ±inf'
        )

    def eager(a: np.ndarray) -> np.ndarray:
        if a.size == 0 and ord in ("nuc", 1, 2, float("inf")):
            sizes = (1, 1) if keepdims else ()
            return np.zeros((*a.shape[:-2], *sizes), a.dtype)
        return np.asarray(np.linalg.norm(a, ord, (-2, -1), keepdims), a.dtype)

    return host("matrix_norm", eager, x)
