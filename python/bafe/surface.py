"""Functions with manners of their own: products, shapes, norms, and the surface fixed by BAFE
0.1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bafe import tracer as _t
from bafe.array_methods import ArrayMethods, _matmul
from bafe.tensor import Tensor
from bafe.tracer import (
    ArrayLike,
    Axes,
    Constant,
    DTypeLike,
    _call,
    _method,
    _reduce,
)

_NAMES = {"i": "int", "u": "uint", "f": "float"}


def numpy_dtype(name: str) -> np.dtype:
    """NumPy's dtype for one of BAFE's short names."""
    if name == "bf16":
        import ml_dtypes

        return np.dtype(ml_dtypes.bfloat16)
    return np.dtype(name if name == "bool" else _NAMES[name[0]] + name[1:])


def _axes(axis: Axes | None) -> tuple[int, ...] | None:
    if axis is None:
        return None
    return (int(axis),) if isinstance(axis, (int, np.integer)) else tuple(axis)


def _sizes(shape: Axes) -> tuple[int, ...]:
    return (int(shape),) if isinstance(shape, (int, np.integer)) else tuple(shape)


def _moved(x: Any, name: str, *args: Any) -> Any:
    """A movement of elements: a view where ``x`` is a tensor."""
    return x._step(name, *args) if isinstance(x, ArrayMethods) else _method(name, x, *args)


def constant(array: ArrayLike) -> Constant:
    """Make an array part of the program: its values are copied, folded and packed once.

    Example:
        >>> w = bafe.constant(np.ones((3, 2), np.float32))
        >>> bafe.jit(lambda x: x @ w)(np.ones((1, 3), np.float32))
        array([[3., 3.]], dtype=float32)
    """
    return Constant(array)


def matmul(a: ArrayLike, b: ArrayLike) -> Any:
    """Matrix product: ``[B.., m, k]`` by ``[B.., k, n]`` gives ``[B.., m, n]``.

    Leading sizes broadcast; a vector takes part as a row or a column, as in NumPy.

    Raises:
        ShapeError: the inner sizes differ; the message names both shapes and a fix.

    Example:
        >>> bafe.matmul(np.ones((2, 3)), np.ones((3, 1)))
        array([[3.],
               [3.]])
    """
    return _matmul(a, b)


def transpose(x: ArrayLike, perm: Sequence[int] | None = None) -> Any:
    """Permute the axes: axis i of the result is axis ``perm[i]``; without ``perm`` reverse them.

    Example:
        >>> bafe.transpose(np.ones((2, 3))).shape
        (3, 2)
    """
    return _moved(x, "transpose", tuple(perm) if perm is not None else None)


def reshape(x: ArrayLike, shape: Axes) -> Any:
    """Give the elements, in row-major order, another shape; one size may be -1.

    Example:
        >>> bafe.reshape(np.ones((2, 3)), (3, -1)).shape
        (3, 2)
    """
    return _moved(x, "reshape", _axes(shape))


def broadcast_to(x: ArrayLike, shape: Axes) -> Any:
    """Repeat axes of size 1 and add leading axes until the shape is ``shape``.

    Example:
        >>> bafe.broadcast_to(np.ones(3), (2, 3)).shape
        (2, 3)
    """
    return _moved(x, "broadcast", _sizes(shape))


def expand_dims(x: ArrayLike, axes: Axes) -> Any:
    """Add axes of size 1 at these places of the result, whose rank is larger by their number.

    Example:
        >>> bafe.expand_dims(np.ones(3), 0).shape
        (1, 3)
    """
    return _moved(x, "expand_dims", _axes(axes))


def squeeze(x: ArrayLike, axes: Axes | None = None) -> Any:
    """Remove these axes, whose sizes must be 1; without ``axes`` all of size 1.

    Example:
        >>> bafe.squeeze(np.ones((1, 3))).shape
        (3,)
    """
    return _moved(x, "squeeze", _axes(axes))


def astype(x: ArrayLike, dtype: DTypeLike) -> Any:
    """Convert the elements; a float outside an integer's range becomes its lowest bit pattern.

    Example:
        >>> bafe.astype(np.array([1.5]), "int32")
        array([1], dtype=int32)
    """
    return _method("cast", x, dtype)


cast = astype


def concat(parts: Sequence[ArrayLike], axis: int = 0) -> Any:
    """Join arrays along an existing axis; their other sizes must be equal.

    Example:
        >>> bafe.concat([np.ones(2), np.zeros(1)])
        array([1., 1., 0.])
    """
    loc = _t.user_loc()
    return _t._record(list(parts), lambda t, ids: t.trace.concat(ids, axis, loc))


concatenate = concat


def stack(parts: Sequence[ArrayLike], axis: int = 0) -> Any:
    """Join arrays of one shape along a new axis.

    Example:
        >>> bafe.stack([np.ones(2), np.zeros(2)]).shape
        (2, 2)
    """
    loc = _t.user_loc()
    return _t._record(list(parts), lambda t, ids: t.trace.stack(ids, axis, loc))


def cumsum(x: ArrayLike, axis: int | None = None) -> Any:
    """Prefix sums along the axis, of the same shape; without an axis over all elements, flat.

    Example:
        >>> bafe.cumsum(np.array([1, 2, 3]))
        array([1, 3, 6])
    """
    return _method("cumsum", x, axis)


def take(x: ArrayLike, indices: ArrayLike, axis: int = 0) -> Any:
    """Pick elements along an axis, which the indices' shape replaces; negative ones count back.

    Example:
        >>> bafe.take(np.array([10, 20, 30]), np.array([2, -3]))
        array([30, 10])
    """
    return _call("take", (x, indices), (axis,))


def gather(x: ArrayLike, indices: ArrayLike, axis: int = -1) -> Any:
    """Pick along the axis by indices of the result's shape, as ``numpy.take_along_axis``.

    Example:
        >>> bafe.gather(np.array([[1, 2], [3, 4]]), np.array([[1], [0]]), 1)
        array([[2],
               [3]])
    """
    return _call("gather", (x, indices), (axis,))


def tril(x: ArrayLike, k: int = 0) -> Any:
    """Lower triangles of ``[B.., m, n]``, up to diagonal k; the rest is zero.

    Example:
        >>> bafe.tril(np.ones((2, 2)))
        array([[1., 0.],
               [1., 1.]])
    """
    return _call("tril", (x,), (k,))


def triu(x: ArrayLike, k: int = 0) -> Any:
    """Upper triangles of ``[B.., m, n]``, from diagonal k on; the rest is zero.

    Example:
        >>> bafe.triu(np.ones((2, 2)))
        array([[1., 1.],
               [0., 1.]])
    """
    return _call("triu", (x,), (k,))


def diag(x: ArrayLike, k: int = 0) -> Any:
    """Diagonal k of a matrix ``[m, n]``, or the matrix whose diagonal k is a vector.

    Example:
        >>> bafe.diag(np.array([1, 2]))
        array([[1, 0],
               [0, 2]])
    """
    rank = x.ndim if isinstance(x, Tensor) else np.ndim(x)
    return _call("diag" if rank == 1 else "diagonal", (x,), (k,))


def pad(x: ArrayLike, low: Axes, high: Axes, value: float = 0) -> Any:
    """Put ``low`` and ``high`` elements of ``value`` before and after each axis (or one number).

    Example:
        >>> bafe.pad(np.array([1, 2]), 1, 0)
        array([0, 1, 2])
    """
    rank = x.ndim if isinstance(x, Tensor) else np.ndim(x)
    low = (low,) * rank if isinstance(low, (int, np.integer)) else tuple(low)
    high = (high,) * rank if isinstance(high, (int, np.integer)) else tuple(high)
    return _call("pad", (x,), (low, high, value))


def where(condition: ArrayLike, a: ArrayLike, b: ArrayLike) -> Any:
    """Choose ``a`` where the condition holds, else ``b``; all three broadcast.

    Example:
        >>> bafe.where(np.array([True, False]), 1.0, 2.0)
        array([1., 2.])
    """
    return _call("where", (condition, a, b))


def mean(x: ArrayLike, axes: Axes | None = None, keepdims: bool = False) -> Any:
    """Arithmetic mean over the axes (all when None), which go or stay with size 1.

    Example:
        >>> bafe.mean(np.array([[1.0, 3.0], [5.0, 7.0]]), 1)
        array([2., 6.])
    """
    return _reduce("mean", x, axes, keepdims)


def var(x: ArrayLike, axes: Axes | None = None, ddof: int = 0, keepdims: bool = False) -> Any:
    """Variance over the axes (all when None): squares of centred values over n - ``ddof``.

    Example:
        >>> float(bafe.var(np.array([1.0, 3.0])))
        1.0
    """
    shape = x.shape if isinstance(x, Tensor) else np.shape(x)
    rank = len(shape)
    chosen = range(rank) if axes is None else [a % max(rank, 1) for a in _axes(axes) or ()]
    centred = _call("sub", (x, _reduce("mean", x, axes, True)))
    count = int(np.prod([shape[a] for a in chosen], dtype=np.int64))
    return _call(
        "div",
        (
            _reduce("reduce_sum", _call("square", (centred,)), axes, keepdims),
            float(max(count - ddof, 0)),
        ),
    )


def norm(x: ArrayLike, axes: Axes | None = None, keepdims: bool = False) -> Any:
    """Euclidean norm over the axes (all when None), which go or stay with size 1.

    Example:
        >>> float(bafe.norm(np.array([3.0, 4.0])))
        5.0
    """
    return _reduce("norm", x, axes, keepdims)


def softmax(x: ArrayLike, axis: Axes = -1) -> Any:
    """Exponentials that sum to 1 along the axis, shifted so that nothing overflows.

    Example:
        >>> bafe.softmax(np.zeros((1, 2)))
        array([[0.5, 0.5]])
    """
    return _call("softmax", (x,), (_axes(axis),))


def logsumexp(x: ArrayLike, axis: Axes | None = None, keepdims: bool = False) -> Any:
    """Logarithm of the sum of exponentials, shifted so that nothing overflows.

    Example:
        >>> round(float(bafe.logsumexp(np.zeros(2))), 6)
        0.693147
    """
    return _reduce("logsumexp", x, axis, keepdims)


def layer_norm(
    x: ArrayLike,
    weight: ArrayLike | None = None,
    bias: ArrayLike | None = None,
    axis: Axes = -1,
    eps: float = 1e-5,
) -> Any:
    """Centre and scale to variance 1 along the axis, then apply weight and bias.

    Example:
        >>> bafe.layer_norm(np.array([[1.0, 3.0]]), eps=0.0)
        array([[-1.,  1.]])
    """
    out = _call("layer_norm", (x,), (_axes(axis), eps))
    if weight is not None:
        out = _call("mul", (out, weight))
    return out if bias is None else _call("add", (out, bias))


def zeros(shape: Axes, dtype: DTypeLike = "float32") -> Any:
    """Zeros; a tensor while tracing."""
    return full(shape, 0, dtype)


def ones(shape: Axes, dtype: DTypeLike = "float32") -> Any:
    """Ones; a tensor while tracing."""
    return full(shape, 1, dtype)


def full(shape: Axes, value: float, dtype: DTypeLike = "float32") -> Any:
    """One value everywhere; a tensor while tracing.

    Example:
        >>> bafe.full((2,), 3.0)
        array([3., 3.], dtype=float32)
    """
    sizes = _sizes(shape)
    tracer = _t._state.tracer
    if tracer is None:
        from bafe.jit import evaluate_nullary

        return evaluate_nullary(
            lambda t: t.trace.broadcast(t.trace.scalar(value, dtype), sizes, None)
        )
    scalar = tracer.trace.scalar(value, dtype)
    return tracer.tensor(tracer.trace.broadcast(scalar, sizes, _t.user_loc()))


def iota(shape: Axes, axis: int = 0, dtype: DTypeLike = "int64") -> Any:
    """Each element's index along the axis.

    Example:
        >>> bafe.iota(3)
        array([0, 1, 2])
    """
    sizes = _sizes(shape)
    return _call("iota", (), (dtype, sizes, axis))


def layout_transform(x: ArrayLike, layout: str) -> Any:
    """Say how a value is stored: ``row``, ``col``, ``order(…)``. The values never change.

    Raises:
        ShapeError: the layout's name is unknown; the message lists the known ones.

    Example:
        >>> f = bafe.jit(lambda x: bafe.layout_transform(x + 1, "col"))
        >>> f(np.ones((2, 3))).flags.f_contiguous
        True
    """
    return _call("layout_transform", (x,), (layout,))
