"""Creation: arrays from values, memory and rules. While tracing they give tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from bafe import _core
from bafe import surface as s
from bafe import tracer as _t
from bafe.array_methods import ArrayMethods
from bafe.tracer import _indices, _place
from bafe.xp.array_object import Array, check_device, eager_value, wrap
from bafe.xp.data_types import (
    bool_,
    checked,
    float64,
    int64,
    is_scalar,
    refuse,
)
from bafe.xp.eager import is_traced, move, run


def _default(value: Any, dtype: Any, what: str) -> np.dtype:
    """The dtype asked for, else the default of a Python number's kind."""
    if dtype is not None:
        return checked(what, dtype)
    if isinstance(value, bool):
        return bool_
    if isinstance(value, complex) or not is_scalar(value):
        raise refuse(what, f"{value!r} is no real number", "give a bool, an int or a float")
    return int64 if isinstance(value, int) else float64


def _sizes(what: str, shape: Any) -> tuple[int, ...]:
    sizes = _indices(what, "shape", shape)
    if any(size < 0 for size in sizes):
        raise _core.ShapeError(
            f"{_place()}{what}: {shape!r} is no shape\n  fix: give sizes of at least 0"
        )
    return sizes


def asarray(obj: Any, /, *, dtype: Any = None, device: Any = None, copy: bool | None = None) -> Any:
    """Make an array of numbers, nested sequences, or an array.

    Args:
        obj: Python numbers, nested lists and tuples of them, arrays, buffers.
        dtype: the dtype to have; by default that of the array, else bool, int64 or float64 by the
            kind of the numbers.
        device: None or ``"cpu"``.
        copy: True always copies, False never does (ValueError when it would have to), None copies
            when it must: an array of NumPy or of ``bafe.xp`` shares its memory.

    Raises:
        DTypeError: complex numbers, objects, strings.
        ShapeError: the nested sequences are ragged.

    Example:
        >>> import bafe.xp as xp
        >>> xp.asarray([[1, 2], [3, 4]])
        Array([[1, 2],
               [3, 4]], dtype=int64)
    """
    check_device("asarray", device)
    wanted = None if dtype is None else checked("asarray", dtype)
    if isinstance(obj, ArrayMethods) or (type(obj) is Array and is_traced(obj)):
        if wanted not in (None, obj.dtype):
            return run(lambda x: x.astype(wanted), obj)
        return run(lambda x: x._copied(), obj) if copy else obj
    value = _as_ndarray(obj, wanted)
    if not isinstance(obj, (Array, np.ndarray)) and copy is False:
        if not np.shares_memory(value, np.asarray(obj)):
            raise ValueError(
                f"{_place()}asarray: a {type(obj).__name__} cannot be used without a copy\n"
                "  fix: leave copy out"
            )
    source = checked("asarray", value.dtype)
    target = wanted or source
    if copy is False and target != value.dtype:
        raise ValueError(
            f"{_place()}asarray: {value.dtype} becomes {target} by a copy only\n"
            "  fix: leave copy or dtype out"
        )
    with np.errstate(all="ignore"):
        value = np.array(value, target) if copy else np.asarray(value, target)
    if _t._state.tracer is not None and not isinstance(obj, Array):
        return s.constant(value)._here()
    return wrap(value)


def _as_ndarray(obj: Any, dtype: np.dtype | None) -> np.ndarray:
    if type(obj) is Array:
        return obj.numpy()
    if isinstance(obj, np.ndarray) and type(obj) is not np.ndarray:
        if type(obj).__name__ in ("MaskedArray", "matrix"):
            raise refuse(
                "asarray",
                f"a {type(obj).__name__} has arithmetic of its own",
                "give numpy.asarray(x), or x.filled(value)",
            )
    if isinstance(obj, (list, tuple)):
        obj = _plain(obj)
    try:
        if dtype is not None and not isinstance(obj, np.ndarray):
            with np.errstate(all="ignore"):
                return np.asarray(obj, dtype)
        return np.asarray(obj)
    except OverflowError:
        raise OverflowError(
            f"{_place()}asarray: a Python integer is out of range for {dtype or 'int64'}\n"
            "  fix: use a wider dtype"
        ) from None
    except (ValueError, TypeError) as error:
        kind = _core.ShapeError if "inhomogeneous" in str(error) else _core.DTypeError
        fact = "the nested sequences have unequal lengths" if kind is _core.ShapeError else error
        raise kind(
            f"{_place()}asarray: {fact}\n  fix: give numbers in lists of equal length"
        ) from None


def _plain(values: Any) -> Any:
    """Nested sequences with the memory of arrays in place of arrays."""
    if isinstance(values, (list, tuple)):
        return [_plain(one) for one in values]
    if type(values) is Array or isinstance(values, ArrayMethods):
        return eager_value(values, "asarray")
    return values


def full(shape: Any, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Any:
    """One value everywhere.

    Example:
        >>> import bafe.xp as xp
        >>> xp.full(2, 3.0)
        Array([3., 3.], dtype=float64)
    """
    check_device("full", device)
    sizes, kind = _sizes("full", shape), _default(fill_value, dtype, "full")
    if _t._state.tracer is not None:
        return s.full(sizes, fill_value, kind)
    return wrap(np.full(sizes, fill_value, kind))


def zeros(shape: Any, *, dtype: Any = None, device: Any = None) -> Any:
    """Zeros, float64 unless a dtype is given."""
    check_device("zeros", device)
    return full(shape, 0, dtype=dtype or float64)


def ones(shape: Any, *, dtype: Any = None, device: Any = None) -> Any:
    """Ones, float64 unless a dtype is given."""
    check_device("ones", device)
    return full(shape, 1, dtype=dtype or float64)


def empty(shape: Any, *, dtype: Any = None, device: Any = None) -> Any:
    """Memory that nobody has written to; zeros while tracing."""
    check_device("empty", device)
    if _t._state.tracer is not None:
        return zeros(shape, dtype=dtype)
    return wrap(np.empty(_sizes("empty", shape), checked("empty", dtype or float64)))


def full_like(x: Any, /, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Any:
    """One value everywhere, with the shape and dtype of ``x``."""
    return full(x.shape, fill_value, dtype=dtype or x.dtype, device=device)


def zeros_like(x: Any, /, *, dtype: Any = None, device: Any = None) -> Any:
    """Zeros with the shape and dtype of ``x``."""
    return full(x.shape, 0, dtype=dtype or x.dtype, device=device)


def ones_like(x: Any, /, *, dtype: Any = None, device: Any = None) -> Any:
    """Ones with the shape and dtype of ``x``."""
    return full(x.shape, 1, dtype=dtype or x.dtype, device=device)


def empty_like(x: Any, /, *, dtype: Any = None, device: Any = None) -> Any:
    """Memory that nobody has written to, with the shape and dtype of ``x``."""
    return empty(x.shape, dtype=dtype or x.dtype, device=device)


def _constant(value: np.ndarray) -> Any:
    """An array; while tracing a constant of the program."""
    return wrap(value) if _t._state.tracer is None else s.constant(value)._here()


def arange(
    start: Any,
    /,
    stop: Any = None,
    step: Any = 1,
    *,
    dtype: Any = None,
    device: Any = None,
) -> Any:
    """Numbers from ``start`` up to ``stop``, which is left out, ``step`` apart.

    Example:
        >>> import bafe.xp as xp
        >>> xp.arange(1, 7, 2)
        Array([1, 3, 5], dtype=int64)
    """
    check_device("arange", device)
    first, end = (0, start) if stop is None else (start, stop)
    if step == 0:
        raise _core.ShapeError(f"{_place()}arange: the step is 0\n  fix: give another step")
    whole = all(isinstance(one, int) for one in (first, end, step))
    kind = checked("arange", dtype) if dtype is not None else int64 if whole else float64
    count = (
        max(0, -((first - end) // step)) if whole else max(0, int(np.ceil((end - first) / step)))
    )
    if whole:
        return _constant(np.arange(first, first + count * step, step, dtype=kind)[:count])
    return _constant((first + np.arange(count) * step).astype(kind))


def linspace(
    start: Any,
    stop: Any,
    /,
    num: int,
    *,
    dtype: Any = None,
    device: Any = None,
    endpoint: bool = True,
) -> Any:
    """``num`` numbers at equal distances from ``start`` to ``stop``.

    Example:
        >>> import bafe.xp as xp
        >>> xp.linspace(0, 1, 3)
        Array([0. , 0.5, 1. ], dtype=float64)
    """
    check_device("linspace", device)
    kind = checked("linspace", dtype or float64)
    with np.errstate(all="ignore"):
        return _constant(np.linspace(start, stop, num, endpoint=endpoint, dtype=kind))


def eye(
    n_rows: int,
    n_cols: int | None = None,
    /,
    *,
    k: int = 0,
    dtype: Any = None,
    device: Any = None,
) -> Any:
    """A matrix with ones on its k-th diagonal.

    Example:
        >>> import bafe.xp as xp
        >>> xp.eye(2)
        Array([[1., 0.],
               [0., 1.]], dtype=float64)
    """
    check_device("eye", device)
    return _constant(np.eye(n_rows, n_cols, k, checked("eye", dtype or float64)))


def tril(x: Any, /, *, k: int = 0) -> Any:
    """Lower triangles of matrices; the rest is zero."""
    return move("tril", lambda a: np.tril(a, k), lambda a: s.tril(a, k), x)


def triu(x: Any, /, *, k: int = 0) -> Any:
    """Upper triangles of matrices; the rest is zero."""
    return move("triu", lambda a: np.triu(a, k), lambda a: s.triu(a, k), x)


def meshgrid(*arrays: Any, indexing: str = "xy") -> list[Any]:
    """Coordinates of a grid from those of its axes, as a list of arrays of equal shape.

    Example:
        >>> import bafe.xp as xp
        >>> [a.shape for a in xp.meshgrid(xp.asarray([1, 2]), xp.asarray([3, 4, 5]))]
        [(3, 2), (3, 2)]
    """
    if indexing not in ("xy", "ij"):
        raise _core.TraceError(
            f'{_place()}meshgrid: indexing {indexing!r} is unknown\n  fix: use "xy" or "ij"'
        )
    from bafe.xp.data_types import promote
    from bafe.xp.manipulation import broadcast_to, permute_dims, reshape

    if arrays:
        promote("meshgrid", [x.dtype for x in arrays])
    rank = len(arrays)
    sizes = tuple(x.size for x in arrays)
    out = []
    for at, x in enumerate(arrays):
        line = reshape(x, tuple(-1 if axis == at else 1 for axis in range(rank)))
        grid = broadcast_to(line, sizes)
        if indexing == "xy" and rank > 1:
            grid = permute_dims(grid, (1, 0, *range(2, rank)))
        out.append(grid if is_traced(x) else wrap(grid._data.copy()))
    return out
