"""Writing where masks and index arrays say, and selections by a mask whose shape stays static."""

from __future__ import annotations

from typing import Any

import numpy as np

from bafe import _core
from bafe import surface as s
from bafe.numpy_protocol import as_tensor
from bafe.tracer import _place

_MOST_PAIRS = 1 << 22  # places times indices that are compared


def is_mask(item: Any) -> bool:
    """Whether an index is a boolean array."""
    dtype = getattr(item, "dtype", None)
    return (np.asarray(item).dtype if dtype is None else dtype).kind == "b"


class Selection:
    """``x[mask]``: how many elements it has depends on values, so it only meets numbers and
    selections by the same mask, is summed up, or is written where the same mask says."""

    __array_ufunc__ = None  # arrays leave operators to this class

    def __init__(self, x: Any, mask: Any) -> None:
        self.whole, self.mask = x, mask

    def _no_size(self, what: str) -> Exception:
        return _core.TraceError(
            f"{_place()}trace: {what} of x[mask] depends on how many elements the mask has\n"
            "  fix: keep the shape with np.where(mask, x, 0), index outside the jitted function, "
            "or make the mask a Python value with static_argnames"
        )

    def _other(self, other: Any) -> Any:
        if isinstance(other, Selection):
            if other.mask is not self.mask and other.mask._index != self.mask._index:
                raise self._no_size("an operation with another mask")
            return other.whole
        if np.ndim(other) == 0:
            return other
        raise self._no_size("an operation with an array")

    def _with(self, function: Any, *others: Any) -> Selection:
        return Selection(function(self.whole, *map(self._other, others)), self.mask)

    def __getattr__(self, name: str) -> Any:
        raise self._no_size(f".{name}")

    def __len__(self) -> int:
        raise self._no_size("the length")

    def __getitem__(self, key: Any) -> Any:
        raise self._no_size("an element")

    def __bool__(self) -> bool:
        raise self._no_size("the truth")

    def __neg__(self) -> Selection:
        return self._with(np.negative)

    def __abs__(self) -> Selection:
        return self._with(np.abs)

    def astype(self, dtype: Any) -> Selection:
        """Convert the elements."""
        return Selection(self.whole.astype(dtype), self.mask)

    def sum(self) -> Any:
        """Sum of the selected elements."""
        return self.whole.sum(where=self.mask)

    def prod(self) -> Any:
        """Product of the selected elements."""
        return self.whole.prod(where=self.mask)

    def mean(self) -> Any:
        """Mean of the selected elements."""
        return np.mean(self.whole, where=self.mask)

    def any(self) -> Any:
        """Whether any selected element is not zero."""
        return np.any(self.whole, where=self.mask)

    def all(self) -> Any:
        """Whether all selected elements are not zero."""
        return np.all(self.whole, where=self.mask)


def _operator(ufunc: Any, reflected: bool) -> Any:
    def method(self: Selection, other: Any) -> Selection:
        if reflected:
            return self._with(lambda a, b: ufunc(b, a), other)
        return self._with(ufunc, other)

    return method


for _name, _ufunc in (
    *(("add", np.add), ("sub", np.subtract), ("mul", np.multiply), ("truediv", np.true_divide)),
    *(("floordiv", np.floor_divide), ("mod", np.remainder), ("pow", np.power)),
    *(("and", np.bitwise_and), ("or", np.bitwise_or), ("xor", np.bitwise_xor)),
):
    setattr(Selection, f"__{_name}__", _operator(_ufunc, False))
    setattr(Selection, f"__r{_name}__", _operator(_ufunc, True))


def _spread(mask: Any, x: Any) -> Any:
    """A mask over the first axes as one over all."""
    m = as_tensor(mask)
    if m.shape != x.shape[: m.ndim]:
        raise _core.ShapeError(
            f"{_place()}index: a mask of shape {list(m.shape)} does not fit {list(x.shape)}\n"
            "  fix: give a mask of the array's first axes"
        )
    return np.broadcast_to(m.reshape(m.shape + (1,) * (x.ndim - m.ndim)), x.shape)


def select(x: Any, mask: Any) -> Selection:
    """``x[mask]`` for a mask of all axes of ``x``."""
    m = as_tensor(mask)
    _spread(m, x)
    if m.ndim != x.ndim:
        raise _core.ShapeError(
            f"{_place()}index: a boolean mask gives a result whose size depends on values\n"
            "  fix: use bafe.where(mask, x, 0) and reduce, or index outside the function"
        )
    if hasattr(x, "_write"):  # as it is now: a later write is not seen
        x = x.tracer.tensor(x._index, x._is_row())
        m = m.tracer.tensor(m._index, m._is_row())
    return Selection(x, m)


def _write_masked(x: Any, mask: Any, value: Any) -> None:
    wide = _spread(mask, x)
    if isinstance(value, Selection):
        same = value.mask is mask or value.mask._index == as_tensor(mask)._index
        if not same or value.whole.shape != x.shape:
            raise value._no_size("a write by another mask")
        value = value.whole
    else:
        rank = as_tensor(mask).ndim
        shape = np.shape(value) if not hasattr(value, "shape") else value.shape
        if len(shape) > x.ndim - rank and any(n != 1 for n in shape[: len(shape) - x.ndim + rank]):
            raise Selection(x, mask)._no_size("a write of an array")
    value = as_tensor(value) if hasattr(value, "shape") else _typed(x, value)
    x._write(np.where(wide, value, x))


def _typed(x: Any, value: Any) -> Any:
    """A Python number as NumPy stores it in an array of x's dtype."""
    given = np.asarray(value)
    return as_tensor(s.constant(given.astype(x.dtype))) if given.ndim == 0 else as_tensor(value)


def write_at(x: Any, items: list[Any], value: Any) -> None:
    """``x[key] = value`` for keys with a mask or index arrays."""
    arrays = [i for i, item in enumerate(items) if not isinstance(item, (slice, type(None)))]
    special = [i for i in arrays if np.ndim(items[i]) or hasattr(items[i], "_dtype")]
    if len(special) == 1 and is_mask(items[special[0]]):
        rest = [item for i, item in enumerate(items) if i != special[0]]
        if special[0] == 0 and all(item == slice(None) for item in rest):
            _write_masked(x, items[0], value)
            return
    raise_or_scatter(x, items, special, value)


def _one_axis(x: Any, items: list[Any], special: list[int]) -> tuple[Any, int]:
    """The part of x beside one index array, and its axis there."""
    from bafe.indexing import _basic

    if len(special) != 1 or is_mask(items[special[0]]):
        raise _core.TraceError(
            f"{_place()}index: a write by several index arrays cannot be traced\n"
            "  fix: write by one index array beside slices, or with np.where"
        )
    at = special[0]
    part = _basic(x, [slice(None) if i == at else item for i, item in enumerate(items)])
    axis = sum(1 for i, item in enumerate(items[:at]) if item is None or isinstance(item, slice))
    return part, axis


def _hits(index: Any, size: int) -> tuple[Any, Any]:
    """(index from 0, [size, indices] table of who writes where)."""
    flat = as_tensor(index).ravel()
    if flat.size * size > _MOST_PAIRS:
        raise _core.TraceError(
            f"{_place()}index: a write of {flat.size} indices into {size} places is too large to "
            "trace\n  fix: write outside the jitted function"
        )
    flat = np.where(flat < 0, flat + size, flat)
    return flat, flat[None, :] == as_tensor(s.iota((size, 1), 0))


def raise_or_scatter(x: Any, items: list[Any], special: list[int], value: Any) -> None:
    """The last of several writes to one place wins, as in NumPy."""
    part, axis = _one_axis(x, items, special)
    index = items[special[0]]
    index = index if hasattr(index, "_dtype") else np.asarray(index)
    size = part.shape[axis]
    flat, hits = _hits(index, size)
    count = flat.size
    if not count:
        return
    shape = part.shape[:axis] + tuple(np.shape(index)) + part.shape[axis + 1 :]
    given = as_tensor(value) if hasattr(value, "shape") else _typed(x, value)
    given = np.broadcast_to(given, shape).astype(part.dtype)
    given = given.reshape(part.shape[:axis] + (count,) + part.shape[axis + 1 :])
    order = as_tensor(s.iota((1, count), 1)) + 1
    last = np.where(hits, order, 0).max(axis=1)
    source = s.take(given, _checked(np.maximum(last - 1, 0), flat, size), axis)
    wide = (1,) * axis + (size,) + (1,) * (part.ndim - axis - 1)
    part._write(np.where((last > 0).reshape(wide), source, part))


def _checked(positions: Any, flat: Any, size: int) -> Any:
    """The positions, with an error at run time if an index is out of range: ``take`` finds it."""
    table = s.take(as_tensor(s.iota((size,), 0)), flat, 0)
    return positions + 0 * table.max()


def update_at(name: str, x: Any, index: Any, value: Any = None) -> None:
    """``np.add.at``: every index counts, also where several are equal."""
    if name not in ("add", "subtract") or not hasattr(x, "_write"):
        raise _core.TraceError(
            f"{_place()}numpy.{name}.at: BAFE cannot trace this\n"
            "  fix: use np.add.at into an array of the traced function, or a loop"
        )
    from bafe.indexing import _expanded

    items = _expanded(index, x.ndim)
    special = [i for i, item in enumerate(items) if np.ndim(item) or hasattr(item, "_dtype")]
    part, axis = _one_axis(x, items, special)
    index = items[special[0]]
    index = index if hasattr(index, "_dtype") else np.asarray(index)
    flat, hits = _hits(index, part.shape[axis])
    given = np.broadcast_to(
        as_tensor(value), part.shape[:axis] + tuple(np.shape(index)) + part.shape[axis + 1 :]
    )
    given = given.reshape(part.shape[:axis] + (flat.size,) + part.shape[axis + 1 :])
    given = np.moveaxis(given.astype(part.dtype), axis, 0).reshape((flat.size, -1))
    hits = hits & (
        _checked(as_tensor(s.iota((part.shape[axis], 1), 0)), flat, part.shape[axis]) >= 0
    )
    total = hits.astype(part.dtype) @ given
    moved = np.moveaxis(part, axis, 0)
    total = np.moveaxis(total.reshape(moved.shape), 0, axis)
    part._write(part + total if name == "add" else part - total)
