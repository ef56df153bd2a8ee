"""Sums, extremes, means and the like of NumPy on tensors, with all of their arguments."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from bafe.numpy_protocol import _unknown, as_tensor, by_name, write_out
from bafe.tracer import _call, _indices, _reduce

_NEUTRAL: dict[str, Any] = {"sum": 0, "prod": 1, "any": False, "all": True}
_JOIN = {"sum": np.add, "prod": np.multiply, "max": np.maximum, "min": np.minimum}


def _axis(axis: Any) -> Any:
    """As given: the core refuses what is no axis."""
    return tuple(axis) if isinstance(axis, (list, tuple)) else axis


def _keep(keepdims: Any) -> bool:
    return bool(keepdims) if keepdims is not np._NoValue else False


def _given(value: Any) -> bool:
    return value is not np._NoValue and value is not None


def _reduction(name: str) -> Callable[..., Any]:
    def apply(
        a: Any,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        keepdims: Any = False,
        initial: Any = np._NoValue,
        where: Any = True,
    ) -> Any:
        x = as_tensor(a)
        x = x if dtype is None else x.astype(dtype)
        if where is not True and where is not np._NoValue:
            if name in ("max", "min") and not _given(initial):
                raise _unknown(f"{name} with where= and no initial=")
            x = np.where(where, x, _NEUTRAL.get(name, initial)).astype(x.dtype)
        if 0 in x.shape and name in ("max", "min") and _given(initial):
            x = np.concatenate([x.ravel(), np.full_like(x, initial, shape=(1,))]).max(
                axis=_axis(axis)
            )
        result = _plain(name, x, _axis(axis), _keep(keepdims))
        if dtype is not None:
            result = result.astype(dtype)
        if _given(initial) and name in _JOIN:
            result = _JOIN[name](result, as_tensor(initial).astype(result.dtype))
        return write_out(out, result, name)

    return apply


_RAW = {"sum": "reduce_sum", "prod": "reduce_prod", "max": "reduce_max", "min": "reduce_min"}


def _plain(name: str, x: Any, axis: Any, keep: bool) -> Any:
    if axis == ():
        if name in ("any", "all"):
            return x.astype(bool)
        is_small = name in ("sum", "prod") and x.dtype.kind in "biu"
        return x.astype(np.uint64 if x.dtype.kind == "u" else np.int64) if is_small else +x
    if name in _RAW:
        return _reduce(_RAW[name], x, axis, keep)
    truth = x.astype(bool)
    if x.size == 0:
        count = _reduce("reduce_sum", truth if name == "any" else ~truth, axis, keep)
        return count != 0 if name == "any" else count == 0
    return _reduce("reduce_max" if name == "any" else "reduce_min", truth, axis, keep)


def _extreme(name: str) -> Callable[..., Any]:
    whole = _reduction(name)

    def apply(
        a: Any,
        axis: Any = None,
        out: Any = None,
        keepdims: Any = False,
        initial: Any = np._NoValue,
        where: Any = True,
    ) -> Any:
        return whole(a, axis, None, out, keepdims, initial, where)

    return apply


def _logical(name: str) -> Callable[..., Any]:
    whole = _reduction(name)

    def apply(
        a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = True
    ) -> Any:
        return whole(a, axis, None, out, keepdims, np._NoValue, where)

    return apply


def _mean(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    *,
    where: Any = True,
) -> Any:
    x = as_tensor(a)
    x = x if dtype is None else x.astype(dtype)
    keep = _keep(keepdims)
    if where is not True and where is not np._NoValue:
        count = np.broadcast_to(where, x.shape).sum(axis=axis, keepdims=keep)
        x = x if x.dtype.kind == "f" else x.astype(np.float64)
        result = (np.sum(x, axis=axis, keepdims=keep, where=where) / count).astype(x.dtype)
    else:
        result = _reduce("mean", x, _axis(axis), keep)
    return write_out(out, result if dtype is None else result.astype(dtype), "mean")


def _var(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    ddof: Any = 0,
    keepdims: Any = False,
    *,
    where: Any = True,
    mean: Any = np._NoValue,
    correction: Any = np._NoValue,
) -> Any:
    ddof = correction if _given(correction) else ddof
    x = as_tensor(a)
    if dtype is not None or x.dtype.kind != "f":
        x = x.astype(dtype or np.float64)
    over = where if where is not np._NoValue else True
    centre = mean if _given(mean) else _mean(x, axis, keepdims=True, where=over)
    keep = _keep(keepdims)
    square = np.square(x - centre)
    if over is True:
        axes = (
            range(x.ndim) if axis is None else [i % x.ndim for i in _indices("axis", "axis", axis)]
        )
        count: Any = max(int(np.prod([x.shape[i] for i in axes], dtype=np.int64)) - ddof, 0)
        count = float(count)
    else:
        count = np.maximum(np.broadcast_to(over, x.shape).sum(axis=axis, keepdims=keep) - ddof, 0)
    total = np.sum(square, axis=axis, keepdims=keep, where=over)
    return write_out(out, (total / count).astype(x.dtype), "var")


def _std(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, *args: Any, **kw: Any
) -> Any:
    return write_out(out, np.sqrt(_var(a, axis, dtype, None, *args, **kw)), "std")


def _arg(name: str) -> Callable[..., Any]:
    def apply(a: Any, axis: Any = None, out: Any = None, *, keepdims: Any = False) -> Any:
        return write_out(out, _reduce(name, as_tensor(a), axis, _keep(keepdims)), name)

    return apply


def _ptp(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False) -> Any:
    x, keep = as_tensor(a), _keep(keepdims)
    return write_out(out, x.max(axis=axis, keepdims=keep) - x.min(axis=axis, keepdims=keep), "ptp")


def _average(
    a: Any, axis: Any = None, weights: Any = None, returned: Any = False, *, keepdims: Any = False
) -> Any:
    x, keep = as_tensor(a), _keep(keepdims)
    if weights is None:
        result = x.mean(axis=axis, keepdims=keep)
        count = np.full_like(result, x.size // max(result.size, 1))
        return (result, count) if returned else result
    w = as_tensor(weights)
    if w.shape != x.shape:
        axes = _indices("axis", "axis", axis) if axis is not None else None
        shape = [1] * x.ndim
        for i, size in zip(axes or (0,), w.shape):
            shape[i] = size
        w = np.broadcast_to(w.reshape(tuple(shape)), x.shape)
    total = w.sum(axis=axis, keepdims=keep)
    result = (x * w).sum(axis=axis, keepdims=keep) / total
    return (result, np.broadcast_to(total, result.shape)) if returned else result


def _cumulative(name: str) -> Callable[..., Any]:
    def apply(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        from bafe.scans import accumulate

        x = as_tensor(a)
        x = x.reshape(-1) if axis is None or not x.ndim else x
        axis = 0 if axis is None else axis
        if dtype is None and x.dtype.kind in "biu" and x.dtype.itemsize < 8:
            dtype = np.uint64 if x.dtype.kind == "u" else np.int64
        x = x if dtype is None else x.astype(dtype)
        return write_out(out, accumulate(name, x, axis), name)

    return apply


def _without_nan(name: str, neutral: Any) -> Callable[..., Any]:
    function = getattr(np, name)

    def apply(a: Any, axis: Any = None, *args: Any, **kwargs: Any) -> Any:
        x = as_tensor(a)
        if x.dtype.kind != "f":
            return function(x, axis, *args, **kwargs)
        if neutral is None:
            return function(x, axis, *args, where=~np.isnan(x), **kwargs)
        bad = np.isnan(x)
        result = function(np.where(bad, neutral, x).astype(x.dtype), axis, *args, **kwargs)
        if name in ("max", "min"):  # all NaN stays NaN
            result = np.where(
                bad.all(axis=axis, keepdims=kwargs.get("keepdims", False)), np.nan, result
            )
        return result

    return apply


def _clip(a: Any, a_min: Any = None, a_max: Any = None, out: Any = None, **kwargs: Any) -> Any:
    low = kwargs.pop("min", None) if a_min is None or a_min is np._NoValue else a_min
    high = kwargs.pop("max", None) if a_max is None or a_max is np._NoValue else a_max
    if any(value is not None for value in kwargs.values()):
        raise _unknown("clip with other arguments than bounds and out")
    result: Any = as_tensor(a)
    if low is not None:
        result = np.maximum(result, low)
    result = result if high is None else np.minimum(result, high)
    return write_out(out, +result, "clip")


def _round(a: Any, decimals: int = 0, out: Any = None) -> Any:
    x = as_tensor(a)
    if decimals == 0 or x.dtype.kind != "f":
        if decimals < 0:
            raise _unknown("round of integers with negative decimals")
        return write_out(out, _call("round", (x,)), "round")
    scale = 10.0 ** abs(decimals)
    result = np.rint(x * scale) / scale if decimals > 0 else np.rint(x / scale) * scale
    return write_out(out, result, "round")


def _count_nonzero(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return (as_tensor(a) != 0).sum(axis=axis, keepdims=keepdims)


def _bool_of(function: Callable[..., Any]) -> Callable[..., Any]:
    def apply(x: Any, *args: Any) -> Any:
        return function(as_tensor(x))

    return apply


FUNCTIONS = by_name(
    {
        **{name: _reduction(name) for name in ("sum", "prod")},
        **{name: _extreme(name[-3:]) for name in ("max", "min", "amax", "amin")},
        **{name: _logical(name) for name in ("any", "all")},
        **{name: _arg(name) for name in ("argmax", "argmin")},
        "mean": _mean,
        "var": _var,
        "std": _std,
        "ptp": _ptp,
        "average": _average,
        "cumsum": _cumulative("add"),
        "cumprod": _cumulative("multiply"),
        "nansum": _without_nan("sum", 0),
        "nanprod": _without_nan("prod", 1),
        "nanmax": _without_nan("max", -np.inf),
        "nanmin": _without_nan("min", np.inf),
        "nanmean": _without_nan("mean", None),
        "nanvar": _without_nan("var", None),
        "nanstd": _without_nan("std", None),
        "nancumsum": lambda a, axis=None, dtype=None, out=None: np.cumsum(
            np.nan_to_num(a, posinf=np.inf, neginf=-np.inf), axis, dtype, out
        ),
        "clip": _clip,
        "round": _round,
        "around": _round,
        "fix": _bool_of(np.trunc),
        "count_nonzero": _count_nonzero,
        "isneginf": lambda x, out=None: np.isinf(x) & (as_tensor(x) < 0),
        "isposinf": lambda x, out=None: np.isinf(x) & (as_tensor(x) > 0),
        "real": as_tensor,
        "imag": lambda val: as_tensor(val).imag,
        "isreal": lambda x: np.ones_like(as_tensor(x), dtype=bool),
        "iscomplex": lambda x: np.zeros_like(as_tensor(x), dtype=bool),
        "iscomplexobj": lambda x: False,
        "isrealobj": lambda x: True,
        "angle": lambda z, deg=False: np.where(as_tensor(z) < 0, 180.0 if deg else np.pi, 0.0),
    },
    np,
)
