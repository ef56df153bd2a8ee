"""NumPy's functions that move, choose and look up elements, on tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from bafe import _core
from bafe import surface as s
from bafe.numpy_protocol import _unknown, as_tensor, by_name, no_size, write_out
from bafe.tracer import _call, _indices, _place


def _axes(axis: Any) -> tuple[int, ...]:
    return tuple(_indices("axis", "axis", axis))


def _roll(a: Any, shift: Any, axis: Any = None) -> Any:
    x = as_tensor(a)
    if axis is None:
        return _roll(x.ravel(), shift, 0).reshape(x.shape)
    shifts, axes = _axes(shift), _axes(axis)
    if len(shifts) == 1:
        shifts = shifts * len(axes)
    for by, over in zip(shifts, axes * (len(shifts) if len(axes) == 1 else 1)):
        over = over % x.ndim
        size = x.shape[over]
        by = by % size if size else 0
        if not by:
            continue
        head: Any = (slice(None),) * over
        x = s.concat(
            [x[head + (slice(size - by, None),)], x[head + (slice(None, size - by),)]], over
        )
    return x._copied()


def _flip(m: Any, axis: Any = None) -> Any:
    x = as_tensor(m)
    axes = range(x.ndim) if axis is None else [i % x.ndim for i in _axes(axis)]
    key = tuple(slice(None, None, -1) if i in axes else slice(None) for i in range(x.ndim))
    return x[key]


def _rot90(m: Any, k: int = 1, axes: Any = (0, 1)) -> Any:
    x = as_tensor(m)
    first, second = (i % x.ndim for i in axes)
    k %= 4
    if k == 0:
        return x[...]
    if k == 2:
        return _flip(x, (first, second))
    if k == 1:
        return _flip(x, second).swapaxes(first, second)
    return _flip(x.swapaxes(first, second), second)


def _moveaxis(a: Any, source: Any, destination: Any) -> Any:
    x = as_tensor(a)
    start, end = ([i % x.ndim for i in _axes(v)] for v in (source, destination))
    order = [i for i in range(x.ndim) if i not in start]
    for to, origin in sorted(zip(end, start)):
        order.insert(to, origin)
    return x.transpose(order) if order else x


def _rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    x = as_tensor(a)
    axis, start = axis % x.ndim, start + x.ndim if start < 0 else start
    return _moveaxis(x, axis, start - 1 if axis < start else start)


def _where(condition: Any, *both: Any) -> Any:
    if len(both) != 2:
        return no_size("where with one argument")
    result = s.where(condition if hasattr(condition, "_dtype") else as_tensor(condition), *both)
    if hasattr(result, "_is_scalar"):
        result._is_scalar = False  # NumPy gives an array of rank 0
    return result


def _sized_by_values(name: str) -> Any:
    return lambda *args, **kwargs: no_size(name)


def _select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    result = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist)):
        result = _where(condition, choice, result)
    return result


def _piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kwargs: Any) -> Any:
    given = as_tensor(x)
    conditions = list(condlist) if isinstance(condlist, (list, tuple)) else [condlist]
    functions = list(funclist)
    result: Any = np.zeros_like(given)
    if len(functions) == len(conditions) + 1:
        last = functions.pop()
        result = result + (last(given, *args, **kwargs) if callable(last) else last)
    for condition, f in zip(conditions, functions):
        value = f(given, *args, **kwargs) if callable(f) else f
        result = _where(condition, value, result)
    return result.astype(given.dtype)


def _diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    x = as_tensor(a)
    order = [i for i in range(x.ndim) if i not in (axis1 % x.ndim, axis2 % x.ndim)]
    order += [axis1 % x.ndim, axis2 % x.ndim]
    moved = x if order == list(range(x.ndim)) else x.transpose(order)
    return moved._step("call", "diagonal", (int(offset),))


def _diag(v: Any, k: int = 0) -> Any:
    x = as_tensor(v)
    return _call("diag", (x,), (k,)) if x.ndim == 1 else _diagonal(x, k)


def _meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> Any:
    values = [as_tensor(x).ravel() for x in xi]
    count = len(values)
    place = list(range(count))
    if indexing == "xy" and count > 1:
        place[0], place[1] = 1, 0
    shape = [0] * count
    for at, value in zip(place, values):
        shape[at] = value.size
    grids = []
    for at, value in zip(place, values):
        one = value.reshape(tuple(value.size if i == at else 1 for i in range(count)))
        wide = one if sparse else s.broadcast_to(one, tuple(shape))
        grids.append(wide._copied("C") if copy else wide)
    return tuple(grids)


def _take(a: Any, indices: Any, axis: Any = None, out: Any = None, mode: str = "raise") -> Any:
    x = as_tensor(a)
    if axis is None or not x.ndim:
        x, axis = x.reshape(-1), 0
    index = indices if hasattr(indices, "_dtype") else np.asarray(indices)
    size = x.shape[axis]
    if mode == "clip":
        index = np.clip(index, 0, size - 1)
    elif mode == "wrap":
        index = np.remainder(index, size)
    return write_out(out, s.take(x, index, axis), "take")


def _searchsorted(a: Any, v: Any, side: str = "left", sorter: Any = None) -> Any:
    if sorter is not None:
        raise _unknown("searchsorted with a sorter")
    x, y = as_tensor(a), as_tensor(v)
    less = x < y[..., None] if side == "left" else x <= y[..., None]
    return less.sum(axis=-1)


def _interp(
    x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None
) -> Any:
    if period is not None:
        raise _unknown("interp with a period")
    at, knots, values = as_tensor(x), as_tensor(xp), as_tensor(fp).astype(np.float64)
    cell = np.clip(_searchsorted(knots, at, "right") - 1, 0, knots.size - 2)
    low, high = s.take(knots, cell), s.take(knots, cell + 1)
    start, end = s.take(values, cell), s.take(values, cell + 1)
    slope = (end - start) / (high - low)
    result = slope * (at - low) + start
    result = _where(at > knots[-1], values[-1] if right is None else right, result)
    result = _where(at == knots[-1], values[-1], result)
    return _where(at < knots[0], values[0] if left is None else left, result)


def _convolve(a: Any, v: Any, mode: str = "full") -> Any:
    x, w = as_tensor(a), as_tensor(v)
    if x.size < w.size:
        x, w = w, x
    k = w.size
    low = {"full": k - 1, "same": k - 1 - (k - 1) // 2, "valid": 0}[mode]
    high = {"full": k - 1, "same": (k - 1) // 2, "valid": 0}[mode]
    if mode == "same":
        low, high = k // 2, k - 1 - k // 2
    padded = _call("pad", (x,), ([low], [high], 0)) if low or high else x
    from bafe.sliding import windows

    return windows(padded, 0, k) @ w[::-1]


def _sliding_window_view(
    x: Any, window_shape: Any, axis: Any = None, *, subok: Any = False, writeable: Any = False
) -> Any:
    """Windows of one axis after another, since NumPy lets an axis be named twice."""
    result = _windows(x, window_shape, axis)
    if hasattr(x, "_storage"):  # NumPy's is a view, which would see what is written later
        x._storage.kin.append(result._storage)
        result._is_read_only = True
    return result


def _windows(x: Any, window_shape: Any, axis: Any) -> Any:
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


def _broadcast_arrays(*arrays: Any, subok: bool = False) -> Any:
    values = [as_tensor(a) for a in arrays]
    shape = np.broadcast_shapes(*(v.shape for v in values))
    return tuple(s.broadcast_to(v, shape) for v in values)


FUNCTIONS = by_name(
    {
        "transpose": lambda a, axes=None: s.transpose(as_tensor(a), axes),
        "permute_dims": lambda a, axes=None: s.transpose(as_tensor(a), axes),
        "matrix_transpose": lambda x: as_tensor(x).swapaxes(-1, -2),
        "swapaxes": lambda a, axis1, axis2: as_tensor(a).swapaxes(axis1, axis2),
        "moveaxis": _moveaxis,
        "rollaxis": _rollaxis,
        "reshape": lambda a, shape=None, order="C", *, newshape=None, copy=None: as_tensor(
            a
        ).reshape(newshape if shape is None else shape, order=order),
        "ravel": lambda a, order="C": as_tensor(a).ravel(order),
        "broadcast_to": lambda array, shape, subok=False: s.broadcast_to(as_tensor(array), shape),
        "broadcast_arrays": _broadcast_arrays,
        "expand_dims": lambda a, axis: s.expand_dims(as_tensor(a), axis),
        "squeeze": lambda a, axis=None: s.squeeze(as_tensor(a), axis),
        "unstack": lambda x, *, axis=0: tuple(np.moveaxis(as_tensor(x), axis, 0)),
        "roll": _roll,
        "flip": _flip,
        "fliplr": lambda m: _flip(m, 1),
        "flipud": lambda m: _flip(m, 0),
        "rot90": _rot90,
        "where": _where,
        "select": _select,
        "piecewise": _piecewise,
        "choose": lambda a, choices, out=None, mode="raise": _select(
            [as_tensor(a) == i for i in range(len(choices))], list(choices)
        ),
        "tril": lambda m, k=0: s.tril(as_tensor(m), k),
        "triu": lambda m, k=0: s.triu(as_tensor(m), k),
        "diag": _diag,
        "diagflat": lambda v, k=0: _call("diag", (as_tensor(v).ravel(),), (k,)),
        "diagonal": _diagonal,
        "meshgrid": _meshgrid,
        "take": _take,
        "take_along_axis": lambda arr, indices, axis=-1: (
            s.gather(arr, indices, axis)
            if axis is not None
            else s.gather(as_tensor(arr).ravel(), indices, 0)
        ),
        "searchsorted": _searchsorted,
        "digitize": lambda x, bins, right=False: _searchsorted(
            bins, x, "left" if right else "right"
        ),
        "interp": _interp,
        "convolve": _convolve,
        "correlate": lambda a, v, mode="valid": _convolve(a, as_tensor(v)[::-1], mode),
        **{
            name: _sized_by_values(name)
            for name in (
                "nonzero",
                "flatnonzero",
                "argwhere",
                "unique",
                "extract",
                "compress",
                "trim_zeros",
            )
        },
    },
    np,
)
FUNCTIONS[np.lib.stride_tricks.sliding_window_view] = _sliding_window_view
