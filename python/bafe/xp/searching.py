"""Searching: indices of extremes, counts, places in sorted arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from bafe import _core
from bafe.tracer import _place, _reduce
from bafe.xp.array_object import Array
from bafe.xp.data_types import ANY, INTEGER, NUMERIC, check_kind, promote
from bafe.xp.eager import host, parametrised, run
from bafe.xp.manipulation import axis_in
from bafe.xp.statistics import axes_of


def _index_of(x: Any, name: str, axis: int | None, keepdims: bool) -> Any:
    return _reduce(name, x, axis, keepdims).astype("int64")


def _extreme_index(what: str, x: Any, axis: Any, keepdims: bool) -> Any:
    check_kind(what, NUMERIC, x)
    at = None if axis is None else axis_in(what, axis, x.ndim)
    if (x.size if at is None else x.shape[at]) == 0:
        raise _core.ShapeError(
            f"{_place()}{what}: there is no element to choose from in {x.shape}\n"
            "  fix: reduce over an axis that is not empty"
        )
    return run(parametrised(_index_of, name=what, axis=at, keepdims=bool(keepdims)), x)


def argmax(x: Any, /, *, axis: int | None = None, keepdims: bool = False) -> Any:
    """Index of the first largest element, among all without an axis; NaN is largest.

    Example:
        >>> import bafe.xp as xp
        >>> xp.argmax(xp.asarray([1, 3, 2]))
        Array(1, dtype=int64)
    """
    return _extreme_index("argmax", x, axis, keepdims)


def argmin(x: Any, /, *, axis: int | None = None, keepdims: bool = False) -> Any:
    """Index of the first smallest element, among all without an axis; NaN is smallest.

    Example:
        >>> import bafe.xp as xp
        >>> xp.argmin(xp.asarray([1, 3, 2]))
        Array(0, dtype=int64)
    """
    return _extreme_index("argmin", x, axis, keepdims)


def _count(x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    is_set = x.astype("bool").astype("int64")
    return _reduce("reduce_sum", is_set, axes, keepdims) if axes else is_set


def count_nonzero(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """Count the elements that are not zero; NaN is not.

    Example:
        >>> import bafe.xp as xp
        >>> xp.count_nonzero(xp.asarray([1, 0, 2]))
        Array(2, dtype=int64)
    """
    check_kind("count_nonzero", ANY, x)
    axes = axes_of("count_nonzero", x, axis)
    return run(parametrised(_count, axes=axes, keepdims=bool(keepdims)), x)


def nonzero(x: Any, /) -> tuple[Array, ...]:
    """Indices of the elements that are not zero, one array an axis; computed by NumPy.

    Example:
        >>> import bafe.xp as xp
        >>> xp.nonzero(xp.asarray([1, 0, 2]))
        (Array([0, 2], dtype=int64),)
    """
    check_kind("nonzero", ANY, x)
    if x.ndim == 0:
        raise _core.ShapeError(
            f"{_place()}nonzero: an array without axes has no indices\n  fix: use x != 0"
        )
    return host("nonzero", np.nonzero, x)


def searchsorted(x1: Any, x2: Any, /, *, side: str = "left", sorter: Any = None) -> Array:
    """Places in the sorted ``x1`` where the elements of ``x2`` go; computed by NumPy.

    Args:
        x1: one axis, ascending, or ascending when taken in the order of ``sorter``.
        x2: what to place.
        side: ``left`` of equal elements or ``right``.
        sorter: indices that sort ``x1``.

    Example:
        >>> import bafe.xp as xp
        >>> xp.searchsorted(xp.asarray([1, 3, 5]), xp.asarray([3, 4]))
        Array([1, 2], dtype=int64)
    """
    check_kind("searchsorted", NUMERIC, x1)
    check_kind("searchsorted", NUMERIC, x2)
    if side not in ("left", "right"):
        raise _core.TraceError(
            f'{_place()}searchsorted: side {side!r} is unknown\n  fix: use "left" or "right"'
        )
    promote("searchsorted", [x1.dtype, x2.dtype])
    where_equal: Any = side
    if sorter is None:
        return host("searchsorted", lambda a, v: np.searchsorted(a, v, where_equal), x1, x2)
    check_kind("searchsorted", INTEGER, sorter)
    return host(
        "searchsorted", lambda a, v, i: np.searchsorted(a, v, where_equal, i), x1, x2, sorter
    )
