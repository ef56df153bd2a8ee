"""Square brackets on tensors: integers, slices, Ellipsis, None, and one integer array."""

from __future__ import annotations

from typing import Any

import numpy as np

from bafe import _core
from bafe.array_methods import ArrayMethods
from bafe.tracer import Constant, _call, _place


def _error(fact: str, fix: str) -> Exception:
    return _core.ShapeError(f"{_place()}index: {fact}\n  fix: {fix}")


def _is_array_index(item: Any) -> bool:
    if isinstance(item, Constant):
        return True
    return isinstance(item, (ArrayMethods, np.ndarray, list)) and not isinstance(
        item, (int, np.integer)
    )


def _expanded(key: Any, rank: int) -> list[Any]:
    """Replace Ellipsis and add the trailing full slices."""
    items = list(key) if isinstance(key, tuple) else [key]
    dots = sum(item is Ellipsis for item in items)
    if dots > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    consumed = sum(item is not None and item is not Ellipsis for item in items)
    if consumed > rank:
        raise _error(f"{consumed} indices for {rank} axes", "use one index an axis")
    fill = [slice(None)] * (rank - consumed)
    if not dots:
        return items + fill
    at = next(i for i, item in enumerate(items) if item is Ellipsis)
    return items[:at] + fill + items[at + 1 :]


def _resolve(item: Any, axis: int, size: int) -> tuple[int, int, int, bool]:
    """Give start, size, step and whether the axis disappears."""
    if isinstance(item, slice):
        start, stop, step = item.indices(size)
        return start, len(range(start, stop, step)), step, False
    if isinstance(item, (int, np.integer)) and not isinstance(item, (bool, np.bool_)):
        index = int(item)
        if not -size <= index < size:
            raise _error(f"{index} is out of range for axis {axis} of size {size}", "stay inside")
        return index % size if size else 0, 1, 1, True
    raise _error(
        f"a {type(item).__name__} cannot index a tensor",
        "use integers, slices, None, Ellipsis or one integer array; bafe.where for masks",
    )


def _take(x: ArrayMethods, items: list[Any]) -> Any:
    """One integer array among full slices: take along its axis."""
    arrays = [i for i, item in enumerate(items) if _is_array_index(item)]
    others = [item for i, item in enumerate(items) if i not in arrays]
    if len(arrays) > 1 or any(o != slice(None) for o in others):
        raise _error("only one index array beside full slices", "index in two steps")
    axis = arrays[0]
    index = items[axis]
    kind = index.dtype.kind if hasattr(index, "dtype") else np.asarray(index).dtype.kind
    if kind == "b":
        raise _error(
            "a boolean mask gives a result whose size depends on values",
            "use bafe.where(mask, x, 0) and reduce, or index outside the function",
        )
    if isinstance(index, list):
        index = np.asarray(index)
    return _call("take", (x, index), (axis,))


def getitem(x: ArrayMethods, key: Any) -> Any:
    """Index a tensor as NumPy would.

    Args:
        x: the tensor.
        key: integers, slices, None, Ellipsis, or one integer array.

    Raises:
        ShapeError: an index is out of range or of a kind that cannot be traced.

    Example:
        >>> import bafe, numpy as np
        >>> bafe.jit(lambda x: x[1:, None, -1])(np.arange(6).reshape(2, 3))
        array([[5]])
    """
    items = _expanded(key, x.ndim)
    if any(_is_array_index(item) for item in items):
        return _take(x, items)
    out = _basic(x, items)
    dots = key is Ellipsis or (isinstance(key, tuple) and any(k is Ellipsis for k in key))
    return out if out.shape or dots or not hasattr(out, "tracer") else _number(out)


def _number(x: Any) -> Any:
    """One element: NumPy gives a number of its own, no view."""
    return x.tracer.tensor(x._index)


def _basic(x: ArrayMethods, items: list[Any]) -> Any:
    """Integers, slices and None: a view."""
    shape = x.shape
    start, size, step, gone, new = [], [], [], [], []
    axis = place = 0
    for item in items:
        if item is None:
            new.append(place)
            place += 1
            continue
        first, count, stride, drop = _resolve(item, axis, shape[axis])
        start.append(first)
        size.append(count)
        step.append(stride)
        if drop:
            gone.append(axis)
        else:
            place += 1
        axis += 1
    is_whole = tuple(size) == tuple(shape) and all(s == 1 for s in step)
    out: Any = x if is_whole else x._step("slice", tuple(start), tuple(size), tuple(step))
    if gone:
        out = out._step("squeeze", tuple(gone))
    if new:
        out = out._step("expand_dims", tuple(new))
    return out


def setitem(x: Any, key: Any, value: Any) -> None:
    """Write into a part of a tensor: of its memory, so that every view of it sees the value.

    Args:
        x: the tensor.
        key: integers, slices, None and Ellipsis, a boolean mask, or integer arrays.
        value: broadcast and converted as NumPy does.

    Raises:
        ShapeError: the value does not fit, or an index is out of range.
        TraceError: the place depends on values.
    """
    items = _expanded(key, x.ndim)
    if any(_is_array_index(item) for item in items):
        from bafe.scatter import write_at

        write_at(x, items, value)
        return
    _basic(x, items)._write(value)
