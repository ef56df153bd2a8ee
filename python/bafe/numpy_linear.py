"""NumPy's linear algebra on tensors: products, norms, solutions and powers of matrices."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from bafe import _core
from bafe import surface as s
from bafe.numpy_protocol import _unknown, as_tensor, by_name, write_out
from bafe.tracer import _call, _place


def _dot(a: Any, b: Any, out: Any = None) -> Any:
    x, y = as_tensor(a), as_tensor(b)
    if not x.ndim or not y.ndim:
        return write_out(out, _call("mul", (x, y)), "dot")
    if y.ndim <= 2:
        flat = x.reshape((-1, x.shape[-1])) if x.ndim > 2 else x
        result = s.matmul(flat, y)
        result = result.reshape(x.shape[:-1] + y.shape[1:]) if x.ndim > 2 else result
        return write_out(out, result, "dot")
    return write_out(out, np.tensordot(x, y, ((-1,), (-2,))), "dot")


def _tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    x, y = as_tensor(a), as_tensor(b)
    over_x: list[Any]
    over_y: list[Any]
    if isinstance(axes, (int, np.integer)):
        over_x, over_y = list(range(x.ndim - axes, x.ndim)), list(range(axes))
    else:
        over_x, over_y = ([e] if isinstance(e, (int, np.integer)) else list(e) for e in axes)
    over_x, over_y = [i % x.ndim for i in over_x], [i % y.ndim for i in over_y]
    if [x.shape[i] for i in over_x] != [y.shape[i] for i in over_y]:
        raise _core.ShapeError(
            f"{_place()}tensordot: the summed axes have other sizes\n"
            f"  a  {list(x.shape)}  axes {over_x}\n  b  {list(y.shape)}  axes {over_y}\n"
            "  fix: name axes of equal sizes"
        )
    left = [i for i in range(x.ndim) if i not in over_x]
    right = [i for i in range(y.ndim) if i not in over_y]
    count = int(np.prod([x.shape[i] for i in over_x], dtype=np.int64))
    rows = int(np.prod([x.shape[i] for i in left], dtype=np.int64))
    columns = int(np.prod([y.shape[i] for i in right], dtype=np.int64))
    p = x.transpose(left + over_x).reshape((rows, count)) if x.ndim else x.reshape((1, 1))
    q = y.transpose(over_y + right).reshape((count, columns)) if y.ndim else y.reshape((1, 1))
    shape = tuple(x.shape[i] for i in left) + tuple(y.shape[i] for i in right)
    return s.matmul(p, q).reshape(shape)


def _einsum(*operands: Any, out: Any = None, optimize: Any = False, **kwargs: Any) -> Any:
    if any(kwargs.get(name) is not None for name in ("dtype",)):
        raise _unknown("einsum with dtype")
    from bafe.subscripts import einsum

    view = _einsum_view(operands) if out is None else None
    result = einsum(*operands) if view is None else view
    if optimize is not False and hasattr(result, "_strides") and view is None and result.ndim > 1:
        result._strides = None  # of a product of matrices, maybe transposed
    return write_out(out, result, "einsum")


def _einsum_view(operands: Any) -> Any:
    """One operand and no sum: NumPy gives a view. None: there is a sum, or another form."""
    if len(operands) != 2 or not isinstance(operands[0], str) or not hasattr(operands[1], "_step"):
        return None
    taken, arrow, given = operands[0].replace(" ", "").partition("->")
    x = operands[1]
    if not taken.isalpha() or not taken.isascii() or len(taken) != x.ndim:
        return None
    once = sorted(set(taken))
    given = given if arrow else "".join(c for c in once if taken.count(c) == 1)
    if sorted(given) != once:
        return None
    letters = list(taken)
    while len(letters) > len(set(letters)):
        twice = next(c for c in letters if letters.count(c) > 1)
        first = letters.index(twice)
        second = letters.index(twice, first + 1)
        x = np.diagonal(x, 0, first, second)
        letters = [c for i, c in enumerate(letters) if i not in (first, second)] + [twice]
    return x.transpose([letters.index(c) for c in given])


def _einsum_path(*operands: Any, **kwargs: Any) -> Any:
    stand_ins = [
        np.broadcast_to(np.zeros((), v.dtype), v.shape) if hasattr(v, "_dtype") else v
        for v in operands
    ]
    return np.einsum_path(*stand_ins, **kwargs)


def _multi_dot(arrays: Any, *, out: Any = None) -> Any:
    """Written from left to right: the search finds the order."""
    values = [as_tensor(a) for a in arrays]
    result = values[0]
    for value in values[1:]:
        result = s.matmul(result, value)
    return write_out(out, result, "multi_dot")


def _matrix_power(a: Any, n: int) -> Any:
    x = as_tensor(a)
    if n < 0:
        x, n = np.linalg.inv(x), -n
    if n == 0:
        eye: Any = np.broadcast_to(as_tensor(np.eye(x.shape[-1], dtype=x.dtype)), x.shape)
        return eye._copied()
    if n == 1:
        return x  # NumPy gives the array itself
    result: Any = None
    while n:
        if n & 1:
            result = x if result is None else result @ x
        n >>= 1
        x = x @ x if n else x
    return result


def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    a = as_tensor(x)
    a = a if a.dtype.kind == "f" else a.astype(np.float64)
    axes = None if axis is None else (axis,) if isinstance(axis, (int, np.integer)) else tuple(axis)
    if ord is None or (ord in ("f", "fro") and (axes is None or len(axes) == 2)):
        return s.norm(a, axes, keepdims)
    axes = tuple(range(a.ndim)) if axes is None else tuple(i % a.ndim for i in axes)
    if len(axes) == 1:
        return _vector_norm(a, axis=axes[0], keepdims=keepdims, ord=ord)
    if len(axes) != 2 or ord not in (1, -1, np.inf, -np.inf):
        raise _unknown(f"norm with ord={ord!r}, which needs singular values")
    over, other = axes if abs(ord) == 1 else axes[::-1]
    sums = np.abs(a).sum(axis=over, keepdims=True)
    result = (sums.max if ord > 0 else sums.min)(axis=other, keepdims=True)
    return result if keepdims else result.squeeze(axes)


def _vector_norm(x: Any, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    a = as_tensor(x)
    a = a if a.dtype.kind == "f" else a.astype(np.float64)
    if ord == 2:
        return s.norm(a, axis, keepdims)
    size = np.abs(a)
    if ord in (np.inf, -np.inf):
        return (size.max if ord > 0 else size.min)(axis=axis, keepdims=keepdims)
    if ord == 0:
        return (a != 0).sum(axis=axis, keepdims=keepdims).astype(a.dtype)
    if ord == 1:
        return size.sum(axis=axis, keepdims=keepdims)
    return (size**ord).sum(axis=axis, keepdims=keepdims) ** (1.0 / ord)


def _cross(
    a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: Any = None
) -> Any:
    if axis is not None:
        axisa = axisb = axisc = axis
    x, y = np.moveaxis(as_tensor(a), axisa, -1), np.moveaxis(as_tensor(b), axisb, -1)
    if x.shape[-1] == 2 and y.shape[-1] == 2:
        return x[..., 0] * y[..., 1] - x[..., 1] * y[..., 0]
    if x.shape[-1] != 3 or y.shape[-1] != 3:
        raise _unknown("cross of vectors that are not of size 3")
    parts = [
        x[..., 1] * y[..., 2] - x[..., 2] * y[..., 1],
        x[..., 2] * y[..., 0] - x[..., 0] * y[..., 2],
        x[..., 0] * y[..., 1] - x[..., 1] * y[..., 0],
    ]
    return np.moveaxis(np.stack(parts, -1), -1, axisc)


def _kron(a: Any, b: Any) -> Any:
    x, y = as_tensor(a), as_tensor(b)
    rank = max(x.ndim, y.ndim)
    x = x.reshape((1,) * (rank - x.ndim) + x.shape)
    y = y.reshape((1,) * (rank - y.ndim) + y.shape)
    left = x.reshape(tuple(n for size in x.shape for n in (size, 1)))
    right = y.reshape(tuple(n for size in y.shape for n in (1, size)))
    return (left * right).reshape(tuple(m * n for m, n in zip(x.shape, y.shape)))


def _outer(a: Any, b: Any, out: Any = None) -> Any:
    x, y = as_tensor(a).ravel(), as_tensor(b).ravel()
    return write_out(out, _call("mul", (s.expand_dims(x, 1), s.expand_dims(y, 0))), "outer")


def _inner(a: Any, b: Any) -> Any:
    x, y = as_tensor(a), as_tensor(b)
    return x * y if not x.ndim or not y.ndim else np.tensordot(x, y, ((-1,), (-1,)))


def _trace(
    a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None
) -> Any:
    return write_out(out, np.diagonal(a, offset, axis1, axis2).sum(axis=-1, dtype=dtype), "trace")


def _det(a: Any) -> Any:
    """By cofactors for small matrices; others need a factorisation that is no operator."""
    x = as_tensor(a)
    x = x if x.dtype.kind == "f" else x.astype(np.float64)
    n = x.shape[-1]
    if n > 3 or x.shape[-2] != n:
        raise _unknown("det of a matrix larger than 3 x 3")
    if n == 0:
        return np.ones_like(x, shape=x.shape[:-2])
    if n == 1:
        return +x[..., 0, 0]
    if n == 2:
        return x[..., 0, 0] * x[..., 1, 1] - x[..., 0, 1] * x[..., 1, 0]
    minors = [
        x[..., 1, (j + 1) % 3] * x[..., 2, (j + 2) % 3]
        - x[..., 1, (j + 2) % 3] * x[..., 2, (j + 1) % 3]
        for j in range(3)
    ]
    return sum((x[..., 0, j] * minors[j] for j in range(1, 3)), x[..., 0, 0] * minors[0])


def _float_of(a: Any) -> Any:
    x = as_tensor(a)
    return x if x.dtype.kind == "f" else x.astype(np.float64)


def _solve(a: Any, b: Any) -> Any:
    return _call("solve", (_float_of(a), _float_of(b)))


_TOP: dict[str, Callable[..., Any]] = {
    "dot": _dot,
    "vdot": lambda a, b: np.dot(as_tensor(a).ravel(), as_tensor(b).ravel()),
    "inner": _inner,
    "outer": _outer,
    "tensordot": _tensordot,
    "kron": _kron,
    "cross": _cross,
    "trace": _trace,
    "einsum": _einsum,
    "einsum_path": _einsum_path,
}
_LINALG: dict[str, Callable[..., Any]] = {
    "solve": _solve,
    "inv": lambda a: _call("inv", (_float_of(a),)),
    "cholesky": lambda a, *, upper=False: (
        np.swapaxes(_call("cholesky", (_float_of(a),)), -1, -2)
        if upper
        else _call("cholesky", (_float_of(a),))
    ),
    "det": _det,
    "norm": _norm,
    "vector_norm": _vector_norm,
    "matrix_norm": lambda x, *, keepdims=False, ord="fro": _norm(x, ord, (-2, -1), keepdims),
    "multi_dot": _multi_dot,
    "matrix_power": _matrix_power,
    "matrix_transpose": lambda x: np.swapaxes(x, -1, -2),
    "matmul": lambda a, b: s.matmul(a, b),
    "tensordot": lambda a, b, *, axes=2: _tensordot(a, b, axes),
    "outer": _outer,
    "cross": lambda a, b, *, axis=-1: _cross(a, b, axis=axis),
    "vecdot": lambda a, b, *, axis=-1: (as_tensor(a) * as_tensor(b)).sum(axis=axis),
    "trace": lambda a, *, offset=0, dtype=None: _trace(a, offset, -2, -1, dtype),
    "diagonal": lambda a, *, offset=0: np.diagonal(a, offset, -2, -1),
}
FUNCTIONS = {**by_name(_TOP, np), **by_name(_LINALG, np.linalg)}
