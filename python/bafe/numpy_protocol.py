"""NumPy's own functions on tensors: ``np.exp(x)`` and the like record BAFE's operators."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from bafe import _core
from bafe import surface as s
from bafe.tracer import _call, _indices, _place, _reduce

# NumPy's ufunc name where it differs from BAFE's operator.
_UFUNCS = {
    "subtract": "sub",
    "multiply": "mul",
    "divide": "div",
    "true_divide": "div",
    "negative": "neg",
    "absolute": "abs",
    "power": "pow",
    "rint": "round",
    "invert": "bitwise_not",
    "mod": "remainder",
}
_REDUCTIONS = {
    "add": "reduce_sum",
    "multiply": "reduce_prod",
    "maximum": "reduce_max",
    "minimum": "reduce_min",
}


def _unknown(name: str) -> Exception:
    return _core.TraceError(
        f"{_place()}numpy.{name}: BAFE cannot trace this function\n"
        "  fix: write it with BAFE's operators, or call it outside the jitted function"
    )


def apply_ufunc(ufunc: Any, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Record a ufunc call."""
    name = ufunc.__name__
    others = [key for key, value in kwargs.items() if key not in ("axis", "keepdims")]
    if method == "reduce" and name in _REDUCTIONS and all(kwargs[k] is None for k in others):
        return _reduce(
            _REDUCTIONS[name], inputs[0], kwargs.get("axis", 0), kwargs.get("keepdims", False)
        )
    if method != "__call__" or any(value is not None for value in kwargs.values()):
        raise _unknown(name)
    if name == "matmul":
        return s.matmul(*inputs)
    operator = _UFUNCS.get(name, name)
    if operator not in _core.operator_names():
        raise _unknown(name)
    return _call(operator, inputs)


def _reduction(name: str) -> Callable[..., Any]:
    def apply(
        a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False
    ) -> Any:
        if out is not None:
            raise _unknown(name)
        x = a if dtype is None else a.astype(dtype)
        keep = bool(keepdims) if keepdims is not np._NoValue else False
        result = getattr(x, name)(axis=axis, keepdims=keep)
        return result if dtype is None else result.astype(dtype)

    return apply


def _round(a: Any, decimals: int = 0) -> Any:
    if decimals != 0:
        raise _unknown("round with decimals")
    return a.round()


def _dot(a: Any, b: Any) -> Any:
    if np.ndim(a) > 1 and np.ndim(b) > 2:
        raise _unknown("dot over more than two axes")
    return s.matmul(a, b) if np.ndim(a) and np.ndim(b) else _call("mul", (a, b))


def _clip(a: Any, a_min: Any = None, a_max: Any = None) -> Any:
    return a.clip(a_min, a_max)


def _pad(array: Any, pad_width: Any, mode: Any = "constant", constant_values: Any = 0) -> Any:
    if mode != "constant" or np.ndim(constant_values) != 0:
        raise _unknown("pad with another mode than one constant")
    widths = np.broadcast_to(np.asarray(pad_width), (array.ndim, 2))
    low, high = ([int(width) for width in side] for side in widths.T)
    return _call("pad", (array,), (low, high, float(constant_values)))


def _trace(a: Any, offset: int = 0) -> Any:
    if np.ndim(a) != 2:
        raise _unknown("trace of other than two axes")
    return s.diag(a, offset).sum()


def _outer(a: Any, b: Any) -> Any:
    return _call("mul", (s.expand_dims(a.ravel(), 1), s.expand_dims(b.ravel(), 0)))


def _einsum(*operands: Any, out: Any = None, optimize: Any = False, **kwargs: Any) -> Any:
    if out is not None or kwargs:
        raise _unknown("einsum with other arguments than the equation, operands and optimize")
    from bafe.subscripts import einsum

    return einsum(*operands)


def _sliding_window_view(
    x: Any, window_shape: Any, axis: Any = None, *, subok: Any = False, writeable: Any = False
) -> Any:
    """Windows of one axis after another, since NumPy lets an axis be named twice."""
    from bafe.sliding import windows

    sizes = _indices("sliding_window_view", "window_shape", window_shape)
    axes = tuple(range(x.ndim)) if axis is None else _indices("sliding_window_view", "axis", axis)
    if len(axes) != len(sizes):
        raise _core.ShapeError(
            f"{_place()}sliding_window_view: {len(sizes)} sizes for {len(axes)} axes\n"
            "  fix: give one size an axis"
        )
    over = [a + x.ndim if -x.ndim <= a < 0 else a for a in axes]
    if len(set(over)) == len(over) and over == sorted(over):
        return windows(x, over, sizes)
    for one, size in zip(over, sizes):
        x = windows(x, one, size)
    return x


_FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.sum: _reduction("sum"),
    np.prod: _reduction("prod"),
    np.max: _reduction("max"),
    np.min: _reduction("min"),
    np.amax: _reduction("max"),
    np.amin: _reduction("min"),
    np.mean: _reduction("mean"),
    np.any: lambda a, axis=None, keepdims=False: a.any(axis, keepdims),
    np.all: lambda a, axis=None, keepdims=False: a.all(axis, keepdims),
    np.var: lambda a, axis=None, ddof=0, keepdims=False: a.var(axis, ddof, keepdims),
    np.std: lambda a, axis=None, ddof=0, keepdims=False: a.std(axis, ddof, keepdims),
    np.argmax: lambda a, axis=None, keepdims=False: a.argmax(axis, keepdims),
    np.argmin: lambda a, axis=None, keepdims=False: a.argmin(axis, keepdims),
    np.cumsum: lambda a, axis=None: s.cumsum(a, axis),
    np.transpose: lambda a, axes=None: s.transpose(a, axes),
    np.swapaxes: lambda a, axis1, axis2: a.swapaxes(axis1, axis2),
    np.reshape: lambda a, shape: s.reshape(a, shape),
    np.ravel: lambda a: a.ravel(),
    np.broadcast_to: lambda array, shape: s.broadcast_to(array, shape),
    np.expand_dims: lambda a, axis: s.expand_dims(a, axis),
    np.squeeze: lambda a, axis=None: s.squeeze(a, axis),
    np.concatenate: lambda arrays, axis=0: s.concat(arrays, axis),
    np.stack: lambda arrays, axis=0: s.stack(arrays, axis),
    np.where: s.where,
    np.clip: _clip,
    np.dot: _dot,
    np.pad: _pad,
    np.trace: _trace,
    np.outer: _outer,
    np.einsum: _einsum,
    np.lib.stride_tricks.sliding_window_view: _sliding_window_view,
    np.tril: lambda m, k=0: s.tril(m, k),
    np.triu: lambda m, k=0: s.triu(m, k),
    np.diag: lambda v, k=0: s.diag(v, k),
    np.diagonal: lambda a, offset=0: _call("diagonal", (a,), (offset,)),
    np.take: lambda a, indices, axis=None: s.take(
        a if axis is not None else a.ravel(), indices, axis or 0
    ),
    np.take_along_axis: lambda arr, indices, axis=-1: s.gather(arr, indices, axis),
    np.linalg.solve: lambda a, b: _call("solve", (a, b)),
    np.linalg.inv: lambda a: _call("inv", (a,)),
    np.linalg.cholesky: lambda a: _call("cholesky", (a,)),
    np.zeros_like: lambda a, dtype=None: s.full(a.shape, 0, dtype or a.dtype),
    np.ones_like: lambda a, dtype=None: s.full(a.shape, 1, dtype or a.dtype),
    np.round: _round,
    np.shape: lambda a: a.shape,
    np.ndim: lambda a: a.ndim,
    np.size: lambda a: a.size,
}


def apply_function(func: Any, args: Any, kwargs: Any) -> Any:
    """Record a NumPy function call."""
    known = _FUNCTIONS.get(func)
    if known is None:
        raise _unknown(getattr(func, "__name__", str(func)))
    try:
        return known(*args, **kwargs)
    except TypeError as error:
        if isinstance(error, _core.BafeError):
            raise
        raise _unknown(func.__name__) from error
