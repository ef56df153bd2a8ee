"""Utility: tests over all elements, and differences of neighbours."""

from __future__ import annotations

from typing import Any

from bafe.tracer import _reduce
from bafe.xp.data_types import ANY, check_kind, promote
from bafe.xp.eager import parametrised, run
from bafe.xp.elementwise import not_equal, subtract
from bafe.xp.manipulation import axis_in, concat
from bafe.xp.statistics import axes_of


def _tested(x: Any, axes: tuple[int, ...], keepdims: bool, wanted: bool) -> Any:
    """Whether all (or any) elements are not zero. Counted, so that nothing at all is fine."""
    is_set = x.astype("bool")
    if not axes:
        return is_set
    if 0 not in x.shape:
        return _reduce("reduce_min" if wanted else "reduce_max", is_set, axes, keepdims)
    hits = ~is_set if wanted else is_set
    count = _reduce("reduce_sum", hits.astype("int64"), axes, keepdims)
    return count == 0 if wanted else count != 0


def all(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """Whether all elements over the axes are not zero; true of none.

    Example:
        >>> import bafe.xp as xp
        >>> xp.all(xp.asarray([True, False]))
        Array(False, dtype=bool)
    """
    check_kind("all", ANY, x)
    how: dict[str, Any] = {"axes": axes_of("all", x, axis), "keepdims": bool(keepdims)}
    return run(parametrised(_tested, **how, wanted=True), x)


def any(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """Whether any element over the axes is not zero; false of none.

    Example:
        >>> import bafe.xp as xp
        >>> xp.any(xp.asarray([True, False]))
        Array(True, dtype=bool)
    """
    check_kind("any", ANY, x)
    how: dict[str, Any] = {"axes": axes_of("any", x, axis), "keepdims": bool(keepdims)}
    return run(parametrised(_tested, **how, wanted=False), x)


def diff(x: Any, /, *, axis: int = -1, n: int = 1, prepend: Any = None, append: Any = None) -> Any:
    """Differences of neighbours along an axis, ``n`` times over.

    Example:
        >>> import bafe.xp as xp
        >>> xp.diff(xp.asarray([1, 4, 9]))
        Array([3, 5], dtype=int64)
    """
    check_kind("diff", ANY, x)
    at = axis_in("diff", axis, x.ndim)
    parts = [one for one in (prepend, x, append) if one is not None]
    if len(parts) > 1:
        promote("diff", [one.dtype for one in parts])
        x = concat(parts, axis=at)
    front = (slice(None),) * at
    for _ in range(n):
        above, below = x[front + (slice(1, None),)], x[front + (slice(None, -1),)]
        x = not_equal(above, below) if x.dtype.kind == "b" else subtract(above, below)
    return x
