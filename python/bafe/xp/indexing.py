"""Indexing: square brackets of arrays, and picking elements by integer arrays.

Eager arrays are indexed by NumPy: basic keys give views, masks and integer arrays copies. Values
that are traced are indexed by BAFE's operators.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bafe import _core
from bafe import surface as s
from bafe.array_methods import ArrayMethods
from bafe.tracer import _place
from bafe.xp.array_object import Array
from bafe.xp.data_types import ANY, INTEGER, check_kind, check_scalar, is_scalar, promote, refuse
from bafe.xp.eager import is_traced, move


def _part(item: Any) -> Any:
    if type(item) is Array:
        return item._data
    if isinstance(item, slice):
        return slice(*(_bound(bound) for bound in (item.start, item.stop, item.step)))
    if item is None or item is Ellipsis or isinstance(item, (int, np.ndarray, ArrayMethods)):
        return item
    if hasattr(item, "__index__"):
        return item.__index__()
    raise IndexError(
        f"{_place()}index: a {type(item).__name__} is no index\n"
        "  fix: use integers, slices, None, Ellipsis, a mask or integer arrays"
    )


def _bound(bound: Any) -> Any:
    return None if bound is None else bound.__index__()


def plain_key(data: Any, key: Any) -> Any:
    """A key without Arrays; computed values where ``data`` is NumPy's."""
    parts = tuple(map(_part, key)) if isinstance(key, tuple) else _part(key)
    if isinstance(data, np.ndarray):
        from bafe.xp.array_object import eager_value

        if isinstance(parts, tuple):
            return tuple(
                eager_value(p, "index") if isinstance(p, ArrayMethods) else p for p in parts
            )
        return eager_value(parts, "index") if isinstance(parts, ArrayMethods) else parts
    return parts


def assign(x: Array, key: Any, value: Any) -> None:
    """``x[key] = value``: an array of a dtype that promotes to that of ``x``, or a number."""
    data = x._data
    if isinstance(data, np.ndarray) and is_traced(value) and not hasattr(value, "_pending"):
        raise _core.TraceError(
            f"{_place()}setitem: a traced value is written into an array made outside\n"
            "  fix: make the array an argument, or write into a copy: xp.asarray(x, copy=True)"
        )
    if is_scalar(value) or isinstance(value, complex):
        value = check_scalar("setitem", value, x.dtype)
    elif type(value) is Array or isinstance(value, ArrayMethods):
        if promote("setitem", [x.dtype, value.dtype]) != x.dtype:
            raise refuse(
                "setitem",
                f"{value.dtype} does not fit into {x.dtype}",
                f"convert with bafe.xp.astype(value, bafe.xp.{x.dtype.name})",
            )
        value = value._data if type(value) is Array else value
    else:
        raise refuse(
            "setitem", f"a {type(value).__name__} is no array", "convert it with bafe.xp.asarray"
        )
    if isinstance(data, np.ndarray) and not data.flags.writeable:
        raise _core.TraceError(
            f"{_place()}setitem: the array is read-only (broadcast, or another library's)\n"
            "  fix: copy it with bafe.xp.asarray(x, copy=True)"
        )
    data[plain_key(data, key)] = value


def replace(x: Array, value: Any, name: str) -> Array:
    """The end of ``x += …``: new values in the memory of ``x``, whose dtype and shape stay."""
    if value is NotImplemented:
        return value
    if value.dtype != x.dtype or value.shape != x.shape:
        kind = _core.DTypeError if value.dtype != x.dtype else _core.ShapeError
        raise kind(
            f"{_place()}{name}: the result is {value.dtype}{list(value.shape)}, the array "
            f"{x.dtype}{list(x.shape)}\n  fix: write x = x … instead of the form in place"
        )
    if is_traced(x) and not x.ndim:
        x._data = value._data
    else:
        assign(x, ..., value)
    return x


def take(x: Any, indices: Any, /, *, axis: int | None = None) -> Any:
    """Pick elements along an axis by an integer array; ``axis`` may be left out for one axis.

    Example:
        >>> import bafe.xp as xp
        >>> xp.take(xp.asarray([10, 20, 30]), xp.asarray([2, 0]))
        Array([30, 10], dtype=int64)
    """
    check_kind("take", ANY, x)
    check_kind("take", INTEGER, indices)
    if axis is None:
        if x.ndim != 1:
            raise _core.ShapeError(
                f"{_place()}take: the array has {x.ndim} axes\n  fix: give the axis"
            )
        axis = 0
    at = axis
    return move("take", lambda a, i: np.take(a, i, at), lambda a, i: s.take(a, i, at), x, indices)


def take_along_axis(x: Any, indices: Any, /, *, axis: int = -1) -> Any:
    """Pick one element a row by an integer array of as many axes.

    Example:
        >>> import bafe.xp as xp
        >>> xp.take_along_axis(xp.asarray([[1, 2], [3, 4]]), xp.asarray([[1], [0]]), axis=1)
        Array([[2],
               [3]], dtype=int64)
    """
    check_kind("take_along_axis", ANY, x)
    check_kind("take_along_axis", INTEGER, indices)
    return move(
        "take_along_axis",
        lambda a, i: np.take_along_axis(a, i, axis),
        lambda a, i: s.gather(a, i, axis % a.ndim),
        x,
        indices,
    )
