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
    if items and _is_array_index(items[0]) and not isinstance(items[0], list):
        deep = max(items[0].ndim, 1) if items[0].dtype.kind == "b" else 1
        rank -= deep - 1
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
    """Index arrays: what the slices and integers leave, then one take, or one a further array."""
    from bafe.scatter import is_mask, select

    arrays = [i for i, item in enumerate(items) if _is_array_index(item)]
    if is_mask(items[arrays[0]]):
        if len(items) > 1 and any(i is None or i != slice(None) for i in items[1:]):
            raise _error("a mask beside other indices", "index in two steps")
        return select(x, items[arrays[0]])
    if any(is_mask(items[i]) for i in arrays):
        raise _error("a mask beside other indices", "index in two steps")
    if len(arrays) == 1:
        at = arrays[0]
        integers = [i for i, item in enumerate(items) if isinstance(item, (int, np.integer))]
        part = _basic(x, [slice(None) if i == at else item for i, item in enumerate(items)])
        axis = sum(item is None or isinstance(item, slice) for item in items[:at])
        if integers and any(
            not isinstance(items[i], (int, np.integer))
            for i in range(min(at, *integers), max(at, *integers) + 1)
            if i != at
        ):
            raise _error("an integer and an index array with slices between", "index in two steps")
        return _unordered(_call("take", (part, _integers(items[at])), (axis,)), axis > 0)
    if arrays != list(range(arrays[0], arrays[0] + len(arrays))) or len(arrays) > 2:
        raise _error("only two index arrays side by side", "index in two steps")
    return _take_pair(x, items, arrays[0])


def _integers(index: Any) -> Any:
    if isinstance(index, (ArrayMethods, Constant)):
        return index
    found = np.asarray(index)
    return found if found.size else found.astype(np.int64)


def _take_pair(x: ArrayMethods, items: list[Any], first: int) -> Any:
    """``x[i, j]``: rows by i, then of each row the one element that j names."""
    rest = [slice(None) if _is_array_index(item) else item for item in items]
    if any(item is None or isinstance(item, (int, np.integer)) for item in rest):
        raise _error("two index arrays beside other indices than slices", "index in two steps")
    part = _basic(x, rest)
    i, j = np.broadcast_arrays(*(as_index(items[first + k]) for k in range(2)))
    count = int(np.prod(i.shape, dtype=np.int64))
    rows = _call("take", (part, i.reshape((count,))), (first,))
    wide = (1,) * first + (count, 1) + (1,) * (part.ndim - first - 2)
    shape = part.shape[:first] + (count, 1) + part.shape[first + 2 :]
    index = np.broadcast_to(j.reshape(wide), shape)
    found = _call("gather", (rows, index), (first + 1,))
    found = found.reshape(part.shape[:first] + tuple(i.shape) + part.shape[first + 2 :])
    return _unordered(found, first > 0)


def _unordered(x: Any, is_so: bool) -> Any:
    """NumPy stores what an index array picks from a later axis in another order than by rows."""
    if is_so and hasattr(x, "_strides") and x.ndim > 1:
        x._strides = None
    return x


def as_index(item: Any) -> Any:
    """An index array as a tensor."""
    from bafe.numpy_protocol import as_tensor

    return as_tensor(_integers(item))


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
