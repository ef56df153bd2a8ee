"""Products of the main namespace: matmul, tensordot, vecdot on BAFE's matrix product."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Union

import numpy as np

from bafe import _core
from bafe import surface as s
from bafe.array_methods import ArrayMethods, _matmul
from bafe.tracer import _indices, _place, _reduce
from bafe.xp.array_object import Array, wrap
from bafe.xp.data_types import ANY, NUMERIC, check_kind, operands
from bafe.xp.eager import kernel, parametrised, run, view
from bafe.xp.manipulation import axis_in, common_shape

_product = kernel(_matmul, "reals")


def _error(what: str, fact: str, fix: str) -> Exception:
    return _core.ShapeError(f"{_place()}{what}: {fact}\n  fix: {fix}")


def matmul(x1: Any, x2: Any, /) -> Any:
    """Matrix product; vectors and stacks of matrices as in the standard.

    Example:
        >>> import bafe.xp as xp
        >>> xp.matmul(xp.asarray([[1, 2], [3, 4]]), xp.asarray([1, 1]))
        Array([3, 7], dtype=int64)
    """
    if type(x1) is Array and type(x2) is Array:
        left, right = x1._data, x2._data
        if left.dtype is right.dtype and left.dtype.kind in NUMERIC and left.ndim and right.ndim:
            return wrap(_product(left, right))
    a, b = operands("matmul", NUMERIC, x1, x2)
    if not np.ndim(a._data if type(a) is Array else a) or not np.ndim(
        b._data if type(b) is Array else b
    ):
        raise _error("matmul", "an operand has no axes", "use x1 * x2")
    return run(_product, a, b)


def matrix_transpose(x: Any, /) -> Any:
    """The last two axes exchanged; shares memory.

    Raises:
        ShapeError: there are fewer than two.
    """
    check_kind("matrix_transpose", ANY, x)
    if x.ndim < 2:
        raise _error("matrix_transpose", f"{x.ndim} axes are no matrix", "give at least two axes")
    order = (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2)
    return view("matrix_transpose", lambda a: a.transpose(order), x)


def _pairs(a: Any, b: Any, axes: Any) -> tuple[list[int], list[int]]:
    if isinstance(axes, int):
        if axes > min(a.ndim, b.ndim) or axes < 0:
            raise _error("tensordot", f"{axes} axes of {a.ndim} and {b.ndim}", "name fewer")
        return list(range(a.ndim - axes, a.ndim)), list(range(axes))
    left, right = (_indices("tensordot", "axes", one) for one in axes)
    if len(left) != len(right):
        raise _error("tensordot", f"{len(left)} axes against {len(right)}", "pair them")
    return (
        [axis_in("tensordot", at, a.ndim) for at in left],
        [axis_in("tensordot", at, b.ndim) for at in right],
    )


def _contracted(a: Any, b: Any, left: tuple[int, ...], right: tuple[int, ...]) -> Any:
    """Both as matrices with the paired axes inside, their product, the free axes outside."""
    free_a = [at for at in range(a.ndim) if at not in left]
    free_b = [at for at in range(b.ndim) if at not in right]
    rows = [a.shape[at] for at in free_a]
    columns = [b.shape[at] for at in free_b]
    inner = [a.shape[at] for at in left]
    first = s.reshape(s.transpose(a, (*free_a, *left)), (_size(rows), _size(inner)))
    second = s.reshape(s.transpose(b, (*right, *free_b)), (_size(inner), _size(columns)))
    return s.reshape(_matmul(first, second), (*rows, *columns))


def _size(sizes: Sequence[int]) -> int:
    out = 1
    for size in sizes:
        out *= size
    return out


def tensordot(
    x1: Any, x2: Any, /, *, axes: Union[int, tuple[Sequence[int], Sequence[int]]] = 2
) -> Any:
    """Sum of products over pairs of axes.

    Args:
        x1: array.
        x2: array.
        axes: how many last axes of ``x1`` pair with first ones of ``x2``, or the axes of each.

    Example:
        >>> import bafe.xp as xp
        >>> xp.tensordot(xp.ones((2, 3)), xp.ones((3, 4)), axes=1).shape
        (2, 4)
    """
    operands("tensordot", NUMERIC, x1, x2)
    left, right = _pairs(x1, x2, axes)
    for at, other in zip(left, right):
        if x1.shape[at] != x2.shape[other]:
            raise _error(
                "tensordot", f"paired axes have {x1.shape[at]} and {x2.shape[other]}", "pair equal"
            )
    how: dict[str, Any] = {"left": tuple(left), "right": tuple(right)}
    return run(parametrised(_contracted, "reals", **how), x1, x2)


def _dots(a: Any, b: Any, at: int) -> Any:
    return _reduce("reduce_sum", a * b, at, False)


def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """Dot products of vectors along an axis counted from the end; the other axes broadcast.

    Example:
        >>> import bafe.xp as xp
        >>> xp.vecdot(xp.asarray([[1, 2], [3, 4]]), xp.asarray([1, 1]))
        Array([3, 7], dtype=int64)
    """
    a, b = operands("vecdot", NUMERIC, x1, x2)
    at = axis if axis < 0 else axis - max(a.ndim, b.ndim)
    if at < -min(a.ndim, b.ndim) or at >= 0:
        raise _error("vecdot", f"axis {axis} is missing in an operand", "count from the end: -1")
    if a.shape[at] != b.shape[at]:
        raise _error("vecdot", f"lengths are {a.shape[at]} and {b.shape[at]}", "make them equal")
    common_shape("vecdot", a.shape, b.shape)
    dtype = np.promote_types(a.dtype, b.dtype).name
    return run(parametrised(_dots_in, at=at, dtype=dtype), a, b)


def _dots_in(a: Any, b: Any, at: int, dtype: str) -> Any:
    return _dots(a.astype(dtype), b.astype(dtype), at).astype(dtype)


def _install() -> None:
    """Give Array the operator ``@``."""

    def method(self: Any, other: Any, /) -> Any:
        known = type(other) is Array or isinstance(other, (ArrayMethods, np.ndarray))
        return matmul(self, other) if known else NotImplemented

    def reflected(self: Any, other: Any, /) -> Any:
        known = isinstance(other, (ArrayMethods, np.ndarray))
        return matmul(other, self) if known else NotImplemented

    def in_place(self: Any, other: Any, /) -> Any:
        from bafe.xp.indexing import replace

        return replace(self, method(self, other), "matmul")

    for name, one in (("matmul", method), ("rmatmul", reflected), ("imatmul", in_place)):
        one.__name__ = f"__{name}__"
        setattr(Array, one.__name__, one)


_install()
