"""Statistics: sums, products, extremes, means, prefix sums. All but ``cumulative_prod`` run on
BAFE's operators."""

from __future__ import annotations

from typing import Any

import numpy as np

from bafe import _core
from bafe import surface as s
from bafe.tracer import _call, _place, _reduce
from bafe.xp.array_object import Array, wrap
from bafe.xp.data_types import FLOATING, NUMERIC, check_kind, checked, int64, uint64
from bafe.xp.eager import host, parametrised, run
from bafe.xp.manipulation import _axes_in, axis_in


def axes_of(what: str, x: Any, axis: Any) -> tuple[int, ...]:
    """Axes to reduce over, counted from the front; all of them for None."""
    return tuple(range(x.ndim)) if axis is None else tuple(sorted(_axes_in(what, axis, x.ndim)))


_ready: dict[Any, Any] = {}  # kernels by dtype, rank and what the caller gave
_MOST_READY = 1024


def _known(x: Any, *key: Any) -> Any:
    """The kernel of a call like an earlier one; None if there was none or it cannot be told."""
    if type(x) is not Array or not x._data.size:
        return None
    try:
        return _ready.get((x._data.dtype, x._data.ndim) + key)
    except TypeError:  # axes in a list
        return None


def _remember(kernel: Any, x: Any, *key: Any) -> Any:
    """Call a kernel, which calls like this one find from now on."""
    if type(x) is Array and isinstance(x._data, np.ndarray) and len(_ready) < _MOST_READY:
        try:
            _ready[(x._data.dtype, x._data.ndim) + key] = kernel
        except TypeError:
            pass
    return run(kernel, x)


def _reduced(x: Any, name: str, axes: tuple[int, ...], keepdims: bool, dtype: str = "") -> Any:
    """Body of a reduction; over no axis it leaves the elements."""
    x = x.astype(dtype) if dtype else x
    out = _reduce(name, x, axes, keepdims) if axes else x
    return out.astype(dtype) if dtype else out


def _total(what: str, operator: str, x: Any, axis: Any, dtype: Any, keepdims: bool) -> Any:
    known = _known(x, what, axis, dtype, keepdims)
    if known is not None:
        return wrap(known(x._data))
    check_kind(what, NUMERIC, x)
    wanted = _sum_dtype(what, x, dtype)
    how: dict[str, Any] = {
        "name": operator,
        "axes": axes_of(what, x, axis),
        "keepdims": bool(keepdims),
    }
    body = parametrised(_reduced, **how, dtype=wanted.name)
    return _remember(body, x, what, axis, dtype, keepdims)


def _sum_dtype(what: str, x: Any, dtype: Any) -> np.dtype:
    """What sums accumulate in: integers in 64 bits, of their signedness."""
    if dtype is not None:
        return checked(what, dtype)
    return {"i": int64, "u": uint64}.get(x.dtype.kind, x.dtype)


def sum(x: Any, /, *, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
    """Sum over axes; integers accumulate in 64 bits unless a dtype is given.

    Example:
        >>> import bafe.xp as xp
        >>> xp.sum(xp.asarray([[1, 2], [3, 4]]), axis=0)
        Array([4, 6], dtype=int64)
    """
    return _total("sum", "reduce_sum", x, axis, dtype, keepdims)


def prod(x: Any, /, *, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
    """Product over axes; integers accumulate in 64 bits unless a dtype is given.

    Example:
        >>> import bafe.xp as xp
        >>> xp.prod(xp.asarray([2, 3, 4]))
        Array(24, dtype=int64)
    """
    return _total("prod", "reduce_prod", x, axis, dtype, keepdims)


def _extreme(what: str, operator: str, x: Any, axis: Any, keepdims: bool) -> Any:
    known = _known(x, what, axis, keepdims)
    if known is not None:
        return wrap(known(x._data))
    check_kind(what, NUMERIC, x)
    axes = axes_of(what, x, axis)
    if any(x.shape[at] == 0 for at in axes):
        raise _core.ShapeError(
            f"{_place()}{what}: there is no element to choose from in {x.shape}\n"
            "  fix: reduce over axes that are not empty"
        )
    body = parametrised(_reduced, name=operator, axes=axes, keepdims=bool(keepdims))
    return _remember(body, x, what, axis, keepdims)


def max(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """Largest element over axes; NaN wins.

    Example:
        >>> import bafe.xp as xp
        >>> xp.max(xp.asarray([1, 3, 2]))
        Array(3, dtype=int64)
    """
    return _extreme("max", "reduce_max", x, axis, keepdims)


def min(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """Smallest element over axes; NaN wins.

    Example:
        >>> import bafe.xp as xp
        >>> xp.min(xp.asarray([1, 3, 2]))
        Array(1, dtype=int64)
    """
    return _extreme("min", "reduce_min", x, axis, keepdims)


def mean(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """Arithmetic mean over axes; NaN over nothing.

    Example:
        >>> import bafe.xp as xp
        >>> xp.mean(xp.asarray([1.0, 3.0]))
        Array(2., dtype=float64)
    """
    known = _known(x, "mean", axis, keepdims)
    if known is not None:
        return wrap(known(x._data))
    check_kind("mean", FLOATING, x)
    how: dict[str, Any] = {
        "name": "mean",
        "axes": axes_of("mean", x, axis),
        "keepdims": bool(keepdims),
    }
    return _remember(parametrised(_reduced, **how), x, "mean", axis, keepdims)


def _variance(
    x: Any, axes: tuple[int, ...], correction: float, keepdims: bool, is_root: bool
) -> Any:
    """Squares of the distances from the mean, summed and divided by their number less the
    correction."""
    count = 1
    for at in axes:
        count *= x.shape[at]
    centred = x - _reduced(x, "mean", axes, True)
    total = _reduced(_call("square", (centred,)), "reduce_sum", axes, keepdims)
    left = count - correction
    out = total / float(left if left > 0 else 0)
    return _call("sqrt", (out,)) if is_root else out


def _spread(what: str, x: Any, axis: Any, correction: float, keepdims: bool) -> Any:
    check_kind(what, FLOATING, x)
    how: dict[str, Any] = {"axes": axes_of(what, x, axis), "correction": float(correction)}
    return run(
        parametrised(_variance, **how, keepdims=bool(keepdims), is_root=what == "std"),
        x,
    )


def var(x: Any, /, *, axis: Any = None, correction: float = 0.0, keepdims: bool = False) -> Any:
    """Variance over axes, divided by the number of elements less ``correction``.

    Example:
        >>> import bafe.xp as xp
        >>> xp.var(xp.asarray([1.0, 3.0]))
        Array(1., dtype=float64)
    """
    return _spread("var", x, axis, correction, keepdims)


def std(x: Any, /, *, axis: Any = None, correction: float = 0.0, keepdims: bool = False) -> Any:
    """Root of the variance, in the unit of the elements.

    Example:
        >>> import bafe.xp as xp
        >>> xp.std(xp.asarray([1.0, 3.0]))
        Array(1., dtype=float64)
    """
    return _spread("std", x, axis, correction, keepdims)


def _scan_axis(what: str, x: Any, axis: Any) -> int:
    check_kind(what, NUMERIC, x)
    if axis is None and x.ndim != 1:
        raise _core.ShapeError(
            f"{_place()}{what}: the array has {x.ndim} axes\n  fix: give the axis"
        )
    return axis_in(what, 0 if axis is None else axis, x.ndim)


def _first(shape: tuple[int, ...], at: int) -> tuple[int, ...]:
    return tuple(1 if axis == at else size for axis, size in enumerate(shape))


def _prefix_sums(x: Any, at: int, dtype: str, include_initial: bool) -> Any:
    out = s.cumsum(x.astype(dtype), at).astype(dtype)
    return s.concat([s.full(_first(x.shape, at), 0, dtype), out], at) if include_initial else out


def cumulative_sum(
    x: Any, /, *, axis: Any = None, dtype: Any = None, include_initial: bool = False
) -> Any:
    """Prefix sums along an axis, with 0 in front if ``include_initial``.

    Example:
        >>> import bafe.xp as xp
        >>> xp.cumulative_sum(xp.asarray([1, 2, 3]))
        Array([1, 3, 6], dtype=int64)
    """
    at = _scan_axis("cumulative_sum", x, axis)
    wanted = _sum_dtype("cumulative_sum", x, dtype).name
    how: dict[str, Any] = {"at": at, "dtype": wanted, "include_initial": bool(include_initial)}
    return run(parametrised(_prefix_sums, **how), x)


def cumulative_prod(
    x: Any, /, *, axis: Any = None, dtype: Any = None, include_initial: bool = False
) -> Any:
    """Prefix products along an axis, with 1 in front if ``include_initial``; computed by NumPy.

    Example:
        >>> import bafe.xp as xp
        >>> xp.cumulative_prod(xp.asarray([1, 2, 3]))
        Array([1, 2, 6], dtype=int64)
    """
    at = _scan_axis("cumulative_prod", x, axis)
    wanted = _sum_dtype("cumulative_prod", x, dtype)

    def eager(a: np.ndarray) -> np.ndarray:
        out = np.cumprod(a, at, wanted)
        if not include_initial:
            return out
        return np.concatenate([np.ones(_first(a.shape, at), wanted), out], at)

    return host("cumulative_prod", eager, x)
